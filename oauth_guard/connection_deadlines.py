"""ConnectionDeadlines: WebSockets and streams end with their token, by one timer for all."""

import asyncio
import math
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from oauth_guard.asgi import GUARD, REQUEST, Application, Connection, Message, Receive, Send
from oauth_guard.errors import IssuerUnavailable, Reason, RequestRejected
from oauth_guard.guard import Guard
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.interfaces import Clock
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement

__all__ = ["OPEN_CONNECTION", "ConnectionDeadlines", "GuardedConnection"]

_T = TypeVar("_T")

OPEN_CONNECTION = "oauth_guard.open_connection"
"""The key under which the `GuardedConnection` is in the ASGI connection."""

_EXPIRED, _REVOKED = 3000, 3003  # in the range of libraries (RFC 6455 §7.4.2)
_REASONS = {_EXPIRED: "access token expired", _REVOKED: "access token revoked"}
_SLOTS = 10  # of a tenth of a second each
_RECHECK_AFTER = 60  # seconds, for tokens that must be validated to know whether they are current
_CLOSE_TIMEOUT = 1  # seconds
_LAST_BODIES = {"http.response.body", "websocket.http.response.body"}
_DISCONNECTED = {"http.disconnect", "websocket.disconnect"}
_END_OF_STREAM = {"type": "http.response.body", "body": b"", "more_body": False}


class GuardedConnection:
    """A WebSocket or a response that ends with the token that opened it.

    After the end a WebSocket application receives `websocket.disconnect` with the code of the
    close, an HTTP application `http.disconnect`; to send raises `ConnectionAbortedError`.

    Args:
        guard: The guard that authenticated the request.
        request: The request; its token is validated again when its validation is not current.
        is_http: Whether it is a response, and not a WebSocket.
        receive: Receives from the server.
        send: Sends to the server.

    Attributes:
        requirements: What the middleware and the route required. A token that is validated again
            must satisfy them.
        code: The code of the close: 3000 for an expired token, 3003 for a revoked one. None while
            the connection is open.
    """

    def __init__(
        self,
        guard: Guard,
        request: ResourceRequest,
        receive: Receive,
        send: Send,
        *,
        is_http: bool,
    ) -> None:
        self.guard, self.request = guard, request
        self.requirements: list[Requirement] = []
        self.code: int | None = None
        self._receive, self._send = receive, send
        self._is_http = is_http
        # An HTTP connection can be ended only between the start and the end of its response.
        self._is_open = not is_http
        self._waits: set[asyncio.Timeout] = set()
        self._closing: asyncio.Task[None] | None = None
        self._rechecking: asyncio.Task[None] | None = None
        self._checked_at = guard.clock()

    @property
    def not_after(self) -> float:
        """Until when the times in its token allow its use, in seconds since the epoch."""
        return self._validated.not_after

    @property
    def _validated(self) -> ValidatedToken:
        validated: ValidatedToken = self.request.validated
        return validated

    @property
    def identity(self) -> Identity:
        """The caller, by the token that was validated last."""
        return self._validated.identity

    def require(self, requirement: Requirement) -> None:
        """Add *requirement*, which the token satisfies now, to `requirements`."""
        # How old the authentication may be is checked when the connection is opened.
        lasting = replace(requirement, max_age=None)
        if lasting not in self.requirements:  # a method may be called for each message
            self.requirements.append(lasting)

    def visit(self) -> None:
        """End the connection if its token has ended; start a validation if it may have."""
        if not self._is_open or self.code is not None:
            return
        now, validated = self.guard.clock(), self._validated
        if now >= validated.not_after:
            self._end(_EXPIRED)
        elif self._rechecking is None and self._needs_recheck(validated, now):
            self._checked_at = now
            self._rechecking = asyncio.get_running_loop().create_task(self._recheck())

    async def aclose(self) -> None:
        """Wait until a close that has begun is sent, and stop a validation that has begun."""
        self._is_open = False
        if self._rechecking is not None:
            self._rechecking.cancel()
            await asyncio.wait([self._rechecking])
        await self._closed()

    async def receive(self) -> Message:
        """Return the next message, or the disconnection if the token has ended."""
        message: Message | None = None
        if self.code is None:
            message = await self._interruptible(self._receive())
        if message is None:
            await self._closed()
            if self._is_http:
                return {"type": "http.disconnect"}
            code = self.code
            return {"type": "websocket.disconnect", "code": code, "reason": _REASONS[code or 0]}
        if message["type"] in _DISCONNECTED:
            self._is_open = False
        return message

    async def send(self, message: Message) -> None:
        """Send *message*.

        Raises:
            ConnectionAbortedError: The token has ended. A WebSocket that the application closes
                is closed already, so then nothing is raised.
        """
        kind = message["type"]
        if self.code is None:
            if kind == "websocket.close" or (
                kind in _LAST_BODIES and not message.get("more_body", False)
            ):
                self._is_open = False
            await self._interruptible(self._send(message))
            if kind == "http.response.start":
                self._is_open = True
        if self.code is not None and kind != "websocket.close":
            await self._closed()
            raise ConnectionAbortedError("the access token of this connection has ended")

    def _end(self, code: int) -> None:
        self.code = code
        self._closing = asyncio.get_running_loop().create_task(self._close(code))
        for wait in self._waits:
            wait.reschedule(0)  # in the past: it ends now
        self._waits.clear()

    async def _close(self, code: int) -> None:
        if self._is_http:
            message: Message = dict(_END_OF_STREAM)
        else:
            message = {"type": "websocket.close", "code": code, "reason": _REASONS[code]}
        # The server may raise, since the client may have disconnected.
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._send(message)

    async def _closed(self) -> None:
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def _needs_recheck(self, validated: ValidatedToken, now: float) -> bool:
        if validated.is_current is None:
            return now >= self._checked_at + _RECHECK_AFTER
        return not validated.is_current()

    async def _recheck(self) -> None:
        """Validate the token again, and end the connection unless that succeeds."""
        code: int | None = _EXPIRED
        try:
            identity = (await self.guard.recheck(self.request, self.identity)).identity
            for requirement in self.requirements:
                self.guard.authorize(identity, requirement)
            code = None
        except RequestRejected as error:
            code = _EXPIRED if error.reason == Reason.EXPIRED else _REVOKED
        except IssuerUnavailable:
            pass  # it ends, since its token may be revoked
        finally:
            self._rechecking = None
            if code is not None and self._is_open and self.code is None:
                self._end(code)

    async def _interruptible(self, waiting: Awaitable[_T]) -> _T | None:
        """Return the result of *waiting*, or None if the token ends before it has one."""
        try:
            async with asyncio.timeout(None) as wait:
                self._waits.add(wait)
                try:
                    return await waiting
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            if self.code is None:
                raise
            return None


class ConnectionDeadlines:
    """Visits each open connection once a second; no connection has a timer or task of its own.

    The visits of one connection are timed so that one follows the end of its token by at most a
    tenth of a second. The timer runs only while there are connections.

    Args:
        monotonic: Returns monotonic seconds.
    """

    def __init__(self, *, monotonic: Clock = time.monotonic) -> None:
        self._clock = monotonic
        self._slots: list[set[GuardedConnection]] = [set() for _ in range(_SLOTS)]
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = 0

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    async def serve(
        self,
        app: Application,
        connection: Connection,
        receive: Receive,
        send: Send,
        requirement: Requirement | None,
    ) -> None:
        """Serve *connection* by *app* until its token ends; an anonymous one has no end.

        Args:
            app: The application.
            connection: The connection, with guard, request and identity in it.
            receive: Receives from the server.
            send: Sends to the server.
            requirement: What the middleware requires of the caller.
        """
        guard, request = connection[GUARD], connection[REQUEST]
        if request.validated is None:
            await app(connection, receive, send)
            return
        is_http = connection["type"] == "http"
        opened = GuardedConnection(guard, request, receive, send, is_http=is_http)
        if requirement is not None:
            opened.require(requirement)
        connection[OPEN_CONNECTION] = opened
        slot = self._add(opened)
        try:
            await app(connection, opened.receive, opened.send)
        finally:
            slot.discard(opened)
            await opened.aclose()

    def _add(self, opened: GuardedConnection) -> set[GuardedConnection]:
        loop = asyncio.get_running_loop()
        if self._timer is None or self._loop is not loop:
            self._loop, self._next = loop, self._now()
            self._start_timer(loop)
        left = opened.not_after - opened.guard.clock()
        slot = self._slots[self._slot_after(left, opened)]
        slot.add(opened)
        return slot

    def _slot_after(self, left: float, opened: GuardedConnection) -> int:
        """Return the slot that is visited just after *left* seconds; if it never ends, any slot."""
        if math.isinf(left):
            return id(opened) // 64 % _SLOTS
        return (int((self._clock() + left) * _SLOTS) + 1) % _SLOTS

    def _now(self) -> int:
        return int(self._clock() * _SLOTS)

    def _start_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(1 / _SLOTS, self._visit_slots)

    def _visit_slots(self) -> None:
        """Visit the slots whose time has come; after a stall of the event loop, each slot once."""
        now = self._now()
        for number in range(max(self._next, now - _SLOTS + 1), now + 1):
            for opened in tuple(self._slots[number % _SLOTS]):
                opened.visit()
        self._next = now + 1
        if len(self):
            self._start_timer(asyncio.get_running_loop())
        else:
            self._timer = None
