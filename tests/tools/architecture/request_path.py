"""The rule of the request path: each of its decisions is made in one function of the library."""

import ast
from collections.abc import Iterator, Mapping

from tests.tools.architecture.source import Module

CALLED_IN: Mapping[str, set[tuple[str, str]]] = {
    # Who calls: one function reads credentials, looks in the cache, validates and checks.
    "read_credentials": {("guard", "authenticate")},
    "validate_token": {("guard", "authenticate"), ("guard", "recheck")},
    "check_claims": {("token_validation", "_check_claims")},
    "check_times": {
        ("token_validation", "validate_token"),
        ("protocol.access_token", "check_claims"),
    },
    "from_token": {("token_validation", "validate_token")},
    "PossessionCheck": {("guard", "__init__")},
    "check_binding": {("possession.possession_check", "check")},
    "check_claim_function": {("guard", "authenticate"), ("guard", "check_again")},
    "check_again": {("guard", "recheck"), ("token_exchange", "__call__")},
    "authenticate": {
        ("token_authentication", "authenticate_token"),
        ("middleware", "__call__"),
        ("renewal", "renew"),
        ("forward_auth.service", "_authorized"),
    },
    "recheck": {
        ("request_authorization", "authorize_request"),
        ("connections.guarded_connection", "_recheck"),
    },
    # What may be reused: one module decides; the guard uses it in two places.
    "IdentityCache": {("guard", "__init__")},
    "ValidatedToken": {("token_validation", "validate_token")},
    # Who may: one function compares an identity with a requirement.
    "violation": {("guard", "authorize")},
    "satisfied_by": {("protocol.requirement", "violation")},
    # Without I/O, so a requirement with a policy raises an error.
    "authorize": {
        ("request_authorization", "authorize_request"),
        ("middleware", "__call__"),
        ("route_check", "check_known"),
        ("connections.guarded_connection", "authorize_again"),
    },
    # With introspection and policy.
    "authorize_request": {
        ("middleware", "__call__"),
        ("route_check", "check"),
        ("connections.guarded_connection", "authorize_again"),
        ("forward_auth.service", "_authorized"),
    },
    "authorize_again": {
        ("connections.guarded_connection", "_recheck"),
        ("renewal", "renew"),
    },
    "PolicyCheck": {("guard", "__init__")},
}
"""The only functions, by module, that may call a function or method with this name."""

USES_THE_CACHE = {
    "get": ("guard", "authenticate"),
    "put": ("token_validation", "validate_token"),
}
"""The methods of the guard's cache, and the one function that calls each."""


WITHOUT_IO, WITH_IO = "authorize", {"authorize_request", "needs_io"}
"""A function that calls the first also has one of the others in it, for requirements with I/O."""


def policies_are_evaluated_everywhere(module: Module) -> Iterator[str]:
    """A function that authorizes without I/O has a way for requirements that need it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
            called = {_name(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
            if node.name not in WITH_IO and WITHOUT_IO in called and WITH_IO.isdisjoint(names):
                yield module.complain(node.lineno, "no policy is evaluated here: see needs_io")


def decisions_are_made_in_one_place(module: Module) -> Iterator[str]:
    """Only the functions in `CALLED_IN` make or delegate the decisions of the request path."""
    place = module.name.partition(".")[2]
    for function, call in _calls(module.tree):
        name = _name(call.func)
        allowed = CALLED_IN.get(name)
        if allowed is not None and (place, function) not in allowed:
            places = " and ".join(sorted(f"{each}.{inside}" for each, inside in allowed))
            yield module.complain(call.lineno, f"{name} is called in {places} only")
        on_path = place in {"guard", "token_validation"} and _is_cache(call.func)
        if on_path and USES_THE_CACHE.get(name) != (place, function):
            yield module.complain(call.lineno, "the cache is a step of Guard.authenticate")


def _calls(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.Call]]:
    """Yield each call with the name of the innermost function around it."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(node, ast.Call):
            yield function, node
        yield from _calls(node, inside)


def _name(called: ast.expr) -> str:
    match called:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _is_cache(called: ast.expr) -> bool:
    """Return whether this is a method of `self._cache`."""
    match called:
        case ast.Attribute(value=ast.Attribute(attr="_cache")):
            return True
    return False
