"""LocalWebSocket: a WebSocket client for an ASGI application in the same process."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx

__all__ = ["LocalWebSocket"]

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_Application: TypeAlias = Callable[[MutableMapping[str, Any], _Receive, _Send], Awaitable[None]]

_DENIAL = "websocket.http.response"
_NORMAL, _ABNORMAL = 1000, 1006
_ENDED = {"type": "websocket.close", "code": _ABNORMAL}


class LocalWebSocket:
    """Opens a WebSocket to *app* without a server, as `httpx.ASGITransport` does for HTTP.

    ::

        async with LocalWebSocket(app, "/feed", headers=issuer.headers("read")) as socket:
            assert socket.response.status_code == 101
            assert await socket.receive_json() == {"headcount": 7}

        async with LocalWebSocket(app, "/feed") as socket:
            assert socket.response.status_code == 401

    An exception of the application is raised here, by the next wait or by the end of the
    `async with`. A wait of more than *timeout* seconds raises `TimeoutError`. If the application
    sends another message than the expected one, `AssertionError` is raised.

    Args:
        app: The ASGI application.
        url: The path or URL to open, such as `/feed` or `wss://api.test/feed?since=1`.
        headers: The header fields of the handshake.
        subprotocols: The subprotocols that the client offers.
        denial_response: Whether the server supports the Websocket Denial Response extension, as
            uvicorn does. Without it, an application can only close to deny a handshake.
        timeout: The limit of each wait for the application, in seconds.

    Attributes:
        response: The response to the handshake: 101 if the application accepted, its denial
            response if it sent one, and 403 if it closed, as servers respond then.
        close_code: The code with which the application closed; None until it has, and 1006 if
            it ended without closing.
    """

    response: httpx.Response
    _running: asyncio.Task[None]

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        app: _Application,
        url: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        subprotocols: Sequence[str] = (),
        denial_response: bool = True,
        timeout: float = 5,
    ) -> None:
        self.close_code: int | None = None
        self._app = app
        self._connection = _connection(httpx.URL("ws://testserver").join(url), headers)
        self._connection["subprotocols"] = list(subprotocols)
        self._connection["extensions"] = {_DENIAL: {}} if denial_response else {}
        self._timeout = timeout
        self._disconnected = False
        self._to_app: asyncio.Queue[_Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[_Message] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._running = asyncio.create_task(self._serve())
        self._running.add_done_callback(lambda _: self._from_app.put_nowait(_ENDED))
        try:
            self.response = await self._handshake()
        except BaseException:
            await self._cancel()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None:  # the error of the test is the one to raise
            await self._cancel()
            return
        self.close()
        with suppress(ConnectionAbortedError):  # of a message that was sent after the end
            async with asyncio.timeout(self._timeout):
                await self._running

    def send_text(self, text: str) -> None:
        """Send a text message."""
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._to_app.put_nowait({"type": "websocket.receive", "bytes": data})

    def send_json(self, value: Any) -> None:
        """Send *value* as JSON, in a text message."""
        self.send_text(json.dumps(value))

    def close(self, code: int = _NORMAL) -> None:
        """Disconnect. The end of the `async with` also does this, and waits for the application."""
        self._disconnected = True
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": code})

    async def receive_text(self) -> str:
        """Return the next message, which must be a text message."""
        return str(await self._receive("text"))

    async def receive_bytes(self) -> bytes:
        """Return the next message, which must be a binary message."""
        return bytes(await self._receive("bytes"))

    async def receive_json(self) -> Any:
        """Return the parsed JSON of the next message, which must be a text message."""
        return json.loads(await self.receive_text())

    async def receive_close(self) -> int:
        """Discard messages until the application closes, and return the close code."""
        while self.close_code is None:
            await self._next()
        return self.close_code

    async def _receive(self, kind: str) -> Any:
        message = await self._next()
        if message["type"] != "websocket.send" or message.get(kind) is None:
            raise AssertionError(f"the application sent no {kind} but {message!r}")
        return message[kind]

    async def _handshake(self) -> httpx.Response:
        message = await self._next()
        match message["type"]:
            case "websocket.accept":
                chosen = message.get("subprotocol")
                protocol = [(b"sec-websocket-protocol", chosen.encode())] if chosen else []
                return httpx.Response(101, headers=[*message.get("headers", ()), *protocol])
            case "websocket.close":
                return httpx.Response(403)
            case "websocket.http.response.start" if self._connection["extensions"]:
                return await self._denial(message)
        raise AssertionError(f"the application responded to the handshake with {message!r}")

    async def _denial(self, start: _Message) -> httpx.Response:
        body, more = b"", True
        while more:
            message = await self._next()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        # As a stream, since httpx adds header fields if it is given `content`.
        stream = httpx.ByteStream(body)
        response = httpx.Response(start["status"], headers=start.get("headers"), stream=stream)
        await response.aread()
        return response

    async def _next(self) -> _Message:
        async with asyncio.timeout(self._timeout):
            message = await self._from_app.get()
        if message is _ENDED:
            self._from_app.put_nowait(_ENDED)  # for the next call
            await self._running  # raises the exception of the application
        if message["type"] == "websocket.close" and self.close_code is None:
            self.close_code = message.get("code", _NORMAL)
        return message

    async def _serve(self) -> None:
        await self._app(self._connection, self._to_app.get, self._send)

    async def _send(self, message: _Message) -> None:
        """Take a message of the application, as a server does: none is sent after the end."""
        if self._disconnected and message["type"] == "websocket.send":
            raise ConnectionAbortedError("the client has disconnected")
        await self._from_app.put(message)

    async def _cancel(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


def _connection(
    url: httpx.URL, headers: Mapping[str, str] | Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Return the connection dictionary that a server passes to the application."""
    sent = [(name.lower(), value) for name, value in httpx.Headers(headers).raw]
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(b"host", url.netloc), *sent],
        "client": ("127.0.0.1", 50000),
        "server": (url.host, url.port or _PORTS[url.scheme]),
    }


_PORTS = {"ws": 80, "wss": 443}
