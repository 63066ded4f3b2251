"""OpenID AuthZEN: a WebSocket is opened, renewed and kept only while its policy permits it."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import (
    Guard,
    IssuerUnavailable,
    JWTIssuer,
    OAuthGuardMiddleware,
    RequestRejected,
    Requirement,
    renew,
)
from oauth_guard.asgi import Connection, Receive, Send
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer, LocalWebSocket, SigningKey
from tests.acceptance.standards.recorded_response import body, http, run
from tests.builders.clock import FakeClock
from tests.builders.policy_server import PolicyServer, policy_server

KEY = SigningKey("k1")
EXPIRED, REVOKED = 3000, 3003


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    """Run a policy decision point that permits everything."""
    with policy_server() as server:
        server.decide = lambda _: True
        yield server


@requires("read", policy="feed")
async def _decorated(websocket: WebSocket) -> None:
    await _serve(websocket)


async def _serve(websocket: WebSocket) -> None:
    """Renew with each message, and send the result."""
    await websocket.accept()
    async for message in websocket.iter_json():
        try:
            await renew(websocket, message)
        except (RequestRejected, IssuerUnavailable) as error:
            await websocket.send_json(error.reason)
        else:
            await websocket.send_json("renewed")


class World:
    """An application with a WebSocket at each path, one with a policy of the middleware.

    Args:
        server: The policy decision point.

    Attributes:
        clock: The time.
        local: The authorization server.
        app: The guarded application.
    """

    def __init__(self, server: PolicyServer) -> None:
        self.clock = FakeClock()
        self.local = LocalIssuer(key=KEY, clock=self.clock)
        # Keys in the settings are always current, so only the policy is a reason to look again.
        issuer = JWTIssuer(self.local.issuer, keys=self.local.jwks, clock=self.clock, leeway=0)
        point = PolicyDecisionPoint(server.url)
        guard = Guard("https://api.test", [issuer], clock=self.clock, policy_decision_point=point)
        self.guard = guard
        routes = [WebSocketRoute("/feeds/{id}", _decorated), WebSocketRoute("/all", _serve)]
        inner = Starlette(routes=routes)
        self.by_route = OAuthGuardMiddleware(inner, guard)
        self.by_middleware = OAuthGuardMiddleware(
            inner, guard, requires=Requirement.of("read", policy="feed")
        )

    def open(self, door: str) -> LocalWebSocket:
        """Return a client whose token lives five minutes."""
        app, path = {
            "route": (self.by_route, "/feeds/7"),
            "middleware": (self.by_middleware, "/all"),
        }[door]
        return LocalWebSocket(app, path, headers=self.local.headers("read"))


EACH = pytest.mark.parametrize(
    ("door", "target"), [("route", "/feeds/7"), ("middleware", "/all")], ids=["route", "middleware"]
)


@EACH
@pytest.mark.conformance("AZ-05", "AZ-08", "AZ-25")
async def test_handshake_is_evaluated(server: PolicyServer, door: str, target: str) -> None:
    """Its action is no HTTP method."""
    world = World(server)
    async with world.open(door):
        pass
    (evaluation,) = server.evaluations
    assert evaluation["action"] == {"name": "WEBSOCKET"}
    assert (evaluation["resource"]["type"], evaluation["resource"]["id"]) == ("feed", target)
    for server.decide, status in ((lambda _: False, 403), (lambda _: "true", 503)):
        async with world.open(door) as socket:
            assert socket.response.status_code == status
    await world.guard.aclose()


@EACH
@pytest.mark.conformance("AZ-26")
async def test_websocket_ends_when_its_policy_denies_it(
    server: PolicyServer, door: str, target: str
) -> None:
    """It is evaluated again after a minute, as it was at the handshake."""
    world = World(server)
    async with world.open(door) as socket:
        world.clock.advance(59)
        server.decide = lambda _: False
        socket.send_json("no token")
        await socket.receive_json()
        world.clock.advance(2)
        assert await socket.receive_close() == REVOKED
    assert [each["resource"]["id"] for each in server.evaluations] == [target] * 2
    assert server.evaluations[0] == server.evaluations[1]
    await world.guard.aclose()


@EACH
@pytest.mark.conformance("AZ-26")
async def test_websocket_ends_in_an_outage_of_the_decision_point(
    server: PolicyServer, door: str, target: str
) -> None:
    """Whether it is still permitted can't be known."""
    world = World(server)
    async with world.open(door) as socket:
        server.body = b"{}"
        world.clock.advance(61)
        assert await socket.receive_close() == EXPIRED
    assert server.evaluations[1]["resource"]["id"] == target
    await world.guard.aclose()


@EACH
@pytest.mark.conformance("AZ-25")
async def test_renewal_is_evaluated(server: PolicyServer, door: str, target: str) -> None:
    """With the newer token, and for the path of the handshake."""
    world = World(server)
    async with world.open(door) as socket:
        socket.send_json(world.local.token("read", "more"))
        assert await socket.receive_json() == "renewed"
        for server.decide, reason in (
            (lambda _: False, "policy_denied"),
            (lambda _: None, "bad_response"),
        ):
            socket.send_json(world.local.token("read"))
            assert await socket.receive_json() == reason
    scopes = [each["subject"]["properties"]["scopes"] for each in server.evaluations]
    assert scopes == [["read"], ["more", "read"], ["read"], ["read"]]
    assert {each["resource"]["id"] for each in server.evaluations} == {target}
    await world.guard.aclose()


@pytest.mark.conformance("AZ-26")
async def test_stream_ends_when_its_policy_denies_it(server: PolicyServer) -> None:
    """With `end_streams=True`, as a WebSocket does."""
    world = World(server)

    async def stream(connection: Connection, receive: Receive, send: Send) -> None:
        del receive
        assert connection["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        server.decide = lambda _: False
        world.clock.advance(61)
        with suppress(ConnectionAbortedError):
            while True:
                await send({"type": "http.response.body", "body": b"1", "more_body": True})
                await asyncio.sleep(0.02)

    requirement = Requirement.of("read", policy="feed")
    app = OAuthGuardMiddleware(stream, world.guard, requires=requirement, end_streams=True)
    headers = ((b"authorization", f"Bearer {world.local.token('read')}".encode()),)
    async with asyncio.timeout(5):
        response = await run(app, http("GET", "/", headers), body())
    assert response.messages[-1]["body"] == b""
    await world.guard.aclose()
