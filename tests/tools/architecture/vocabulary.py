"""The vocabulary rules: words that identifiers, docstrings and comments do not use."""

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator

from tests.tools.architecture.source import Module

# Everyday words that hide which OAuth or HTTP operation is meant. Use validate, verify, check,
# authenticate, authorize, reject, send, introspect, cache or store instead.
_BANNED_IN_BOTH = {
    *("answer", "answered", "answering", "answers"),
    *("tell", "telling", "tells", "told"),
    *("judge", "judged", "judges", "judging"),
    *("stand", "standing", "stands", "stood"),
    *("teach", "teaches", "teaching", "taught"),
    *("vouch", "vouched", "vouches", "vouching"),
    *("admission", "admissions", "anew", "beforehand", "ill", "nobody", "odd", "usual"),
    *("whoever", "whom"),
}
BANNED_IN_IDENTIFIERS = _BANNED_IN_BOTH | {
    *("ask", "asked", "asking", "asks"),
    *("held", "hold", "holding", "holds"),
    *("recall", "recalled", "recalling", "recalls"),
    *("enough", "flight", "flights", "quick", "quickly", "word", "words"),
}
BANNED_IN_PROSE = _BANNED_IN_BOTH | {"at once", "held to", "hold to"}

# "Single flight" is the established name of the technique.
_TERM_OF_ART = re.compile(r"single_?flight", re.IGNORECASE)
_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PROSE = re.compile(
    r"\b(" + "|".join(sorted(BANNED_IN_PROSE)).replace(" ", r"\s+") + r")\b", re.IGNORECASE
)


def identifiers_are_technical(module: Module) -> Iterator[str]:
    """No banned word is part of the name of a module, class, function, parameter or variable."""
    for name in module.name.split("."):
        if part := _banned_part(name):
            yield module.complain(1, f"the module name {name} contains {part!r}: rename it")
    for line, name in identifiers(module.tree):
        if part := _banned_part(name):
            yield module.complain(line, f"the name {name} contains {part!r}: rename it")


def prose_is_technical(module: Module) -> Iterator[str]:
    """No banned word occurs in a docstring or comment."""
    for line, text in (*docstrings(module.tree), *_comments(module.text)):
        for found in _PROSE.finditer(text):
            yield module.complain(line, f"{found[0]!r} is ambiguous: use the technical term")


def names_of_tests_are_descriptive(module: Module) -> Iterator[str]:
    """The name of a test contains no banned word, and does not call its subject `it`."""
    for line, name in identifiers(module.tree):
        if name.startswith("test_"):
            if part := _banned_part(name):
                yield module.complain(line, f"{name} contains {part!r}: rename it")
            if name.startswith("test_it_"):
                yield module.complain(line, f"{name} does not name its subject: rename it")


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each name that is defined or assigned, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case _:
                pass


def docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each docstring, those below an attribute included, with its first line."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
            case _:
                pass


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _banned_part(name: str, banned: Collection[str] = BANNED_IN_IDENTIFIERS) -> str | None:
    parts = (part.lower() for part in _NAME_PART.findall(_TERM_OF_ART.sub("", name)))
    return next((part for part in parts if part in banned), None)
