"""Conventions: where errors, challenge headers and clocks may occur, and how types are imported."""

import ast
import builtins
import re
from collections.abc import Iterator, Mapping

from tests.tools.architecture.layers import KIT, REPLACING_PARTS, package_of
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
# Private names of other libraries, by the module that uses them.
PRIVATE_NAMES_OF_OTHERS: Mapping[str, set[str]] = {
    "oauth_guard.django_rest_framework": {"_request"},  # as REST framework says to reach Django's
    "oauth_guard.mcp.server_parts": {"_mcp_server"},  # fastmcp shows its server nowhere else
    "oauth_guard.protocol.settings": {"_is_protocol"},  # typing.is_protocol is of Python 3.13
    "oauth_guard.routes": {"_low_priority_routes"},  # FastAPI shows them nowhere else
    # asyncio's hooks for those who extend it
    "oauth_guard.single_flight": {"_set_running_loop", "_enter_task", "_leave_task"},
}
_NAMED_TUPLE = {"_asdict", "_fields", "_replace"}  # public, with an underscore
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
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


def private_names_stay_in_their_module(module: Module) -> Iterator[str]:
    """A name with an underscore is used by its own object and in the module that defines it.

    So a part that others rely on can't be altered behind its back, and has a public name.
    """
    if module.name in {f"oauth_guard.{each}" for each in REPLACING_PARTS}:
        return
    known = _NAMED_TUPLE | PRIVATE_NAMES_OF_OTHERS.get(module.name, set()) | _own_names(module.tree)
    used = [(each.target.rpartition(".")[2], each.line) for each in module.imports]
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(attr=name) if not _is_own(node.value):
                used.append((name, node.lineno))
            case ast.Call(func=ast.Name(id=by), args=[_, ast.Constant(value=str(name)), *_]):
                used += [(name, node.lineno)] if by in _BY_NAME else []
    for name, line in used:
        if name.startswith("_") and not name.startswith("__") and name not in known:
            yield module.complain(line, f"{name} is private elsewhere: use or add a public name")


def _is_own(node: ast.expr) -> bool:
    return ast.unparse(node) in {"self", "cls", "super()"}


def _own_names(tree: ast.AST) -> set[str]:
    """Return the names of functions, and of attributes that objects set on themselves."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()) if _is_own(node.value):
                names.add(name)
    return names


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
