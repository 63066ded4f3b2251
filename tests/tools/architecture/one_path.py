"""The rule of the one path: each decision about a request is made in one module."""

import ast
from collections.abc import Iterator, Mapping

from tests.tools.architecture.source import Module

# Each function or class that makes a decision, and the one module that uses it. A second user
# would be a second path, on which a check that is added to the first would not run.
DECISIONS: Mapping[str, str] = {
    # Who sent a request.
    "read_credentials": "guard",
    "check_claims": "guard",
    "from_token": "guard",
    "check_binding": "guard",
    # Which validated token may be reused, and until when.
    "IdentityCache": "guard",
    "ValidatedToken": "guard",
    # Whether an identity satisfies a requirement.
    "violation": "guard",
    "satisfied_by": "protocol.requirement",
}


def decisions_are_made_in_one_module(module: Module) -> Iterator[str]:
    """A function or class that makes a decision is used only in one module."""
    own = {
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    for line, name in names_used(module.tree):
        home = DECISIONS.get(name)
        if home and name not in own and module.name != f"oauth_guard.{home}":
            yield module.complain(line, f"only {home} may use {name}: call the guard instead")


def names_used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each name that is imported, read or called, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.alias():
                yield node.lineno, node.name
            case ast.Attribute():
                yield node.lineno, node.attr
            case ast.Name(ctx=ast.Load()):
                yield node.lineno, node.id
            case _:
                pass
