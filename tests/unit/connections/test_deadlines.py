"""ConnectionDeadlines: WebSockets and streams end with their token, within a second."""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from oauth_guard import (
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.asgi import Message, Receive, Send
from oauth_guard.connections.deadlines import ConnectionDeadlines
from oauth_guard.connections.guarded_connection import OPEN_CONNECTION, GuardedConnection
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.interfaces import Notices
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.renewal import renew
from oauth_guard.testing import LocalIssuer, LocalWebSocket, SigningKey
from tests.acceptance.standards.recorded_response import body, http, run
from tests.builders.clock import FakeClock
from tests.builders.local_notices import LocalNotices

RESOURCE = "https://api.test"
KEY = SigningKey("k1")
EXPIRED, REVOKED = 3000, 3003


class _Feed:
    """An application that greets, and then records what it receives.

    Attributes:
        received: The messages after `websocket.connect`.
        opened: The connection that the middleware guards.
        failure: What the last `send` raised.
        connection: The connection as the middleware passed it on.
    """

    def __init__(self, *, waits: bool = True) -> None:
        self.received: list[Message] = []
        self.opened: GuardedConnection | None = None
        self.failure: OSError | None = None
        self.connection: Any = None
        self._waits = waits

    async def __call__(self, connection: Any, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it is disconnected."""
        self.opened = connection.get(OPEN_CONNECTION)
        self.connection = connection
        received: list[Message] = []
        self.received = received
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while not self._waits:
                await send({"type": "websocket.send", "text": "tick"})
                await asyncio.sleep(0.01)
        except OSError as error:
            self.failure = error
        while not received or received[-1]["type"] != "websocket.disconnect":
            received.append(await receive())
        await send({"type": "websocket.close", "code": 1000})


class _World:
    """A guard whose clock a test moves, around one application.

    Attributes:
        clock: The time.
        local: The authorization server.
        deny_list: The revoked tokens.
        app: The guarded application.
    """

    def __init__(
        self,
        feed: Any,
        *,
        opaque: bool = False,
        notices: Notices | None = None,
        **middleware: Any,
    ) -> None:
        self.clock = FakeClock()
        self.local = LocalIssuer(key=KEY, clock=self.clock)
        issuer = self._opaque() if opaque else self._jwt()
        self.deny_list = DenyList(notices, clock=self.clock, monotonic=self.clock)
        self.guard = Guard(RESOURCE, [issuer], clock=self.clock, deny_list=self.deny_list)
        self.app = OAuthGuardMiddleware(feed, self.guard, **middleware)

    def _jwt(self) -> JWTIssuer:
        cache = JWKSCache(max_age=30, cooldown=0)
        return JWTIssuer(
            self.local.issuer, http=self.local.http, clock=self.clock, leeway=0, jwks_cache=cache
        )

    def _opaque(self) -> IntrospectionIssuer:
        return IntrospectionIssuer(
            self.local.issuer,
            client=ClientSecretBasic("api", "secret"),
            http=self.local.http,
            clock=self.clock,
            monotonic=self.clock,
        )

    def open(self, token: str, **options: Any) -> LocalWebSocket:
        """Return a client that opens a WebSocket with *token*."""
        return LocalWebSocket(
            self.app, "/feed", headers={"Authorization": f"Bearer {token}"}, **options
        )


async def _closed(socket: LocalWebSocket) -> tuple[int, float]:
    """Return the close code, and after how many seconds it came."""
    started = time.monotonic()
    return await socket.receive_close(), time.monotonic() - started


@pytest.mark.parametrize("waits", [True, False], ids=["receiving", "sending"])
async def test_websocket_is_closed_when_its_token_expires(waits: bool) -> None:
    """The application gets the disconnection with the code, and can't send any more."""
    feed = _Feed(waits=waits)
    world = _World(feed)
    async with world.open(world.local.token()) as socket:
        world.clock.advance(299)
        await asyncio.sleep(1.2)
        assert socket.close_code is None
        world.clock.advance(1)
        code, seconds = await _closed(socket)
    assert (code, seconds < 1.2) == (EXPIRED, True)
    assert [message["type"] for message in feed.received] == ["websocket.disconnect"]
    assert feed.received[0]["code"] == EXPIRED
    assert isinstance(feed.failure, ConnectionAbortedError) is not waits


async def test_open_websockets_are_counted_until_they_end() -> None:
    """Each once, for the measurements of the guard."""
    world = _World(_Feed())
    async with world.open(world.local.token()):
        async with world.open(world.local.token(sub="another")):
            assert _open_connections(world) == 2
        assert _open_connections(world) == 1
    assert _open_connections(world) == 0


def _open_connections(world: _World) -> float:
    return next(
        each.value for each in world.guard.measurements() if each.name == "open_connections"
    )


async def test_websocket_ends_within_half_a_second_of_its_expiry() -> None:
    """The visits are timed by the end of the token: here with the clock of the machine."""
    local = LocalIssuer(key=KEY)
    guard = Guard(RESOURCE, [JWTIssuer(local.issuer, http=local.http, leeway=0)])
    end = time.time() + 0.75
    headers = local.headers(exp=end)
    async with LocalWebSocket(OAuthGuardMiddleware(_Feed(), guard), "/", headers=headers) as socket:
        assert await socket.receive_close() == EXPIRED
    assert 0 <= time.time() - end < 0.5


async def test_websocket_of_an_opaque_token_ends_with_its_revocation() -> None:
    """The token is introspected again as soon as its cached result has ended."""
    feed = _Feed()
    world = _World(feed, opaque=True)
    token = world.local.opaque_token()
    async with world.open(token) as socket:
        world.clock.advance(61)
        await asyncio.sleep(1.2)
        assert socket.close_code is None
        world.local.revoke(token)
        world.clock.advance(61)
        code, seconds = await _closed(socket)
    assert (code, seconds < 1.3) == (REVOKED, True)


def _less_scope(world: _World, token: str) -> None:
    world.local.introspection.responses[token]["scope"] = "other"


def _another_caller(world: _World, token: str) -> None:
    world.local.introspection.responses[token]["sub"] = "u2"


def _outage(world: _World, _: str) -> None:
    world.local.outage = lambda _: httpx.Response(500)


@pytest.mark.parametrize(
    ("change", "code"),
    [(_less_scope, REVOKED), (_another_caller, REVOKED), (_outage, EXPIRED)],
    ids=["less scope", "another caller", "outage"],
)
async def test_websocket_ends_if_its_token_cannot_be_validated_again(
    change: Callable[[_World, str], None], code: int
) -> None:
    """What the middleware requires still applies, and an outage extends no connection."""
    world = _World(_Feed(), opaque=True, requires="read")
    token = world.local.opaque_token("read")
    async with world.open(token) as socket:
        change(world, token)
        world.clock.advance(61)
        assert (await _closed(socket))[0] == code


@pytest.mark.parametrize(
    ("opaque", "scope", "code"),
    [(True, "read", None), (True, "other", REVOKED), (False, "read", REVOKED)],
    ids=["new claims suffice", "new claims do not suffice", "signed claims"],
)
async def test_websocket_is_validated_again_when_claims_of_its_token_change(
    scope: str, code: int | None, *, opaque: bool
) -> None:
    """Immediately; one whose claims are signed ends, since they can't change."""
    feed = _Feed()
    world = _World(feed, opaque=opaque, requires="read")
    local = world.local
    token = local.opaque_token("read") if opaque else local.token("read")
    async with world.open(token):
        opened = feed.opened
        assert opened is not None
        await world.guard.claims_changed(local.issuer, subject="another")
        if opaque:
            local.introspection.responses[token]["scope"] = scope
        requests = len(local.introspection.requests)
        await asyncio.sleep(0.05)
        assert (opened.code, len(local.introspection.requests)) == (None, requests)
        await world.guard.claims_changed(local.issuer, subject="u1")
        await asyncio.sleep(0.05)
        assert opened.code == code
        assert (len(local.introspection.requests) > requests) is opaque


async def test_websocket_of_a_removed_key_ends() -> None:
    """Another token has the keys fetched; then the key of this one is no longer known."""
    world = _World(_Feed())
    async with world.open(world.local.token()):
        pass  # the keys are fetched now
    async with world.open(world.local.token(exp=int(world.clock()) + 9000)) as socket:
        world.local.keys = [SigningKey("k2")]
        world.clock.advance(31)
        other = LocalWebSocket(world.app, "/", headers=world.local.headers())
        async with other:
            assert (await _closed(socket))[0] == REVOKED


async def test_websocket_of_a_revoked_token_ends_immediately() -> None:
    """No visit is waited for; another session is not affected."""
    world = _World(_Feed())
    first = world.open(world.local.token(sid="s1"))
    second = world.open(world.local.token(sid="s2"))
    async with first, second:
        await world.guard.revoke(world.local.issuer, sid="s1")
        code, seconds = await _closed(first)
        assert (code, seconds < 0.2) == (REVOKED, True)
        await asyncio.sleep(1.2)
        assert second.close_code is None


async def test_websocket_ends_if_revocations_are_unknown() -> None:
    """Its token may be revoked, so it is treated like an expired one."""
    notices = LocalNotices()
    world = _World(_Feed(), notices=notices)
    async with world.guard, world.open(world.local.token()) as socket:
        notices.down = True
        world.clock.advance(30)
        assert (await _closed(socket))[0] == EXPIRED


async def test_token_that_expires_during_its_validation_ends_as_expired() -> None:
    """The reason decides which code is sent."""
    world = _World(_Feed(), opaque=True)
    token = world.local.opaque_token()
    async with world.open(token) as socket:
        world.local.introspection.responses[token]["exp"] = int(world.clock()) + 1
        world.clock.advance(61)
        assert (await _closed(socket))[0] == EXPIRED


async def test_token_that_no_cache_may_keep_is_validated_each_minute() -> None:
    """Its issuer can't say without a validation whether it is current."""
    calls: list[float] = []
    feed = _Feed()
    world = _World(feed)

    def check(validated: ValidatedToken, now: float) -> None:
        validated.is_current = None
        calls.append(now)
        if len(calls) == 3:
            raise InvalidToken(Reason.INACTIVE)

    vars(world.guard)["_checks"] = (check,)
    async with world.open(world.local.token()) as socket:
        for _ in range(2):
            await asyncio.sleep(1.1)
            world.clock.advance(60)
        assert (await _closed(socket))[0] == REVOKED
    assert len(calls) == 3


async def test_status_of_a_token_is_checked_each_minute() -> None:
    """A status list may revoke it although its key is still used."""
    calls: list[float] = []
    world = _World(_Feed())

    def check(_: ValidatedToken, now: float) -> None:
        calls.append(now)
        if len(calls) == 3:
            raise InvalidToken(Reason.REVOKED)

    vars(world.guard)["_checks"] = (check,)
    token = world.local.token(status={"status_list": {"idx": 1, "uri": "https://as.test/1"}})
    async with world.open(token) as socket:
        for _ in range(2):
            await asyncio.sleep(1.1)
            world.clock.advance(60)
        assert (await _closed(socket))[0] == REVOKED
    assert len(calls) == 3


async def test_routes_are_not_checked_again_for_each_websocket() -> None:
    """The first connection has them checked; later ones go to the application itself."""
    feed = _Feed()
    world = _World(feed)
    async with world.open(world.local.token()):
        assert vars(world.app)["_deadlines"].app is feed


async def test_message_of_the_client_reaches_the_application_before_the_end() -> None:
    """The wrapper changes nothing while the token is valid."""
    feed = _Feed()
    world = _World(feed)
    async with world.open(world.local.token()) as socket:
        socket.send_text("x")
    assert [message["type"] for message in feed.received] == [
        "websocket.receive",
        "websocket.disconnect",
    ]


async def test_anonymous_websocket_has_no_end() -> None:
    """It has no token."""
    feed = _Feed()
    world = _World(feed, required=False)
    async with LocalWebSocket(world.app, "/feed"):
        pass
    assert feed.opened is None


async def test_anonymous_stream_has_no_end() -> None:
    """It has no token either."""
    counts: list[float] = []

    async def app(_connection: Any, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        counts.append(_open_connections(world))
        await send({"type": "http.response.body", "body": b"ok"})

    world = _World(app, required=False, end_streams=True)
    await run(world.app, http("GET", "/"), body())
    assert counts == [0]


async def test_connection_that_the_client_has_left_is_not_closed_again() -> None:
    """The application may take its time after the disconnection."""
    world = _World(_disconnected)
    async with world.open(world.local.token()) as socket:
        socket.close()
        await asyncio.sleep(0.1)
        world.clock.advance(300)
        await asyncio.sleep(1.2)
    assert socket.close_code is None


async def _disconnected(_connection: Any, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    await asyncio.sleep(1.5)


async def test_token_without_expiry_is_visited_too() -> None:
    """It ends when its introspection says so."""
    world = _World(_Feed(), opaque=True)
    token = world.local.opaque_token(exp=None)
    async with world.open(token) as socket:
        world.local.revoke(token)
        world.clock.advance(61)
        assert (await _closed(socket))[0] == REVOKED


async def test_timeout_error_of_the_server_is_not_suppressed() -> None:
    """Only our own interruption is."""
    world = _World(_Feed())
    headers = [(b"authorization", b"Bearer " + world.local.token().encode())]
    connection = {"type": "websocket", "path": "/", "headers": headers}

    async def receive() -> Message:
        raise TimeoutError

    async def send(_: Message) -> None:
        raise AssertionError

    with pytest.raises(TimeoutError):
        await world.app(connection, receive, send)


async def test_failure_of_the_server_to_close_does_not_reach_the_application() -> None:
    """The client may have disconnected at the same moment."""
    feed = _Feed()
    world = _World(feed)
    headers = [(b"authorization", b"Bearer " + world.local.token().encode())]
    connection = {"type": "websocket", "path": "/", "headers": headers}
    never = asyncio.Event()
    first = True

    async def receive() -> Message:
        nonlocal first
        if not first:
            world.clock.advance(300)
            await never.wait()
        first = False
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            raise OSError

    await world.app(connection, receive, send)
    assert feed.received[-1]["code"] == EXPIRED


async def test_connection_that_ends_stops_its_validation() -> None:
    """No task outlives it."""
    world = _World(_Feed(), opaque=True)
    never = asyncio.Event()

    async def silent(_: Any) -> Any:
        await never.wait()

    async with world.open(world.local.opaque_token()):
        world.local.outage = silent
        world.clock.advance(61)
        await asyncio.sleep(1.2)
        assert "GuardedConnection._recheck" in _running()
    assert "GuardedConnection._recheck" not in _running()
    await world.guard.aclose()
    assert len(asyncio.all_tasks()) == 1


def _running() -> set[str]:
    return {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}


async def test_application_that_ends_meanwhile_waits_for_the_close() -> None:
    """The server would close with another code otherwise."""
    closed: list[int] = []

    async def app(connection: Any, receive: Receive, _send: Send) -> None:
        await receive()
        world.clock.advance(300)
        while connection[OPEN_CONNECTION].code is None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.05)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        await asyncio.sleep(0.1)
        closed.append(message["code"])

    world = _World(app)
    headers = [(b"authorization", b"Bearer " + world.local.token().encode())]
    await world.app({"type": "websocket", "path": "/", "headers": headers}, receive, send)
    assert closed == [EXPIRED]


def _streaming(chunks: int, seen: list[object]) -> Any:
    async def app(_connection: Any, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1.2)  # nothing is ended before a response has begun
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            for _ in range(chunks):
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0.1)
            await send({"type": "http.response.body"})
        except ConnectionAbortedError:
            seen.append(await receive())

    return app


@pytest.mark.parametrize(("ends", "disconnected"), [(True, True), (False, False)])
async def test_stream_ends_with_its_token_if_configured(ends: bool, disconnected: bool) -> None:
    """It ends where it is, and the application receives a disconnection."""
    seen: list[object] = []
    world = _World(_streaming(30, seen), end_streams=ends)
    headers = ((b"authorization", b"Bearer " + world.local.token().encode()),)
    connection = http("GET", "/", headers)
    expire = asyncio.get_running_loop().call_later(0.5, world.clock.advance, 300)
    response = await run(world.app, connection, body())
    expire.cancel()
    assert (seen == [{"type": "http.disconnect"}]) is disconnected
    bodies = [m for m in response.messages if m["type"] == "http.response.body"]
    assert bodies[-1].get("more_body", False) is False
    assert (len(bodies) < 30) is disconnected


def _open_idle(world: _World, count: int, ended: list[int]) -> list[asyncio.Task[None]]:
    """Open WebSockets whose clients send nothing, and note in *ended* the codes of their ends."""
    headers = [(b"authorization", b"Bearer " + world.local.token(sid="s1").encode())]

    async def one() -> None:
        messages = iter([{"type": "websocket.connect"}])

        async def receive() -> Message:
            for message in messages:
                return message
            return await asyncio.Event().wait()  # type: ignore[return-value] # never returns

        async def send(message: Message) -> None:
            if message["type"] == "websocket.close":
                ended.append(message["code"])

        connection = {"type": "websocket", "path": "/", "headers": headers}
        await world.app(connection, receive, send)

    return [asyncio.create_task(one()) for _ in range(count)]


async def test_thousand_idle_sockets_have_one_timer_and_no_tasks() -> None:
    """They all end within a second of their expiry."""
    many = _World(_Feed())
    ended: list[int] = []
    tasks = _open_idle(many, 1000, ended)
    deadlines = vars(many.app)["_deadlines"]
    async with asyncio.timeout(30):
        while len(deadlines) < 1000:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.1)
    assert (len(deadlines), len(asyncio.all_tasks())) == (1000, 1001)
    many.clock.advance(300)
    async with asyncio.timeout(3):
        await asyncio.gather(*tasks)
    assert ended == [EXPIRED] * 1000
    await asyncio.sleep(0.2)
    assert (len(deadlines), vars(deadlines)["_loop"]) == (0, None)


async def test_stall_of_the_event_loop_delays_no_visit_further() -> None:
    """Each slot whose time has passed is visited at the next tick."""
    world = _World(_Feed())
    vars(world.app)["_deadlines"] = ConnectionDeadlines(
        _Feed(), [world.guard], lambda _: None, monotonic=world.clock
    )
    end = world.clock() + 1
    async with AsyncExitStack() as stack, asyncio.timeout(5):
        sockets = [world.open(world.local.token(exp=end + tenth / 10)) for tenth in range(10)]
        for socket in sockets:
            await stack.enter_async_context(socket)
        world.clock.advance(3)
        for socket in sockets:
            assert await socket.receive_close() == EXPIRED


async def test_connection_ends_in_time_although_the_clock_is_set_back() -> None:
    """The time that its token had left is measured by the monotonic clock too."""
    world = _World(_Feed())
    now = int(world.clock())
    async with world.open(world.local.token(iat=now - 100, exp=now + 1)) as socket:
        world.clock.advance(-60)
        code, seconds = await _closed(socket)
    assert (code, seconds < 2.5) == (EXPIRED, True)


async def test_renewed_connection_has_the_time_of_its_newer_token() -> None:
    """By both clocks."""
    feed = _Feed()
    world = _World(feed)
    now = int(world.clock())
    async with world.open(world.local.token(iat=now - 100, exp=now + 1)) as socket:
        assert feed.opened is not None
        await renew(feed.connection, world.local.token(iat=now - 100, exp=now + 3))
        started = time.monotonic()
        await asyncio.sleep(1.5)
        assert feed.opened.code is None
        world.clock.advance(-60)
        assert (await _closed(socket))[0] == EXPIRED
    assert time.monotonic() - started < 5


async def test_clock_that_is_set_back_has_a_token_validated_that_is_validated_each_minute() -> None:
    """When it was validated last is not known any more."""
    calls: list[float] = []
    world = _World(_Feed())

    def check(validated: ValidatedToken, now: float) -> None:
        validated.is_current = None
        calls.append(now)

    vars(world.guard)["_checks"] = (check,)
    now = int(world.clock())
    async with world.open(world.local.token(iat=now - 100, exp=now + 9000)):
        world.clock.advance(-30)
        await asyncio.sleep(1.3)
    assert len(calls) >= 2


async def test_many_connections_are_visited_in_slices() -> None:
    """Other work runs in between; a revocation in the meantime reaches each of them."""
    times = itertools.count(0, 0.0002)  # each look at the clock takes 0.2 ms
    world = _World(_Feed())
    deadlines = ConnectionDeadlines(
        _Feed(), [world.guard], lambda _: None, monotonic=lambda: next(times)
    )
    vars(world.app)["_deadlines"] = deadlines
    sockets = [world.open(world.local.token(sid=f"s{number % 2}")) for number in range(60)]
    async with AsyncExitStack() as stack:
        for socket in sockets:
            await stack.enter_async_context(socket)
        opened = [each for slot in vars(deadlines)["_slots"] for each in slot]
        steps = []
        for session in ("s0", "s1"):
            await world.guard.revoke(world.local.issuer, sid=session)
            for _ in range(5):
                await asyncio.sleep(0)
                steps.append(sum(each.code is not None for each in opened))
        assert steps[0] <= 5
        assert steps[4] < 30
        async with asyncio.timeout(10):
            for socket in sockets:
                assert await socket.receive_close() == REVOKED


def test_event_loop_that_closes_during_visits_leaves_the_next_one_able_to_visit() -> None:
    """As with a test client that starts an event loop for each WebSocket."""
    times = itertools.count(0, 0.002)  # each look at the clock takes 2 ms: a slice is one visit
    world = _World(_Feed())
    vars(world.app)["_deadlines"] = ConnectionDeadlines(
        _Feed(), [world.guard], lambda _: None, monotonic=lambda: next(times)
    )
    ended: list[int] = []

    async def interrupted() -> None:
        _open_idle(world, 50, ended)
        await asyncio.sleep(0.05)
        await world.guard.revoke(world.local.issuer, sid="another")

    async def revoked() -> None:
        tasks = _open_idle(world, 1, ended)
        await asyncio.sleep(0.05)
        await world.guard.revoke(world.local.issuer, sid="s1")
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)

    asyncio.run(interrupted())
    assert ended == []
    asyncio.run(revoked())
    assert ended == [REVOKED]


async def test_whole_response_is_no_open_connection() -> None:
    """Only a stream is one, from its start."""
    counts: list[float] = []

    async def app(_connection: Any, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})
        counts.append(_open_connections(world))

    world = _World(app, end_streams=True)
    headers = ((b"authorization", b"Bearer " + world.local.token().encode()),)
    await run(world.app, http("GET", "/", headers), body())
    assert [*counts, _open_connections(world)] == [0, 0]


async def test_connection_whose_check_fails_ends_and_the_others_are_visited(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whether its token is valid can't be known."""
    feed = _Feed()
    world = _World(feed)
    async with world.open(world.local.token()) as first:
        assert feed.opened is not None
        feed.opened.request.validated.is_current = _failing
        second = world.open(world.local.token(sid="s2"))
        async with second:
            assert (await _closed(first))[0] == EXPIRED
            await world.guard.revoke(world.local.issuer, sid="s2")
            assert (await _closed(second))[0] == REVOKED
    assert "an open connection can't be checked: ZeroDivisionError" in caplog.text


def _failing() -> bool:
    raise ZeroDivisionError
