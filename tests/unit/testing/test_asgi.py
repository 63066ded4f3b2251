"""LocalWebSocket: the client sees what a client of a real server would see."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import pytest

from oauth_guard.testing import LocalWebSocket

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class Scripted:
    """An application that sends *messages*, then sends back each message that it receives."""

    def __init__(self, *messages: Message) -> None:
        self.messages = messages
        self.connection: Message = {}
        self.received: list[Message] = []

    async def __call__(self, connection: Message, receive: Receive, send: Send) -> None:
        """Serve one WebSocket connection."""
        self.connection = connection
        self.received.append(await receive())
        for message in self.messages:
            await send(message)
        while self.messages[-1:] == (ACCEPT,):
            self.received.append(message := await receive())
            if message["type"] == "websocket.disconnect":
                return
            await send({**message, "type": "websocket.send"})


ACCEPT: Message = {"type": "websocket.accept"}
CLOSE: Message = {"type": "websocket.close", "code": 4000}
DENIAL: Message = {
    "type": "websocket.http.response.start",
    "status": 401,
    "headers": [(b"a", b"1"), (b"a", b"2")],
}
HELLO: Message = {"type": "websocket.send", "text": "hello"}


async def _broken(_connection: Message, _receive: Receive, _send: Send) -> None:
    raise LookupError("broken")


async def _never_ends(_connection: Message, _receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    await asyncio.Event().wait()


async def _raises_on_disconnect(_connection: Message, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass
    raise LookupError("late")


async def _disconnect(app: Any, waits: bool) -> None:
    async with LocalWebSocket(app, "/") as socket:
        socket.close()
        if waits:
            await socket.receive_close()


async def _silent(_connection: Message, _receive: Receive, _send: Send) -> None:
    await asyncio.Event().wait()


async def test_messages_arrive_unchanged_in_both_directions() -> None:
    """Text, bytes and JSON."""
    async with LocalWebSocket(Scripted(ACCEPT), "/") as socket:
        socket.send_text("a")
        assert await socket.receive_text() == "a"
        socket.send_bytes(b"\x00")
        assert await socket.receive_bytes() == b"\x00"
        socket.send_json({"n": [1]})
        assert await socket.receive_json() == {"n": [1]}


async def test_connection_has_the_members_of_the_asgi_specification() -> None:
    """Path, query, host and header fields are where ASGI puts them."""
    app = Scripted(ACCEPT)
    url = "wss://api.test:8443/caf%C3%A9?a=1"
    async with LocalWebSocket(app, url, headers={"X-A": "b"}, subprotocols=["p"]):
        connection = app.connection
    assert connection["type"] == "websocket"
    assert connection["path"] == "/café"
    assert connection["raw_path"] == b"/caf%C3%A9"
    assert connection["query_string"] == b"a=1"
    assert connection["headers"] == [(b"host", b"api.test:8443"), (b"x-a", b"b")]
    assert connection["server"] == ("api.test", 8443)
    assert connection["subprotocols"] == ["p"]


async def test_path_without_scheme_and_host_gets_defaults() -> None:
    """The scheme is `ws` and the host is `testserver`."""
    app = Scripted(ACCEPT)
    async with LocalWebSocket(app, "/feed"):
        pass
    assert app.connection["path"] == "/feed"
    assert app.connection["server"] == ("testserver", 80)
    assert [each["type"] for each in app.received] == ["websocket.connect", "websocket.disconnect"]


async def test_accepted_handshake_has_status_101() -> None:
    """The response has the header fields and the subprotocol of the application."""
    app = Scripted({"type": "websocket.accept", "headers": [(b"x-a", b"b")], "subprotocol": "p"})
    async with LocalWebSocket(app, "/") as socket:
        assert socket.response.status_code == 101
        assert dict(socket.response.headers) == {"x-a": "b", "sec-websocket-protocol": "p"}
        assert socket.close_code is None


async def test_denial_response_is_the_response_of_the_handshake() -> None:
    """Its status, its header fields and a body in several parts arrive complete."""
    parts: list[Message] = [
        {"type": "websocket.http.response.body", "body": b"no", "more_body": True},
        {"type": "websocket.http.response.body", "body": b"pe"},
    ]
    async with LocalWebSocket(Scripted(DENIAL, *parts), "/") as socket:
        assert socket.response.status_code == 401
        assert socket.response.headers.multi_items() == [("a", "1"), ("a", "2")]
        assert socket.response.text == "nope"


@pytest.mark.parametrize("denial_response", [True, False])
async def test_close_before_accept_has_status_403(denial_response: bool) -> None:
    """Servers respond so; the close code is available too."""
    async with LocalWebSocket(Scripted(CLOSE), "/", denial_response=denial_response) as socket:
        assert socket.response.status_code == 403
        assert await socket.receive_close() == 4000


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        pytest.param([ACCEPT, HELLO, CLOSE], 4000, id="with code"),
        pytest.param([ACCEPT, {"type": "websocket.close"}], 1000, id="without code"),
        pytest.param([ACCEPT, HELLO], 1006, id="ended after a message"),
        pytest.param([], 1006, id="ended without a message"),
    ],
)
async def test_receive_close_discards_messages_and_returns_the_code(
    messages: list[Message], code: int
) -> None:
    """The first close code stays; 1006 means that the application did not close."""
    async with LocalWebSocket(Scripted(*messages), "/") as socket:
        assert await socket.receive_close() == code
        with pytest.raises(AssertionError, match="sent no text but"):
            await socket.receive_text()
        assert socket.close_code == code


async def test_message_of_another_type_raises_assertion_error() -> None:
    """A text message is not a binary message."""
    async with LocalWebSocket(Scripted(ACCEPT, HELLO), "/") as socket:
        with pytest.raises(AssertionError, match=r"sent no bytes but .*hello"):
            await socket.receive_bytes()


async def test_denial_without_the_extension_raises_assertion_error() -> None:
    """A server without the extension could not send it."""
    with pytest.raises(AssertionError, match="responded to the handshake with"):
        async with LocalWebSocket(Scripted(DENIAL), "/", denial_response=False):
            raise NotImplementedError("unreachable")


@pytest.mark.parametrize("app", [_broken, _never_ends])
async def test_exception_of_the_test_is_raised_unchanged(app: Any) -> None:
    """How the application ends does not hide it."""
    with pytest.raises(LookupError):
        async with LocalWebSocket(app, "/"):
            raise LookupError("raised by the test")


@pytest.mark.parametrize("waits", [True, False], ids=["in receive_close", "at the end"])
async def test_exception_of_the_application_is_raised(waits: bool) -> None:
    """After the handshake it is raised by the next wait, or by the end."""
    with pytest.raises(LookupError, match="late"):
        await _disconnect(_raises_on_disconnect, waits)


@pytest.mark.parametrize("app", [_silent, _never_ends])
async def test_application_that_does_not_respond_or_end_raises_timeout_error(app: Any) -> None:
    """No task is left behind."""
    with pytest.raises(TimeoutError):
        async with LocalWebSocket(app, "/", timeout=0.05):
            pass
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("caught", [True, False])
async def test_application_that_only_sends_ends_with_its_client(caught: bool) -> None:
    """It never receives the end, so a message after it raises, as it does on a server."""
    raised = []

    async def ticker(_: Message, __: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "tick"})
                await asyncio.sleep(0.01)
        except OSError as error:
            raised.append(str(error))
            if not caught:
                raise

    async with LocalWebSocket(ticker, "/") as socket:
        assert await socket.receive_text() == "tick"
    assert raised == ["the client has disconnected"]
