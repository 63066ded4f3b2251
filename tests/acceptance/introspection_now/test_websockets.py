"""introspect=True on a WebSocket: at its handshake, and in each decorated method."""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Identity
from oauth_guard.fastapi import requires as fastapi_requires
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Message, RecordedResponse, run, websocket
from tests.builders.introspecting_api import IntrospectingApi


@requires("read", introspect=True)
async def feed(websocket: WebSocket) -> None:
    """Accept and close."""
    await websocket.accept()
    await websocket.close()


class Talk(WebSocketEndpoint):
    """Admits every listener, and introspects the token of each sender."""

    encoding = "text"

    @requires("read", introspect=True)
    async def on_receive(self, websocket: WebSocket, data: str) -> None:
        """Send back what came."""
        await websocket.send_text(data)


def _fastapi() -> FastAPI:
    app = FastAPI()

    @app.websocket("/feed")
    async def fastapi_feed(
        websocket: WebSocket, _: Annotated[Identity, fastapi_requires("read", introspect=True)]
    ) -> None:
        await websocket.accept()
        await websocket.close()

    return app


ROUTES = [
    WebSocketRoute("/starlette", feed),
    Mount("/fastapi", _fastapi()),
    WebSocketRoute("/talk", Talk),
]
PATHS = ["/starlette", "/fastapi/feed", "/middleware"]


def types(response: RecordedResponse) -> list[tuple[str, int | None]]:
    """Return what was sent, with the codes of what was closed."""
    return [(each["type"], each.get("code")) for each in response.messages]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("denial", [True, False])
async def test_handshake_introspects(kind: str, path: str, denial: bool) -> None:
    """A revoked token is rejected as over HTTP, or by closing."""
    api = IntrospectingApi(kind, path, routes=[*ROUTES, WebSocketRoute("/middleware", feed)])
    token = await api.cached_token()
    before = api.introspections
    response = await api.connect(path, bearer(token), denial=denial)
    assert types(response) == [("websocket.accept", None), ("websocket.close", 1000)]
    assert api.introspections > before

    api.authority.revoke(token)
    response = await api.connect(path, bearer(token), denial=denial)
    if denial:
        expect(response, "401 invalid_token")
    else:
        assert types(response) == [("websocket.close", 1008)]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("denial", [True, False])
async def test_outage_at_a_handshake_has_a_code_to_retry_later(
    kind: str, path: str, denial: bool
) -> None:
    """The client is not at fault."""
    api = IntrospectingApi(kind, path, routes=ROUTES)
    token = await api.cached_token()
    api.authority.outage = lambda _: httpx.Response(500)
    response = await api.connect(path, bearer(token), denial=denial)
    if denial:
        assert response.status == 503
        assert response.lines("retry-after") == ["5"]
    else:
        assert types(response) == [("websocket.close", 1013)]


async def talk(api: IntrospectingApi, token: str, *happens: Any) -> RecordedResponse:
    """Say hello, and again after each thing that *happens*."""

    def received() -> Any:
        yield {"type": "websocket.connect"}
        hello: Message = {"type": "websocket.receive", "text": "hello"}
        yield hello
        for happen in happens:
            happen()
            yield hello
        yield {"type": "websocket.disconnect", "code": 1000}

    return await run(api.application, websocket("/talk", bearer(token), denial=True), received())


ACCEPT, SEND = ("websocket.accept", None), ("websocket.send", None)


async def test_each_message_on_an_open_websocket_introspects(kind: str) -> None:
    """A client whose token was revoked meanwhile can't continue."""
    api = IntrospectingApi(kind, routes=ROUTES)
    token = await api.cached_token()
    before = api.introspections
    response = await talk(api, token, lambda: None, lambda: api.authority.revoke(token))
    assert types(response) == [ACCEPT, SEND, SEND, ("websocket.close", 1008)]
    assert api.introspections == before + 3


async def test_outage_on_an_open_websocket_has_a_code_to_retry_later(kind: str) -> None:
    """No status is possible any more."""

    def fail() -> None:
        api.authority.outage = lambda _: httpx.Response(500)

    api = IntrospectingApi(kind, routes=ROUTES)
    response = await talk(api, await api.cached_token(), fail)
    assert types(response) == [ACCEPT, SEND, ("websocket.close", 1013)]


async def test_another_caller_or_scope_on_an_open_websocket_is_rejected(kind: str) -> None:
    """The next message is checked against the current result."""
    api = IntrospectingApi(kind, routes=ROUTES)
    token = await api.cached_token()
    response = await talk(
        api,
        token,
        lambda: api.set_introspection(token, scope="read write"),
        lambda: api.set_introspection(token, sub="u2"),
    )
    assert types(response) == [ACCEPT, SEND, SEND, ("websocket.close", 1008)]
