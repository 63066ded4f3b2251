"""Handshake: a route that closes a WebSocket it does not admit sends the whole rejection."""

from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from oauth_guard import OAuthGuardMiddleware, Requirement
from oauth_guard.route_check import check
from oauth_guard.testing import LocalIssuer, challenge, insufficient_scope, missing_token, trusting
from tests.unit.testing.applications import RESOURCE, remote_guard

WRITES = Requirement.of("write")
READS = Requirement.of("read")


def _feed(*steps: Requirement | str) -> Any:
    """Return an application that checks requirements, accepts the WebSocket, and closes it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        for each in (*steps, "websocket.close"):
            if isinstance(each, Requirement):
                await check({**scope}, each)  # frameworks copy the connection
            else:
                await send({"type": each, "code": 4000})

    return app


def _opened(app: Any, token: str | None, **settings: Any) -> WebSocketDisconnect:
    """Return how *app* inside the middleware ends the WebSocket of a caller with *token*."""
    issuer = LocalIssuer("https://login.example.com", audience=RESOURCE)
    guard = remote_guard()
    headers = {"Authorization": f"Bearer {issuer.token(token)}"} if token else {}
    client = TestClient(OAuthGuardMiddleware(app, guard, **settings), base_url=RESOURCE)
    with (
        trusting(guard, issuer),
        pytest.raises(WebSocketDisconnect) as ended,
        client.websocket_connect("/feed", headers=headers) as socket,
    ):
        socket.receive_text()
    return ended.value


@pytest.mark.parametrize(
    "settings",
    [{"required": False}, {"public": ["WEBSOCKET /feed"]}],
    ids=["optional", "public"],
)
def test_anonymous_caller_gets_the_challenge_of_the_route(settings: dict[str, Any]) -> None:
    """With status 401, where the framework alone would send 403."""
    ended = _opened(_feed(WRITES), None, **settings)
    assert isinstance(ended, WebSocketDenialResponse)
    assert challenge(ended) == missing_token("write")


def test_caller_without_the_scope_gets_the_challenge_of_the_route() -> None:
    """The body too is that of a rejection by the middleware."""
    ended = _opened(_feed(WRITES), "read")
    assert isinstance(ended, WebSocketDenialResponse)
    assert challenge(ended) == insufficient_scope("write")
    assert ended.json()["error"] == "insufficient_scope"


@pytest.mark.parametrize("token", [None, "read"], ids=["anonymous", "with a token"])
@pytest.mark.parametrize(
    "app",
    [
        pytest.param(_feed("websocket.accept", WRITES), id="accepted and then rejected"),
        pytest.param(_feed(WRITES, "websocket.accept"), id="rejected and accepted nevertheless"),
        pytest.param(_feed(), id="not checked"),
    ],
)
def test_close_after_an_acceptance_or_without_a_check_is_sent_as_it_is(
    app: Any, token: str | None
) -> None:
    """It has the code that the application chose."""
    ended = _opened(app, token, required=False)
    assert not isinstance(ended, WebSocketDenialResponse)
    assert ended.code == 4000


def test_close_after_a_check_that_passed_is_sent_as_it_is() -> None:
    """There is no rejection to send."""
    assert not isinstance(_opened(_feed(READS), "read"), WebSocketDenialResponse)


@pytest.mark.parametrize("token", [None, "read"], ids=["anonymous", "with a token"])
def test_close_is_sent_as_it_is_to_a_server_without_denial_responses(token: str | None) -> None:
    """That is the ASGI extension `websocket.http.response`."""
    app = _feed(WRITES)

    async def without_extension(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    ended = _opened(without_extension, token, required=False)
    assert not isinstance(ended, WebSocketDenialResponse)


def test_rejection_passes_the_guards_further_outside() -> None:
    """Each of them sees the response in place of a close."""
    guard = remote_guard()
    app = OAuthGuardMiddleware(OAuthGuardMiddleware(_feed(WRITES), guard), guard)
    issuer = LocalIssuer("https://login.example.com", audience=RESOURCE)
    headers = {"Authorization": f"Bearer {issuer.token('read')}"}
    client = TestClient(app, base_url=RESOURCE)
    with (
        trusting(guard, issuer),
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/feed", headers=headers),
    ):
        pass
    assert challenge(denied.value) == insufficient_scope("write")
