"""metadata_app(): the metadata of an inner guard is served at the root, everything else passes."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.resource_metadata import metadata_app
from oauth_guard.testing import challenge

GUARD = Guard("https://api.example.com/api", [JWTIssuer("https://login.example.com")])
PATH = "/.well-known/oauth-protected-resource/api"


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("socket")


def _client() -> TestClient:
    inner = Starlette(routes=[Route("/", lambda _: PlainTextResponse("inner"))])
    site = Starlette(
        routes=[
            Mount("/api", OAuthGuardMiddleware(inner, GUARD)),
            WebSocketRoute(PATH, _socket),
            Route(PATH, lambda _: PlainTextResponse("posted"), methods=["POST"]),
            Route("/", lambda _: PlainTextResponse("outer")),
        ]
    )
    return TestClient(metadata_app(site, GUARD), base_url="https://api.example.com")


def test_address_that_a_challenge_names_has_the_metadata() -> None:
    """Without the function, a guard inside a mount never receives this path."""
    client = _client()
    address = challenge(client.get("/api/")).parameters["resource_metadata"]
    response = client.get(address)
    assert response.json()["resource"] == GUARD.resource
    assert response.headers["content-type"] == "application/json"
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")


def test_other_requests_reach_the_application() -> None:
    """Other paths, and WebSockets; another method at the path of the metadata is rejected."""
    client = _client()
    assert client.get("/").text == "outer"
    rejected = client.post(PATH)
    assert (rejected.status_code, rejected.headers["allow"]) == (405, "GET, HEAD")
    with client.websocket_connect(PATH) as socket:
        assert socket.receive_text() == "socket"


def test_guard_without_metadata_is_rejected() -> None:
    """So is a call without a guard."""
    bare = Guard(
        "https://api.example.com/api", [JWTIssuer("https://login.example.com")], metadata=False
    )
    for guards in ((), (bare,), (GUARD, bare)):
        with pytest.raises(ConfigurationError, match="metadata_app\\(app, guard\\)"):
            metadata_app(Starlette(), *guards)
