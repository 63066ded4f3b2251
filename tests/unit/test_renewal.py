"""renew: an open WebSocket continues with a newer token of the same caller only."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import (
    ConfigurationError,
    Guard,
    JWTIssuer,
    OAuthGuardMiddleware,
    RequestRejected,
    Requirement,
    current_identity,
    renew,
)
from oauth_guard.asgi import REQUEST
from oauth_guard.connections.guarded_connection import OPEN_CONNECTION
from oauth_guard.possession import DPoP
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer, LocalWebSocket, SigningKey
from oauth_guard.testing.dpop import DPoPKey
from tests.builders.clock import FakeClock

KEY = SigningKey("k1")
EXPIRED = 3000


@requires("read")
async def _endpoint(websocket: WebSocket) -> None:
    """Renew with each message, and send the scopes or the reason of the rejection."""
    await websocket.accept()
    async for message in websocket.iter_json():
        try:
            identity = await renew(websocket, message["token"], proof=message.get("proof"))
        except RequestRejected as error:
            await websocket.send_json(error.reason)
            continue
        assert identity is websocket.user is websocket.auth is current_identity()
        assert websocket.scope[REQUEST] is websocket.scope[OPEN_CONNECTION].request
        await websocket.send_json(sorted(identity.scopes))


class _World:
    """A guarded application with one WebSocket.

    Attributes:
        clock: The time.
        local: The authorization server.
        app: The guarded application.
    """

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.local = LocalIssuer(key=KEY, clock=self.clock)
        issuer = JWTIssuer(self.local.issuer, http=self.local.http, clock=self.clock, leeway=0)
        guard = Guard("https://api.test", [issuer], clock=self.clock, **options)
        inner = Starlette(routes=[WebSocketRoute("/", _endpoint)])
        self.app = OAuthGuardMiddleware(inner, guard, requires="base")

    def open(self, **claims: Any) -> LocalWebSocket:
        """Return a client with a token for this resource."""
        return LocalWebSocket(self.app, "/", headers=self.local.headers("base", "read", **claims))


async def test_renewed_websocket_ends_with_the_newer_token() -> None:
    """The expiry of the first token no longer counts."""
    world = _World()
    async with world.open() as socket:
        world.clock.advance(200)
        socket.send_json({"token": world.local.token("base", "read", "more")})
        assert await socket.receive_json() == ["base", "more", "read"]
        world.clock.advance(200)
        socket.send_json({"token": world.local.token("base", "read")})
        assert await socket.receive_json() == ["base", "read"]
        world.clock.advance(300)
        assert await socket.receive_close() == EXPIRED


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({"sub": "u2"}, "another_caller", id="another subject"),
        pytest.param({"client_id": "c2"}, "another_caller", id="another client"),
        pytest.param({"exp": 1}, "expired", id="expired"),
        pytest.param({"scope": "read"}, "insufficient_scope", id="scope of the middleware"),
        pytest.param({"scope": "base"}, "insufficient_scope", id="scope of the route"),
        pytest.param({"aud": "https://other.test"}, "wrong_audience", id="another resource"),
    ],
)
async def test_token_that_does_not_fit_is_rejected_and_changes_nothing(
    claims: dict[str, Any], reason: str
) -> None:
    """The WebSocket goes on with the first token, and ends with it."""
    world = _World()
    async with world.open() as socket:
        socket.send_json({"token": world.local.token("base", "read", **claims)})
        assert await socket.receive_json() == reason
        world.clock.advance(300)
        assert await socket.receive_close() == EXPIRED


@pytest.mark.parametrize("token", ["", "a b", "\u20ac"])
async def test_token_of_no_possible_form_is_rejected(token: str) -> None:
    """As in a header of a new request."""
    async with _World().open() as socket:
        socket.send_json({"token": token})
        assert await socket.receive_json() == "malformed_credentials"


async def test_bound_token_renews_with_a_proof_of_its_key_only() -> None:
    """The proof of the handshake can't be used again, and another key is another caller."""
    world = _World(dpop=DPoP())
    key, other = (DPoPKey(clock=world.clock) for _ in range(2))
    token = world.local.token("base", "read", cnf=key.cnf)
    url = "https://api.test/"
    headers = key.headers(token, "GET", url)
    async with LocalWebSocket(world.app, "/", headers=headers) as socket:
        newer = world.local.token("base", "read", "more", cnf=key.cnf)
        socket.send_json({"token": newer})
        assert await socket.receive_json() != ["base", "more", "read"]
        socket.send_json({"token": newer, "proof": key.proof(newer, "GET", url)})
        assert await socket.receive_json() == ["base", "more", "read"]
        stolen = world.local.token("base", "read", cnf=other.cnf)
        socket.send_json({"token": stolen, "proof": other.proof(stolen, "GET", url)})
        assert await socket.receive_json() == "bound_token"


async def test_caller_without_subject_is_never_the_same() -> None:
    """Two tokens without `sub` may belong to two callers."""
    world = _World()
    issuer = JWTIssuer(
        world.local.issuer,
        http=world.local.http,
        clock=world.clock,
        required_claims=["iss", "exp", "aud"],
    )
    guard = Guard("https://api.test", [issuer], clock=world.clock)
    app = OAuthGuardMiddleware(Starlette(routes=[WebSocketRoute("/", _endpoint)]), guard)
    headers = world.local.headers("base", "read", sub=None)
    async with LocalWebSocket(app, "/", headers=headers) as socket:
        socket.send_json({"token": world.local.token("base", "read", sub=None)})
        assert await socket.receive_json() == "another_caller"


async def test_websocket_that_has_ended_is_not_renewed() -> None:
    """A token that arrives too late opens nothing again."""
    world = _World()
    token = world.local.token("base", "read")
    newer = world.local.token("base", "read", exp=int(world.clock()) + 900)
    seen: list[object] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        with pytest.raises(RequestRejected) as caught:
            await renew(connection, newer)
        seen.append(caught.value.reason)

    (guard,) = world.app.guards
    headers = {"Authorization": f"Bearer {token}"}
    async with LocalWebSocket(OAuthGuardMiddleware(app, guard), "/", headers=headers) as socket:
        world.clock.advance(300)
        assert await socket.receive_close() == EXPIRED
    assert seen == ["expired"]


async def test_renew_without_a_guarded_websocket_is_a_configuration_error() -> None:
    """Neither a guard nor a token is there."""
    with pytest.raises(ConfigurationError, match="OAuthGuardMiddleware"):
        await renew({"type": "websocket"}, "token")


async def test_user_of_other_middleware_is_not_replaced() -> None:
    """Only the identity that this library has put there is."""
    world = _World()
    newer = world.local.token("base", "read", "more")
    seen: list[object] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        connection["user"] = "another"
        await receive()
        await send({"type": "websocket.accept"})
        await renew(connection, newer)
        seen.extend((connection["user"], sorted(connection["auth"].scopes)))

    (guard,) = world.app.guards
    headers = world.local.headers("base", "read")
    async with LocalWebSocket(OAuthGuardMiddleware(app, guard), "/", headers=headers):
        pass
    assert seen == ["another", ["base", "more", "read"]]


async def test_requirement_of_a_method_that_is_called_often_is_kept_once() -> None:
    """A long connection must not collect one for each message."""
    world = _World()
    requirement = Requirement.of("read", max_age=60)
    kept: list[int] = []

    async def app(connection: Any, receive: Any, send: Any) -> None:
        for _ in range(3):
            connection[OPEN_CONNECTION].require(requirement, connection)
        kept.append(len(connection[OPEN_CONNECTION].requirements))
        await receive()
        await send({"type": "websocket.accept"})

    (guard,) = world.app.guards
    headers = world.local.headers("base", "read")
    async with LocalWebSocket(OAuthGuardMiddleware(app, guard), "/", headers=headers):
        pass
    assert kept == [1]
