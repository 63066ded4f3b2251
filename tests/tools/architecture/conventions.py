"""Conventions: where errors, challenge headers and clocks may occur, and how types are imported."""

import ast
import builtins
import re
from collections.abc import Iterator

from tests.tools.architecture.layers import KIT, package_of
from tests.tools.architecture.source import Module

ERRORS = "oauth_guard.errors"
CHALLENGE = "oauth_guard.protocol.challenge"
CLOCKS = {
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
    "datetime.date.today",
}
_TEST_NAME = re.compile(r"pytest|overrid|(\b|_)testing\b", re.IGNORECASE)
_NOT_OURS = {"dependency_overrides_provider"}  # FastAPI's, which is skipped when it is read
OTHER_NAMES_FOR_NOW = {"at", "current_time", "time", "timestamp", "today", "when"}


def errors_are_defined_in_one_file(module: Module) -> Iterator[str]:
    """Every exception class of the library is defined in errors.py."""
    if module.name == ERRORS:
        return
    ours = {each.target for each in module.imports if each.target.startswith(f"{ERRORS}.")}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and any(_is_error(base, ours) for base in node.bases):
            yield module.complain(node.lineno, f"move {node.name} to errors.py")


def _is_error(base: ast.expr, ours: set[str]) -> bool:
    name = ast.unparse(base).rpartition(".")[2]
    known = getattr(builtins, name, None)
    built_in = isinstance(known, type) and issubclass(known, BaseException)
    return built_in or f"{ERRORS}.{name}" in ours or name.endswith(("Error", "Exception"))


def challenges_are_written_in_one_file(module: Module) -> Iterator[str]:
    """Only protocol/challenge.py contains the name of the challenge header."""
    if module.name == CHALLENGE or package_of(module.name) == KIT:
        return
    for number, line in enumerate(module.text.splitlines(), 1):
        if "www-authenticate" in line.lower():
            yield module.complain(number, "only protocol/challenge.py may name this header")


def time_is_an_argument(module: Module) -> Iterator[str]:
    """A clock is used only as the default of a parameter; no other code reads the time."""
    origins = {each.bound: each.target for each in module.imports}
    defaults = set(map(id, _defaults(module.tree)))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in defaults:
            first, _, rest = ast.unparse(node).partition(".")
            name = f"{origins.get(first, first)}.{rest}".rstrip(".")
            if name in CLOCKS:
                yield module.complain(node.lineno, f"take {name} as a parameter, or `now`")
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("loop.time"):
            yield module.complain(node.lineno, "take the loop's time as a parameter, or `now`")


def time_is_called_now(module: Module) -> Iterator[str]:
    """A parameter that holds the current time is called `now`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.arg) and node.arg in OTHER_NAMES_FOR_NOW:
            yield module.complain(node.lineno, f"call the argument {node.arg} `now`")


def types_are_imported_unconditionally(module: Module) -> Iterator[str]:
    """An import that only types use is an ordinary import."""
    for each in module.imports:
        if each.target.endswith(".TYPE_CHECKING"):
            yield module.complain(each.line, "import it without TYPE_CHECKING")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING":
            yield module.complain(node.lineno, "import it without TYPE_CHECKING")


def library_does_not_know_of_tests(module: Module) -> Iterator[str]:
    """No code outside the testing kit names an override or a test runner.

    A test replaces parts of a guard or sends a token that was minted for it. So there is no
    branch that a setting, an environment variable or a mistake could take in production.
    """
    if module.name.startswith("oauth_guard.testing"):
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id=str(name)) | ast.Attribute(attr=str(name)) | ast.arg(arg=str(name)):
                pass
            case ast.Constant(value=str(name)) if " " not in name:
                pass
            case _:
                continue
        if _TEST_NAME.search(name) and name not in _NOT_OURS:
            yield module.complain(node.lineno, f"no code for tests here, such as {name}")


def _defaults(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the defaults of parameters and of the fields of dataclasses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            yield from node.defaults
            yield from filter(None, node.kw_defaults)
        if isinstance(node, ast.ClassDef):
            fields = (each for each in node.body if isinstance(each, ast.AnnAssign))
            yield from (field.value for field in fields if field.value)
