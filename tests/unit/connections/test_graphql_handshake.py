"""GraphQLHandshake: what client and application see of a WebSocket that was accepted early."""

import asyncio
import json
from typing import Any

import pytest

from oauth_guard.asgi import Message
from oauth_guard.connections.graphql_handshake import GraphQLHandshake

CONNECT = {"type": "websocket.connect"}
INIT = {"type": "connection_init", "payload": {"Authorization": "Bearer t", "a": 1}}
FIRST = {"type": "websocket.receive", "text": json.dumps(INIT)}
LEFT = {"type": "websocket.disconnect", "code": 1001}
START = "websocket.http.response.start"


class _Client:
    """A client that sends *messages*, and then nothing; what is sent to it is in `received`."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.received: list[Message] = []

    async def receive(self) -> Message:
        """Return the next message."""
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        """Record *message*."""
        self.received.append(message)

    def handshake(self, **options: Any) -> GraphQLHandshake:
        """Return the handshake of this client."""
        return GraphQLHandshake(self.receive, self.send, **options)


async def test_application_sees_a_new_handshake_and_the_message_without_the_token() -> None:
    """It can accept it; what follows is passed on in both directions."""
    client = _Client(CONNECT, FIRST, {"type": "websocket.receive", "text": "next"})
    handshake = client.handshake()
    assert (await handshake.read()).token() == b"t"
    first, second, third = [await handshake.receive() for _ in range(3)]
    onward = {"type": "connection_init", "payload": {"a": 1}}
    assert (first, json.loads(second["text"]), third["text"]) == (CONNECT, onward, "next")
    await handshake.send({"type": "websocket.accept", "subprotocol": "other"})
    for kind in ("send", "close"):
        await handshake.send({"type": f"websocket.{kind}"})
    accept = {"type": "websocket.accept", "subprotocol": "graphql-transport-ws", "headers": []}
    assert client.received == [accept, {"type": "websocket.send"}, {"type": "websocket.close"}]


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ({"type": START, "status": 401}, 4401, "Unauthorized"),
        ({"type": START, "status": 400}, 4401, "Unauthorized"),
        ({"type": START, "status": 403}, 4403, "Forbidden"),
        ({"type": START, "status": 503}, 1013, "Try again later"),
        ({"type": "websocket.close"}, 4403, "Forbidden"),
        ({"type": "websocket.close", "code": 1008}, 4403, "Forbidden"),
        ({"type": "websocket.close", "code": 3003, "reason": "r"}, 3003, "r"),
    ],
    ids=range(7),
)
async def test_rejected_handshake_is_closed_with_a_code(
    message: Message, code: int, reason: str
) -> None:
    """A body has no place in it. The end of a token keeps its own code."""
    client = _Client(CONNECT, FIRST)
    handshake = client.handshake()
    await handshake.read()
    await handshake.send(message)
    await handshake.send({"type": "websocket.http.response.body", "body": b"text"})
    close = {"type": "websocket.close", "code": code, "reason": reason}
    assert client.received[1:] == [close]


async def test_wait_for_the_first_message_ends() -> None:
    """The close says so."""
    client = _Client(CONNECT)
    handshake = client.handshake(seconds=0.01)
    assert (await handshake.read()).text is None
    await handshake.send({"type": START, "status": 400})
    assert client.received[-1]["code"] == 4408


@pytest.mark.parametrize("messages", [[LEFT], [CONNECT, LEFT]], ids=len)
async def test_client_that_leaves_before_its_first_message_is_seen_as_gone(
    messages: list[Message],
) -> None:
    """So a rejection is not sent to it."""
    handshake = _Client(*messages).handshake()
    assert (await handshake.read()).text is None
    assert await handshake.receive() == LEFT


async def test_binary_message_is_no_connection_init() -> None:
    """The protocol has text messages only."""
    data = {"type": "websocket.receive", "bytes": json.dumps(INIT).encode()}
    assert (await _Client(CONNECT, data).handshake().read()).text is None


def test_application_can_reject_with_a_status() -> None:
    """Whether the server can or not; the connection of the server stays as it is."""
    handshake = _Client().handshake()
    tls: dict[str, Any] = {"tls": {}}
    for extensions in (None, {}, tls):
        inner = handshake.connection({"extensions": extensions})
        assert inner["extensions"] == {**(extensions or {}), "websocket.http.response": {}}
    assert tls == {"tls": {}}
    assert handshake.connection({})["extensions"] == {"websocket.http.response": {}}
