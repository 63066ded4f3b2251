"""DeferredResponse: the start of a stream waits for the decision about its message."""

from typing import Any

import pytest

from oauth_guard.asgi import Message
from oauth_guard.mcp.deferred_response import DeferredResponse
from oauth_guard.protocol.challenge import Rejection

STREAM: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"Content-Type", b"text/event-stream")],
}
JSON: Message = {**STREAM, "headers": [(b"content-type", b"application/json")]}
FORBIDDEN = Rejection(403, ((b"www-authenticate", b"Bearer"),), b"{}")


def _body(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


EMPTY, EVENT, PING = _body(b"id: 1\r\ndata: \r\n\r\n"), _body(b"data: {}\r\n\r\n"), _body(b": ping")


class _Recorded:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.fails = False
        self.response = DeferredResponse({"type": "http", "method": "POST"}, self._send)

    async def _send(self, message: Message) -> None:
        if self.fails:
            raise OSError
        self.sent.append(message)

    async def send(self, *messages: Message) -> None:
        for message in messages:
            await self.response.send(message)


async def test_stream_is_deferred_until_its_message_is_allowed() -> None:
    """Its first event, which is empty, is deferred too; then everything passes in order."""
    recorded = _Recorded()
    await recorded.send(STREAM, EMPTY)
    assert recorded.sent == []
    assert recorded.response.allow()
    await recorded.response.release()
    assert recorded.sent == [STREAM, EMPTY]
    await recorded.send(EMPTY, EVENT)
    assert recorded.sent == [STREAM, EMPTY, EMPTY, EVENT]


@pytest.mark.parametrize("before", [[], [STREAM], [STREAM, EMPTY]], ids=["0", "1", "2"])
async def test_rejection_replaces_the_whole_response(before: list[Message]) -> None:
    """Whatever the server has sent before, and whatever it sends afterwards."""
    recorded = _Recorded()
    await recorded.send(*before)
    recorded.response.reject(FORBIDDEN)
    await recorded.send(*[STREAM, EVENT] if not before else [EVENT], EVENT)
    assert [message["type"] for message in recorded.sent] == [
        "http.response.start",
        "http.response.body",
    ]
    assert recorded.sent[0]["status"] == 403


async def test_response_that_is_no_stream_is_not_deferred() -> None:
    """It comes after the decision, or without one."""
    recorded = _Recorded()
    await recorded.send(JSON, _body(b"{}"))
    assert recorded.sent == [JSON, _body(b"{}")]


@pytest.mark.parametrize("event", [EVENT, PING, _body(b"")], ids=["message", "ping", "end"])
async def test_event_without_a_decision_starts_the_stream(event: Message) -> None:
    """The package has responded without a dispatch, and no later rejection changes the status."""
    recorded = _Recorded()
    await recorded.send(STREAM, event)
    assert recorded.sent == [STREAM, event]
    recorded.response.reject(FORBIDDEN)
    await recorded.send(EVENT)
    assert recorded.sent == [STREAM, event, EVENT]


async def test_client_that_has_disconnected_stops_no_operation() -> None:
    """`release` raises nothing."""
    recorded = _Recorded()
    await recorded.send(STREAM)
    recorded.fails = True
    recorded.response.allow()
    await recorded.response.release()


async def test_response_that_is_allowed_before_it_starts_passes() -> None:
    """Nothing is to be released; a rejection by a later check replaces it until it has started."""
    recorded, rejected = _Recorded(), _Recorded()
    assert not recorded.response.allow()
    await recorded.send(STREAM, EMPTY)
    recorded.response.reject(FORBIDDEN)
    await recorded.send(EVENT)
    assert recorded.sent == [STREAM, EMPTY, EVENT]
    rejected.response.allow()
    rejected.response.reject(FORBIDDEN)
    await rejected.send(STREAM, EVENT)
    assert rejected.sent[0]["status"] == 403
