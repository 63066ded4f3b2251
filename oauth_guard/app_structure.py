"""Finds, inside an ASGI application, what would leave a path unguarded or read it differently."""

import functools
import inspect
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from types import FrameType, FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.requirement import Requirement

__all__ = [
    "check_endpoints",
    "check_root_path",
    "inner_root_paths",
    "is_application",
    "members",
    "parts_of",
    "record_decorated",
    "record_requirement",
    "requirements_in",
    "requirements_of",
    "warn_of_hidden_metadata",
    "warn_of_inner_cors",
]

_log = logging.getLogger("oauth_guard")

_MAX_PARTS = 100_000
_MAX_MIDDLEWARE = 100
# FastAPI's routers refer to the application that they belong to, which is around them.
_OUTWARD = {"dependency_overrides_provider"}

_requirements: WeakKeyDictionary[object, Requirement] = WeakKeyDictionary()
"""What decorated endpoints require."""

_decorated: WeakSet[FunctionType] = WeakSet()
"""Functions below a `@requires(...)` line; a route must use the decorator's result instead."""


def record_decorated(endpoint: object, frame: FrameType | None) -> None:
    """Record *endpoint* if *frame* decorates it, by a line above its `def`.

    A call such as `Route("/a", requires("read")(endpoint))` is not recorded, since the bare
    function may be a route of its own elsewhere.
    """
    code = getattr(inspect.unwrap(endpoint), "__code__", None)  # type: ignore[arg-type] # any object has no `__wrapped__`
    if code is None or frame is None or frame.f_code.co_filename != code.co_filename:
        return
    last = max(line for _, _, line in code.co_lines() if line is not None)
    if not code.co_firstlineno <= frame.f_lineno <= last:
        return
    function = endpoint
    while isinstance(function, FunctionType):
        _decorated.add(function)
        function = getattr(function, "__wrapped__", None)


def record_requirement(checked: object, requirement: Requirement) -> None:
    """Record that *checked*, a decorated endpoint, requires *requirement*."""
    _requirements[checked] = requirement


def requirements_of(endpoint: object) -> list[Requirement]:
    """Return what the decorators of *endpoint* require, the outermost first."""
    found = []
    while endpoint is not None:
        with suppress(TypeError):  # no weak reference to it is possible
            if (requirement := _requirements.get(endpoint)) is not None:
                found.append(requirement)
        inner = (getattr(endpoint, name, None) for name in ("__func__", "func", "__wrapped__"))
        endpoint = next((each for each in inner if each is not None), None)
    return found


def requirements_in(app: object) -> Iterator[Requirement]:
    """Yield what decorators and dependencies of the routes of *app* require, as far as known."""
    for part in parts_of(app):
        included = getattr(
            part, "effective_route_contexts", None
        )  # of a router, since FastAPI 0.138
        for route in (part,) if included is None else included():
            yield from requirements_of(getattr(route, "endpoint", None))
            yield from _of_dependencies(getattr(route, "dependant", None))


def _of_dependencies(dependant: Any) -> Iterator[Requirement]:
    """Yield what FastAPI's dependencies require."""
    for each in getattr(dependant, "dependencies", ()):
        requirement = getattr(each.call, "checked", None)
        if isinstance(requirement, Requirement):
            yield requirement
        yield from _of_dependencies(each)


def check_endpoints(app: object) -> None:
    """Reject a route of *app* whose endpoint is the bare function below a `@requires(...)`.

    Raises:
        ConfigurationError: There is one; the text names its function.
    """
    for part in parts_of(app):
        endpoint = getattr(part, "endpoint", None)
        if isinstance(endpoint, FunctionType) and endpoint in _decorated:
            raise ConfigurationError(
                f"{endpoint.__qualname__} is a route without its @requires(...), which is above "
                "the line that registers it: write the route's decorator first, above @requires, "
                "or in FastAPI dependencies=[requires(...)] of oauth_guard.fastapi."
            )


def warn_of_inner_cors(app: object) -> None:
    """Log a WARNING if *app* has a `CORSMiddleware` inside the guard.

    The responses of the guard don't pass through it, so scripts can't read a rejection.
    """
    part: Any = app
    for _ in range(_MAX_MIDDLEWARE):
        inside = getattr(part, "__dict__", {})
        listed = inside.get("user_middleware")  # of Starlette, before its first request
        added = [getattr(each, "cls", None) for each in listed] if isinstance(listed, list) else []
        if any(getattr(each, "__name__", "") == "CORSMiddleware" for each in (type(part), *added)):
            _log.warning(
                "a CORSMiddleware inside the guard does not add its fields to rejections: set "
                "cors= to its origins, or put it outside the guard"
            )
            return
        part = inside.get("app")


def check_root_path(app: object) -> None:
    """Reject an *app* that removes a prefix from the path after the middleware has read it.

    Raises:
        ConfigurationError: *app* has a `root_path` of its own.
    """
    if root_path := _root_path(app):
        raise ConfigurationError(
            f"An application with a root_path of its own, {root_path!r}, reads other paths than "
            "its guard: write app.add_middleware(OAuthGuardMiddleware, ...), or give root_path "
            "to the server."
        )


def warn_of_hidden_metadata(app: object, paths: Collection[str]) -> None:
    """Log a warning for each route of *app* at one of *paths*, where a guard serves its metadata.

    Routes in a mount are compared by their own path, without that of the mount.
    """
    routes: set[Any] = {getattr(part, "path", None) for part in parts_of(app)}
    for path in sorted(set(paths) & routes):
        _log.warning(
            "%s: the guard serves its metadata here, so the route of the application is hidden; "
            "to keep that route, write Guard(metadata=False)",
            path,
        )


def inner_root_paths(app: object) -> frozenset[str]:
    """Return the prefixes that applications inside *app* remove from the path by themselves."""
    return frozenset(filter(None, map(_root_path, parts_of(app))))


def _root_path(app: object) -> str:
    root_path = getattr(app, "root_path", "")
    if not isinstance(root_path, str) or hasattr(app, "import_name"):
        return ""  # the `root_path` of a Quart application is a folder
    return root_path


def parts_of(app: object) -> Iterator[object]:
    """Yield *app* and the ASGI applications in it: behind middleware, in routes and mounts."""
    seen: set[int] = set()
    waiting = [app]
    while waiting and len(seen) < _MAX_PARTS:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += filter(is_application, members(part))


def members(part: Any) -> Iterator[object]:
    """Yield what *part* contains: attributes, items, and what a function refers to."""
    if isinstance(part, functools.partial):
        yield from (part.func, *part.args, *part.keywords.values())
    elif isinstance(part, MethodType):
        yield from (part.__self__, part.__func__)
    elif isinstance(part, FunctionType):
        for cell in part.__closure__ or ():
            with suppress(ValueError):  # a cell may still be empty
                yield cell.cell_contents
        yield from (part.__globals__.get(name) for name in part.__code__.co_names)
    for name, value in _attributes(part):
        if name in _OUTWARD:
            continue
        yield value
        if isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, list | tuple | set | frozenset):
            yield from value


def _attributes(part: Any) -> Iterator[tuple[str, object]]:
    yield from list(getattr(part, "__dict__", {}).items())
    for base in type(part).__mro__:
        slots: str | Iterable[str] = vars(base).get("__slots__", ())
        for name in slots:  # of a single name its letters, which are no attributes
            if hasattr(part, name):
                yield name, getattr(part, name)


def is_application(value: object) -> bool:
    """Return whether *value* can be called as an ASGI application: with three arguments."""
    try:
        if not callable(value) or inspect.isclass(value):
            return False
        inspect.signature(value).bind(None, None, None)
    except Exception:  # noqa: BLE001 - a proxy of Flask's kind raises what it likes outside a request
        return False
    return True
