"""Who may import whom: the floors of the house, and the one room of each library."""

import ast
import sys
from collections.abc import Iterator, Mapping

from tests.tools.architecture.source import Import, Module

FACE = "__init__"

# A layer is a file or a folder right under oauth_guard/. It imports from the layers below it.
FLOORS: Mapping[str, int] = {
    "errors": 1,
    "jose": 2,
    "protocol": 3,
    "interfaces": 4,
    "single_flight": 5,
    "ttl_cache": 5,
    "asgi": 6,
    "http": 6,
    "identity_cache": 6,
    "stores": 6,
    "issuers": 7,
    "guard": 8,
    "guard_map": 9,
    "quick_way": 9,
    "middleware": 10,
    "starlette": 10,
    "telemetry": 10,
    "config": 10,
    "fastapi": 11,
    "routes": 11,
    "forward_auth": 11,
    "cli": 12,
    FACE: 13,
}

# The kit stands aside: it sees these rooms alone, and no room sees it.
KIT = "testing"
SEEN_BY_THE_KIT = {KIT, "errors", "jose", "protocol"}

# What user code imports by name, and so the demo too; never protocol, never an underscore.
FOR_USERS = {FACE, "interfaces", *(room for room, floor in FLOORS.items() if floor in {10, 11})}
DOORS_FOR_USERS = {
    "oauth_guard.http.aiohttp_client",
    "oauth_guard.issuers.client_auth",
    "oauth_guard.issuers.presets",
    "oauth_guard.issuers.remote_keys",
    "oauth_guard.issuers.tenants",
    "oauth_guard.stores.redis",
}

PURE = {"errors", "jose", "protocol"}
IMPURE_LIBRARIES = {
    *("asyncio", "concurrent", "http.client", "http.server"),
    *("io", "logging", "multiprocessing", "os", "pathlib", "queue", "random", "secrets", "select"),
    *("shutil", "signal", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys"),
    *("tempfile", "threading", "time", "urllib.request", "uuid"),
}

# Each library outside the standard one, and the rooms that may know it.
HOMES: Mapping[str, set[str]] = {
    "jwt": {"jose.signing"},
    "cryptography": {"jose.algorithms", "jose.jwk", "jose.signing", "protocol.mtls"},
    "httpx": {"http.fetcher", "http.ssrf_transport"},
    "aiohttp": {"http.aiohttp_client"},
    "cachetools": {"ttl_cache"},
    "redis": {"stores.redis"},
    "starlette": {"starlette", "routes"},
    "opentelemetry": {"telemetry"},
    "fastapi": {"fastapi"},
    "uvicorn": {"cli"},
}
HOMES_IN_THE_KIT = {"httpx", "jwt", "cryptography"}
OPTIONAL = {"aiohttp", "redis", "opentelemetry", "fastapi", "uvicorn"}


def room_of(name: str) -> str:
    """Return the room of the module or imported *name*; what is in no room is of the face."""
    first = name.split(".")[1:2]
    return first[0] if first and first[0] in {*FLOORS, KIT} else FACE


def imports_run_down(module: Module) -> Iterator[str]:
    """Rules 1 and 5: a room imports from the floors below it, and from itself."""
    room = room_of(module.name)
    if room == FACE and not (module.is_package and module.name.count(".") == 0):
        yield module.complain(1, "this room stands on no floor: give it one in FLOORS first")
        return
    for each in module.imports:
        if each.library == "oauth_guard" and not _may_see(room, room_of(each.target)):
            yield module.complain(
                each.line, f"{room} may not import {each.target}: imports run down"
            )


def _may_see(room: str, other: str) -> bool:
    if room == KIT:
        return other in SEEN_BY_THE_KIT
    if other == KIT:
        return False
    if room == "interfaces":
        return other in {"jose", "protocol"}
    if room == other:
        return room != FACE
    return FLOORS[other] < FLOORS[room]


def interfaces_only_describe(module: Module) -> Iterator[str]:
    """Rule 1: interfaces.py needs nothing but words for types."""
    if room_of(module.name) == "interfaces":
        for each in module.imports:
            if each.library not in {"oauth_guard", "typing", "collections"}:
                yield module.complain(each.line, f"interfaces needs no {each.target}")


def the_core_is_pure(module: Module) -> Iterator[str]:
    """Rule 3: errors.py and protocol/ wait for nothing and touch nothing of the world."""
    if room_of(module.name) not in PURE:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            yield module.complain(
                node.lineno, "the core holds no async: wait at a door, pass the value in"
            )
    for each in module.imports:
        if any(f"{each.target}.".startswith(f"{library}.") for library in IMPURE_LIBRARIES):
            yield module.complain(each.line, f"the core needs no {each.target}: take the value in")


def one_library_one_room(module: Module) -> Iterator[str]:
    """Rule 4: a library is known in its own room alone."""
    room = module.name.partition(".")[2]
    for each in module.imports:
        if each.library in {"oauth_guard", *sys.stdlib_module_names}:
            continue
        if not _at_home(room, each):
            homes = ", ".join(sorted(HOMES.get(each.library, {"no room: give it one in HOMES"})))
            yield module.complain(each.line, f"{each.library} is known in {homes}")


def _at_home(room: str, imported: Import) -> bool:
    if imported.library == "pytest":
        return room == f"{KIT}.plugin"
    if room.startswith(f"{KIT}."):
        return imported.library in HOMES_IN_THE_KIT
    return room in HOMES.get(imported.library, set())


def libraries_are_imported_at_the_top(module: Module) -> Iterator[str]:
    """Rule 14: no import hides in a `try` or a function, but for the server that `run` starts."""
    for each in module.imports:
        foreign = each.library not in sys.stdlib_module_names
        if (
            foreign
            and not each.at_top
            and (room_of(module.name), each.library) != ("cli", "uvicorn")
        ):
            yield module.complain(each.line, f"import {each.library} at the top of its own room")


def the_demo_uses_the_front(module: Module) -> Iterator[str]:
    """The demo imports what is for users: the face, the front by name, the doors meant for it."""
    for each in module.imports:
        if each.library != "oauth_guard":
            continue
        private = any(part.startswith("_") for part in each.target.split("."))
        door = any(each.target.startswith(f"{known}.") for known in DOORS_FOR_USERS)
        if private or not (door or room_of(each.target) in FOR_USERS):
            yield module.complain(
                each.line, f"{each.target} is not for users: import from the face"
            )
