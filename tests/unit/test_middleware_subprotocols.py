"""OAuthGuardMiddleware: tokens of pages, which offer them as WebSocket subprotocols."""

import asyncio
import base64
import logging
import socket as sockets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.renewal import renew
from oauth_guard.testing import LocalIssuer, LocalWebSocket
from oauth_guard.testing.dpop import DPoPKey

METHODS = ("header", "websocket-protocol")
LOCAL = LocalIssuer()


def encoded(token: str) -> list[str]:
    """Return the subprotocols with the encoded token."""
    text = base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()
    return ["base64url.bearer", f"base64url.bearer.{text}"]


def pair(token: str) -> list[str]:
    """Return the subprotocols with the token as it is."""
    return ["bearer", token]


class _Api:
    """A guarded WebSocket that sends what the application sees of the handshake."""

    def __init__(self, select: str | None = None, **settings: Any) -> None:
        options: dict[str, Any] = {"bearer_methods": METHODS, **settings}
        issuer = JWTIssuer(LOCAL.issuer, http=LOCAL.http)
        self.guard = Guard(LOCAL.audience, [issuer], **options)
        self._select = select
        routes = [WebSocketRoute("/", self._endpoint), WebSocketRoute("/public", self._endpoint)]
        self.app = OAuthGuardMiddleware(
            Starlette(routes=routes), self.guard, public=["WEBSOCKET /public"]
        )

    async def _endpoint(self, websocket: WebSocket) -> None:
        await websocket.accept(subprotocol=self._select)
        fields = [value.decode() for _, value in websocket.scope["headers"]]
        await websocket.send_json([websocket.scope["subprotocols"], fields])
        async for message in websocket.iter_json():
            await renew(websocket, message)
            await websocket.send_json(sorted(websocket.user.scopes))

    def open(self, offered: list[str], url: str = "/", **headers: str) -> LocalWebSocket:
        """Return a client that offers these subprotocols, in the header field too."""
        fields = {"Sec-WebSocket-Protocol": ", ".join(offered), **headers}
        return LocalWebSocket(self.app, url, headers=fields, subprotocols=offered)


@pytest.mark.parametrize("form", [encoded, pair])
async def test_token_in_a_subprotocol_authenticates_and_is_removed(form: Any) -> None:
    """The application does not see it, and can renew it with a newer one."""
    api, token = _Api(), LOCAL.token("read")
    for _ in range(2):
        async with api.open([*form(token), "chat"]) as socket:
            assert socket.response.headers["sec-websocket-protocol"] == form(token)[0]
            seen = await socket.receive_json()
            assert seen[0] == ["chat"]
            assert all(part not in str(seen) for part in form(token)[1:])
            socket.send_json(LOCAL.token("read", "more"))
            assert await socket.receive_json() == ["more", "read"]


async def test_subprotocol_of_the_application_is_selected() -> None:
    """The fixed name is only for applications that select none."""
    async with _Api(select="chat").open(["chat", *pair(LOCAL.token())]) as socket:
        assert socket.response.headers["sec-websocket-protocol"] == "chat"


async def test_token_is_removed_on_a_public_path_too() -> None:
    """There no token is looked at."""
    api = _Api()
    for offered in (["chat", *pair("secret-token")], ["base64url.bearer.?", "chat"]):
        async with api.open(offered, "/public") as socket:
            assert offered[-1] not in str(await socket.receive_json()) or offered[-1] == "chat"


@pytest.mark.parametrize(
    ("offered", "headers", "status"),
    [
        (["chat"], {}, 401),
        ([], {}, 401),
        (["bearer"], {}, 401),
        (pair("x.y.z"), {}, 401),
        (pair("a,b"), {}, 400),
        (["base64url.bearer", "base64url.bearer.?"], {}, 400),
        (["base64url.bearer", "base64url.bearer.IA"], {}, 400),
        ([*pair("a"), *pair("b")], {}, 400),
        (pair("a"), {"Authorization": "Bearer b"}, 400),
        (encoded("x" * 17_000), {}, 400),
    ],
    ids=range(10),
)
async def test_handshake_without_one_valid_token_is_rejected(
    offered: list[str], headers: dict[str, str], status: int
) -> None:
    """As over HTTP."""
    async with _Api().open(offered, **headers) as socket:
        assert socket.response.status_code == status


async def test_bound_token_is_rejected_there() -> None:
    """A page can prove no key in a handshake."""
    for confirmation in (DPoPKey().cnf, {"x5t#S256": "A" * 43}):
        async with _Api().open(encoded(LOCAL.token(cnf=confirmation))) as socket:
            assert socket.response.status_code == 401


async def test_subprotocols_are_not_read_unless_configured() -> None:
    """And are left to the application then."""
    token = LOCAL.token()
    api = _Api(bearer_methods=["header"])
    async with api.open(pair(token)) as socket:
        assert socket.response.status_code == 401
    async with api.open(["bearer", "x"], **LOCAL.headers()) as socket:
        assert (await socket.receive_json())[0] == ["bearer", "x"]
    with pytest.raises(ConfigurationError, match="websocket-protocol"):
        _Api(bearer_methods=["header", "subprotocol"])
    assert b"websocket" not in _Api().guard.metadata_document


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Serve a guarded application, and yield the address of its WebSocket."""
    server = uvicorn.Server(uvicorn.Config(_Api().app, log_level="trace"))
    with sockets.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - a server has no event for it
                await asyncio.sleep(0.01)
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        await serving


async def test_real_client_and_server_agree_on_the_subprotocol(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And our own log has no token, whatever its level."""
    caplog.set_level(logging.DEBUG, "oauth_guard")
    offered: Any = encoded(LOCAL.token("read"))
    async with connect(address, subprotocols=offered, proxy=None) as client:
        assert client.subprotocol == "base64url.bearer"
        assert "base64url" not in str(await client.recv())
    with pytest.raises(InvalidStatus):
        await connect(address, subprotocols=encoded("no-token"), proxy=None)  # type: ignore[arg-type]
    ours = [each for each in caplog.records if each.name.startswith("oauth_guard")]
    assert all("base64url" not in each.getMessage() for each in ours)
