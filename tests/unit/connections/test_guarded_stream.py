"""GuardedStream: a response is watched if it is a stream, and ends with its token."""

import asyncio
from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer, Requirement
from oauth_guard.asgi import Message
from oauth_guard.connections.deadlines import ConnectionDeadlines
from oauth_guard.connections.guarded_stream import GuardedStream
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer, MovableClock

RESOURCE = "https://api.test"
LENGTH = (b"Content-Length", b"2")
FIRST: Message = {"type": "http.response.body", "body": b"{", "more_body": True}
LAST: Message = {"type": "http.response.body", "body": b"}"}


def _start(*headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": list(headers)}


class _Recorded:
    """A response with what was sent, and the connections that are watched."""

    def __init__(self, request: ResourceRequest, guard: Guard, clock: MovableClock) -> None:
        self.clock = clock
        self.sent: list[Message] = []
        self.watched = ConnectionDeadlines(_nothing, [guard], lambda _: None)
        self.response = GuardedStream(guard, request, self._receive, self._send, self.watched.watch)

    async def _receive(self) -> Message:
        return {"type": "http.request"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)


async def _nothing(_connection: Any, _receive: Any, _send: Any) -> None:
    """Do nothing."""


async def _recorded() -> _Recorded:
    issuer, clock = LocalIssuer(), MovableClock()
    guard = Guard(RESOURCE, [JWTIssuer(issuer.issuer, http=issuer.http)], clock=clock)
    fields = [(b"authorization", f"Bearer {issuer.token(aud=RESOURCE)}".encode())]
    connection: dict[str, Any] = {"type": "http", "headers": fields, "query_string": b""}
    request = ResourceRequest({**connection, "method": "GET", "path": "/", "scheme": "https"})
    await guard.authenticate(request)
    return _Recorded(request, guard, clock)


async def test_whole_response_is_not_watched() -> None:
    """Its length is known at its start, and it is sent in one piece."""
    recorded = await _recorded()
    await recorded.response.receive()
    await recorded.response.send(_start(LENGTH))
    await recorded.response.send(LAST)
    assert recorded.sent == [_start(LENGTH), LAST]
    assert len(recorded.watched) == 0


@pytest.mark.parametrize(
    "messages",
    [[_start()], [_start(LENGTH), FIRST], [{"type": "http.response.start", "status": 200}]],
    ids=["no length", "pieces", "no headers"],
)
async def test_stream_is_watched_once_and_ends_with_its_token(messages: list[Message]) -> None:
    """From its start, or from its first piece."""
    recorded = await _recorded()
    for message in messages:
        await recorded.response.send(message)
    assert len(recorded.watched) == 1
    recorded.clock.advance(3600)
    recorded.response.visit()
    assert recorded.response.code == 3000
    with pytest.raises(ConnectionAbortedError):
        await recorded.response.send(LAST)
    assert len(recorded.watched) == 1
    assert await recorded.response.receive() == {"type": "http.disconnect"}


async def test_application_that_waits_for_the_client_is_interrupted() -> None:
    """By the end of the stream, although it began to wait before the stream started."""
    recorded = await _recorded()
    gate = asyncio.Event()

    async def wait() -> Message:
        await gate.wait()
        return {"type": "http.request"}

    await recorded.response.receive()
    recorded.response._receive = wait  # noqa: SLF001 - what the server provides
    waiting = asyncio.ensure_future(recorded.response.receive())
    await asyncio.sleep(0)
    assert len(recorded.watched) == 0
    await recorded.response.send(_start())
    recorded.clock.advance(3600)
    recorded.response.visit()
    assert await waiting == {"type": "http.disconnect"}


async def test_requirements_are_those_of_the_stream() -> None:
    """Whether they were added before or after it started."""
    recorded = await _recorded()
    recorded.response.require(Requirement.of("a"), {})
    await recorded.response.send(_start())
    recorded.response.require(Requirement.of("b"), {})
    assert recorded.response.requirements == (
        (Requirement.of("a"), None),
        (Requirement.of("b"), None),
    )


async def test_response_is_ended_between_its_start_and_its_end_only() -> None:
    """Before the start there is nothing to end, and after the end neither."""
    recorded = await _recorded()
    recorded.clock.advance(3600)
    recorded.response.visit()
    await recorded.response.send(_start())
    await recorded.response.send(FIRST)
    await recorded.response.send(LAST)
    recorded.response.visit()
    assert recorded.response.code is None
    assert recorded.sent == [_start(), FIRST, LAST]
