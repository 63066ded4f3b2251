"""OAuthGuardMiddleware: the token in the message `connection_init` of a GraphQL WebSocket."""

import asyncio
import base64
import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Connection, Receive, Send
from oauth_guard.deny_list import DenyList
from oauth_guard.possession import DPoP, ForwardedCertificate
from oauth_guard.protocol.events import Decision
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer, LocalWebSocket
from oauth_guard.testing.certificates import ClientCertificate
from oauth_guard.testing.dpop import DPoPKey

METHODS = ("header", "websocket-protocol", "graphql-connection-init")
GRAPHQL = "graphql-transport-ws"


class _Api:
    """A guarded WebSocket that sends who called and what it receives.

    Attributes:
        decisions: What an observer of the guard receives.
        served: How many connections reached the application.
    """

    def __init__(self, middleware: dict[str, Any] | None = None, **settings: Any) -> None:
        self.local = LocalIssuer()
        self.decisions: list[Decision] = []
        self.served = 0
        options: dict[str, Any] = {"bearer_methods": METHODS, **settings}
        issuer = JWTIssuer(self.local.issuer, http=self.local.http)
        self.guard = Guard(
            self.local.audience, [issuer], observers=[self.decisions.append], **options
        )
        routes = [
            WebSocketRoute("/", self._endpoint),
            WebSocketRoute("/admin", requires("admin")(self._endpoint)),
            WebSocketRoute("/denied", self._deny),
        ]
        self.app = OAuthGuardMiddleware(Starlette(routes=routes), self.guard, **(middleware or {}))

    async def _endpoint(self, websocket: WebSocket) -> None:
        self.served += 1
        await websocket.accept(subprotocol=GRAPHQL)
        try:
            while True:
                message = await websocket.receive_json()
                await websocket.send_json([websocket.user.subject, message])
        except WebSocketDisconnect:
            return

    async def _deny(self, websocket: WebSocket) -> None:
        self.served += 1
        await websocket.send_denial_response(PlainTextResponse("no", 403))

    def open(self, url: str = "/", *subprotocols: str, **headers: str) -> LocalWebSocket:
        """Return a client that offers the subprotocol of GraphQL, and *subprotocols*."""
        offered = [GRAPHQL, *subprotocols]
        return LocalWebSocket(self.app, url, headers=headers, subprotocols=offered)

    async def close_code(self, message: object, url: str = "/", **headers: str) -> int:
        """Return the code of the close after *message*, which is JSON unless it is a text."""
        async with self.open(url, **headers) as socket:
            assert socket.response.headers["sec-websocket-protocol"] == GRAPHQL
            if isinstance(message, str):
                socket.send_text(message)
            else:
                socket.send_json(message)
            return await socket.receive_close()


def init(token: str, **payload: Any) -> dict[str, Any]:
    """Return the message with *token* in its payload."""
    payload = {"Authorization": f"Bearer {token}", **payload}
    return {"type": "connection_init", "payload": payload}


async def test_token_in_the_first_message_authenticates_and_is_removed() -> None:
    """The application is served only then, and gets the message and those that follow."""
    api = _Api()
    token = api.local.token("read")
    async with api.open() as socket:
        await asyncio.sleep(0.05)
        assert api.served == 0
        socket.send_json(init(token, locale="de"))
        onward = {"type": "connection_init", "payload": {"locale": "de"}}
        assert await socket.receive_json() == ["u1", onward]
        socket.send_json({"type": "ping"})
        assert await socket.receive_json() == ["u1", {"type": "ping"}]
    assert [each.outcome for each in api.decisions] == ["authenticated"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "connection_init"}, "no_credentials"),
        (init("no-token"), "malformed_token"),
        (init(""), "malformed_credentials"),
        (init("a b"), "malformed_credentials"),
        ({"type": "subscribe", "id": "1"}, "no_connection_init"),
        ({"type": "ping"}, "no_connection_init"),
        ("not JSON", "no_connection_init"),
        (init("t", more="x" * 9000), "no_connection_init"),
    ],
    ids=range(8),
)
async def test_other_first_message_closes_the_socket_with_4401(
    message: object, reason: str
) -> None:
    """The operator sees the reason; the application sees nothing."""
    api = _Api()
    assert await api.close_code(message) == 4401
    assert api.served == 0
    assert [each.reason for each in api.decisions] == [reason]


async def test_rejections_have_a_code_for_each_status() -> None:
    """By the middleware, a route and the application; an outage is not the client's fault."""
    api = _Api({"requires": "read"})
    assert await api.close_code(init(api.local.token("other"))) == 4403
    assert await api.close_code(init(api.local.token("read")), "/admin") == 4403
    assert api.served == 0
    assert await api.close_code(init(api.local.token("read")), "/denied") == 4403
    outage = _Api()
    outage.local.outage = lambda _: httpx.Response(500)
    assert await outage.close_code(init(outage.local.token("read"))) == 1013
    revoked = _Api(deny_list=DenyList())
    await revoked.guard.revoke(revoked.local.issuer, subject="u1")
    assert await revoked.close_code(init(revoked.local.token("read"))) == 4401


async def test_bound_token_in_a_message_is_rejected() -> None:
    """With the client's certificate and with a proof in the handshake too."""
    key = DPoPKey()
    certificate = ClientCertificate()
    forwarded = ForwardedCertificate("client-cert", secret=("X-Proxy", "s" * 32))
    api = _Api(dpop=DPoP(), certificates=forwarded)
    token = api.local.token("read", cnf=key.cnf)
    proof = key.proof(token, "GET", api.local.audience)
    assert await api.close_code(init(token), dpop=proof) == 4401
    bound = api.local.token("read", cnf=certificate.cnf)
    fields = {"client-cert": certificate.client_cert, "x-proxy": "s" * 32}
    assert await api.close_code(init(bound), **fields) == 4401
    assert {each.reason for each in api.decisions} == {"bound_token"}


async def test_credentials_of_the_handshake_are_used_without_reading_a_message() -> None:
    """Then a rejection comes before the WebSocket is accepted, as for any other."""
    api = _Api()
    valid = {"authorization": f"Bearer {api.local.token('read')}"}
    async with api.open(**valid) as socket:
        socket.send_json({"type": "ping"})
        assert await socket.receive_json() == ["u1", {"type": "ping"}]
    async with api.open(authorization="Bearer no-token") as socket:
        assert socket.response.status_code == 401
    encoded = base64.urlsafe_b64encode(b"no-token").decode().rstrip("=")
    async with api.open("/", "base64url.bearer", f"base64url.bearer.{encoded}") as socket:
        assert socket.response.status_code == 401


@pytest.mark.parametrize(
    ("settings", "offered"),
    [
        ({"bearer_methods": ["header"]}, [GRAPHQL]),
        ({"bearer_methods": ["header", "websocket-protocol"]}, [GRAPHQL]),
        ({}, ["graphql-ws"]),
        ({}, []),
    ],
    ids=str,
)
async def test_handshake_is_rejected_before_it_is_accepted_unless_configured_and_offered(
    settings: dict[str, Any], offered: list[str]
) -> None:
    """No other WebSocket is accepted without a token."""
    api = _Api(**settings)
    async with LocalWebSocket(api.app, "/", subprotocols=offered) as socket:
        assert socket.response.status_code == 401


async def test_handshake_without_tls_is_rejected_before_it_is_accepted() -> None:
    """Where TLS is required, no token is waited for."""
    api = _Api(require_https=True)
    async with api.open("ws://api.test/") as socket:
        assert socket.response.status_code == 400


async def test_message_without_a_token_is_anonymous_where_none_is_required() -> None:
    """Any other first message is rejected all the same."""
    api = _Api({"required": False})
    message = {"type": "connection_init"}
    async with api.open() as socket:
        socket.send_json(message)
        assert await socket.receive_json() == [None, message]
    assert await api.close_code({"type": "ping"}) == 4401
    assert await api.close_code(init("no-token")) == 4401


async def test_socket_ends_with_the_token_of_its_message() -> None:
    """As with that of a header; the token is validated once, and then cached."""
    api = _Api(deny_list=DenyList())
    token = api.local.token("read", sid="s1")
    for _ in range(3):  # the first one has the keys fetched, and is not cached
        async with api.open() as socket:
            socket.send_json(init(token))
            await socket.receive_json()
    assert [each.cached for each in api.decisions] == [False, False, True]
    async with api.open() as socket:
        socket.send_json(init(token))
        await socket.receive_json()
        await api.guard.revoke(api.local.issuer, sid="s1")
        assert await socket.receive_close() == 3003


@pytest.mark.parametrize("is_token", [True, False])
async def test_guard_inside_itself_reads_the_message_once(is_token: bool) -> None:
    """The inner one finds what the outer one has removed."""
    api = _Api({"required": False})
    api.app = OAuthGuardMiddleware(api.app, api.guard, required=False)
    message = init(api.local.token("read")) if is_token else {"type": "connection_init"}
    async with api.open() as socket:
        socket.send_json(message)
        caller, onward = await socket.receive_json()
    assert (caller, "Bearer" in str(onward)) == ("u1" if is_token else None, False)


async def test_credentials_that_were_added_in_between_are_read_alone() -> None:
    """By the guard inside itself, as for any other place of a token."""
    api = _Api()
    guarded, other = api.app, api.local.token("read", sub="u2")

    async def between(connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "websocket":
            field = (b"authorization", f"Bearer {other}".encode())
            connection = {**connection, "headers": [*connection["headers"], field]}
        await guarded(connection, receive, send)

    api.app = OAuthGuardMiddleware(between, api.guard)
    async with api.open() as socket:
        socket.send_json(init(api.local.token("read")))
        assert (await socket.receive_json())[0] == "u2"


async def test_client_that_leaves_early_is_forgotten() -> None:
    """Nothing is sent to it."""
    api = _Api()
    async with api.open() as socket:
        socket.close()
    assert api.served == 0


async def test_log_has_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """Nor the message."""
    caplog.set_level(logging.DEBUG, "oauth_guard")
    api = _Api()
    assert await api.close_code(init("a-secret-token", other="a secret")) == 4401
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("oauth_guard")]
    assert ours
    assert not any("secret" in each for each in ours)


def test_name_of_the_method_is_checked() -> None:
    """A wrong name is refused."""
    with pytest.raises(ConfigurationError, match="graphql-connection-init"):
        _Api(bearer_methods=["header", "connection_init"])
