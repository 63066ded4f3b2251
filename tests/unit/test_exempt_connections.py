"""ExemptConnections: what it serves, and that its first look misses nothing of that."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.exempt_connections import ExemptConnections
from oauth_guard.guard_map import GuardMap
from oauth_guard.protocol.cross_origin import CrossOrigin
from oauth_guard.protocol.paths import PublicPaths
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.recorded_response import Headers, Message

METADATA = "/.well-known/oauth-protected-resource"
PUBLIC = ("/health", "POST /hook", "WEBSOCKET /feed", "/static/*")
ORIGIN = (b"origin", b"https://app.example.com")
PREFLIGHT = (ORIGIN, (b"access-control-request-method", b"PUT"))
CONNECTIONS = [
    {"type": kind, "method": method, "path": root + path, "root_path": root, "headers": headers}
    for kind, method, path, root, headers in product(
        ("http", "websocket"),
        ("GET", "POST", "OPTIONS", "WEBSOCKET"),
        ("/health", "/hook", "/feed", "/static/a", "/static", METADATA, "/orders"),
        ("", "/v1"),
        ((), (ORIGIN,), PREFLIGHT),
    )
]


def exempt(cors: Sequence[str] = ("https://app.example.com",)) -> ExemptConnections:
    """Return the exempt connections of a guard with public paths."""
    local = LocalIssuer()
    guards = GuardMap(Guard("https://api.test", [JWTIssuer(local.issuer, http=local.http)]))
    return ExemptConnections(
        guards, PublicPaths.of(PUBLIC), (), CrossOrigin.of(cors), preflights=True
    )


def connection(number: int) -> dict[str, Any]:
    """Return one of the connections; a handshake has no method."""
    made = dict(CONNECTIONS[number])
    if made["type"] == "websocket":
        del made["method"]
    return made


async def _app(_connection: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def _receive() -> Message:
    return {"type": "http.request"}


@pytest.mark.parametrize("cors", [(), ("https://app.example.com",)])
async def test_connection_without_the_first_look_is_not_served(cors: Sequence[str]) -> None:
    """What `may_include` excludes is left to the guarded path, without CORS headers."""
    part = exempt(cors)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    for number in range(len(CONNECTIONS)):
        made = connection(number)
        if not part.may_include(made):
            assert await part.serve(_app, made, _receive, send) is send, made
    assert sent == []


@pytest.mark.parametrize(
    ("kind", "method", "path", "headers", "served"),
    [
        ("http", "GET", "/health", (), True),
        ("http", "POST", "/health", (), False),
        ("http", "POST", "/hook", (), True),
        ("http", "GET", METADATA, (), True),
        ("http", "OPTIONS", "/orders", PREFLIGHT, True),
        ("http", "OPTIONS", "/orders", (), False),
        ("http", "WEBSOCKET", "/feed", (), False),
        ("websocket", "", "/feed", (), True),
        ("websocket", "", "/health", (), False),
        ("http", "GET", "/orders", (), False),
    ],
)
async def test_connection_is_served_without_a_token_only_if_it_is_exempt(
    kind: str, method: str, path: str, headers: Headers, *, served: bool
) -> None:
    """Another connection gets back what to send with."""
    made: dict[str, Any] = {"type": kind, "path": path, "headers": headers}
    if kind == "http":
        made["method"] = method
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    onward = await exempt().serve(_app, made, _receive, send)
    assert (onward is None, bool(sent)) == (served, served)
