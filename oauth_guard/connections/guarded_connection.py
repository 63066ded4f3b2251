"""GuardedConnection: what WebSockets and streams share, which end with their token."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from oauth_guard.asgi import Message, Receive, Send
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason, RequestRejected
from oauth_guard.guard import Guard
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.interfaces import Clock
from oauth_guard.protocol.access_target import AccessTarget, read_target
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement

__all__ = ["OPEN_CONNECTION", "GuardedConnection"]

_log = logging.getLogger("oauth_guard")

_T = TypeVar("_T")

OPEN_CONNECTION = "oauth_guard.open_connection"
"""The key under which the `GuardedConnection` is in the ASGI connection."""

EXPIRED, REVOKED = 3000, 3003  # in the range of libraries (RFC 6455 §7.4.2)
_RECHECK_AFTER = 60  # seconds, for tokens that must be validated to know whether they are current
_CLOSE_TIMEOUT = 1  # seconds
_DISCONNECTED = {"http.disconnect", "websocket.disconnect"}


class GuardedConnection(ABC):
    """A WebSocket or a response that ends with the token that opened it.

    After the end the application receives a disconnection, and to send raises
    `ConnectionAbortedError`.

    Args:
        guard: The guard that authenticated the request.
        request: The request; its token is validated again when its validation is not current.
        receive: Receives from the server.
        send: Sends to the server.
        monotonic: Returns monotonic seconds.

    Attributes:
        requirements: What the middleware and the route required, each with what the request does
            if it has a policy. A token that is validated again must satisfy them.
        code: The code of the close: 3000 for an expired token, 3003 for a revoked one. None while
            the connection is open.
        checked_at: When its token was validated, or last known to be valid, in seconds since the
            epoch.
        ends_at: When its token ends, by the monotonic clock: a clock that is set back does not
            extend the connection.
        is_open: Whether the end of the token ends the connection: False before a response has
            started, and after the connection has ended.
        slot: Where `ConnectionDeadlines` keeps it; None while it is not watched.
    """

    requirements: tuple[tuple[Requirement, AccessTarget | None], ...] = ()
    code: int | None = None
    is_open = False
    slot: "set[GuardedConnection] | None" = None
    _closing: asyncio.Task[None] | None = None
    _rechecking: asyncio.Task[None] | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    def __init__(
        self,
        guard: Guard,
        request: ResourceRequest,
        receive: Receive,
        send: Send,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self.guard, self.request, self._monotonic = guard, request, monotonic
        self._receive, self._send = receive, send
        # The tasks that wait for the server, which the end of the token interrupts. A task is here
        # twice if it drives another coroutine by hand, as Shiny does.
        self._waiting: list[asyncio.Task[Any]] = []
        self._interrupted: set[asyncio.Task[Any]] = set()
        self.checked_at = now = guard.clock()
        self._timed: float = request.validated.not_after
        self.ends_at = monotonic() + self._timed - now

    @property
    def _validated(self) -> ValidatedToken:
        validated: ValidatedToken = self.request.validated
        return validated

    @property
    def identity(self) -> Identity:
        """The caller, by the token that was validated last."""
        return self._validated.identity

    def require(self, requirement: Requirement, target: AccessTarget | Mapping[str, Any]) -> None:
        """Add *requirement*, which the token satisfies now, to `requirements`.

        *target* is what was passed to `Guard.authorize_request`.
        """
        # How old the authentication may be is checked when the connection is opened.
        lasting = requirement
        if requirement.max_age is not None:  # a copy takes 70 µs
            lasting = replace(requirement, max_age=None)
        entry = (lasting, None if requirement.policy is None else read_target(target))
        if entry not in self.requirements:  # a method may be called for each message
            self.requirements += (entry,)

    async def authorize_again(self, request: ResourceRequest, identity: Identity) -> None:
        """Raise unless *identity*, just validated from *request*, satisfies `requirements`.

        Raises:
            RequestRejected: It does not: see `Guard.authorize_request`.
            IssuerUnavailable: The policy decision point can't be reached.
        """
        for requirement, target in self.requirements:
            if target is None:
                self.guard.authorize(identity, requirement, request)
            else:
                await self.guard.authorize_request(
                    request, identity, requirement, target, is_current=True
                )

    def visit(self) -> None:
        """End the connection if its token has ended; start a validation if it may have.

        It ends too if a function of the user's own raises, which says whether the token is valid.
        """
        if not self.is_open or self.code is not None:
            return
        try:
            self._check_token()
        except Exception as error:  # noqa: BLE001 - other connections must be visited
            _log.error("an open connection can't be checked: %s", type(error).__name__)
            self._end(EXPIRED)

    def _check_token(self) -> None:
        now, validated = self.guard.clock(), self._validated
        if validated.not_after != self._timed:  # it is a newer token
            self._timed = validated.not_after
            self.ends_at = self._monotonic() + self._timed - now
        if now >= validated.not_after or self._monotonic() >= self.ends_at:
            self._end(EXPIRED)
        elif (code := self._denied(validated, now)) is not None:
            self._end(code)
        elif self._rechecking is None and self._needs_recheck(validated, now):
            self.checked_at = now
            self._rechecking = asyncio.get_running_loop().create_task(self._recheck())

    def close(self) -> bool:
        """Note that the application has ended; return whether `aclose` has anything to do."""
        self.is_open = False
        return self._rechecking is not None or self._closing is not None

    async def aclose(self) -> None:
        """Wait until a close that has begun is sent, and stop a validation that has begun."""
        if self._rechecking is not None:
            self._rechecking.cancel()
            await asyncio.wait([self._rechecking])
        await self._closed()

    async def _receive_until_end(self) -> Message:
        """Return the next message, or the disconnection if the token has ended."""
        message = None
        if self.code is None:
            message = await self._interruptible(self._receive())
        if message is None or self.code is not None:
            await self._closed()
            return self._disconnection()
        if message["type"] in _DISCONNECTED:
            self.is_open = False
        return message

    async def _send_until_end(self, message: Message) -> None:
        """Send *message*.

        Raises:
            ConnectionAbortedError: The token has ended.
        """
        if self.code is None:
            await self._interruptible(self._send(message))
        if self.code is not None:
            await self._closed()
            raise ConnectionAbortedError("the access token of this connection has ended")

    @abstractmethod
    def _disconnection(self) -> Message:
        """Return what the application receives after the end."""

    @abstractmethod
    def _last_message(self) -> Message:
        """Return the message that ends the connection at the server."""

    def _end(self, code: int) -> None:
        self.code = code
        self._closing = asyncio.get_running_loop().create_task(self._close())
        self._interrupted.update(self._waiting)
        for task in self._interrupted:
            task.cancel()

    async def _close(self) -> None:
        # The server may raise, since the client may have disconnected.
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._send(self._last_message())

    async def _closed(self) -> None:
        if self._closing is not None and not self._closing.done():
            await asyncio.wait([self._closing])

    def _denied(self, validated: ValidatedToken, now: float) -> int | None:
        """Return the code to close with if the token is revoked, or if that can't be known."""
        deny_list = self.guard.deny_list
        if deny_list is None:
            return None
        try:
            deny_list.check(validated, now)
        except InvalidToken:
            return REVOKED
        except IssuerUnavailable:
            return EXPIRED
        return None

    def _needs_recheck(self, validated: ValidatedToken, now: float) -> bool:
        is_current = validated.is_current
        if is_current is not None and not is_current():
            return True
        deny_list = self.guard.deny_list
        if deny_list is not None and deny_list.is_outdated(validated):
            return True
        # A status list may say that it is revoked while its key or introspection result is current,
        # and a policy may deny what it permitted.
        has_policy = any(target is not None for _, target in self.requirements)
        may_change = has_policy or is_current is None or "status" in validated.identity.claims
        return may_change and not self.checked_at <= now < self.checked_at + _RECHECK_AFTER

    async def _recheck(self) -> None:
        """Validate the token again, and end the connection unless that succeeds."""
        code: int | None = EXPIRED
        try:
            identity = (await self.guard.recheck(self.request, self.identity)).identity
            await self.authorize_again(self.request, identity)
            code = None
        except RequestRejected as error:
            code = EXPIRED if error.reason == Reason.EXPIRED else REVOKED
        except IssuerUnavailable:
            pass  # it ends, since its token may be revoked
        finally:
            self._rechecking = None
            if code is not None and self.is_open and self.code is None:
                self._end(code)

    # It does what `asyncio.timeout` does, without the object and the timer, which cost 2 µs.
    async def _interruptible(self, result: Awaitable[_T]) -> _T | None:
        """Return *result*, or None if the token ends before it is there.

        Outside of a task, in a coroutine that a callback drives, the end interrupts nothing.
        """
        if self._loop is None:  # kept, since CPython 3.11 makes a system call to find it
            self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(self._loop)
        if task is None:
            return await result
        cancelled = task.cancelling()
        self._waiting.append(task)
        try:
            return await result
        except asyncio.CancelledError:
            if task not in self._interrupted or task.cancelling() > cancelled + 1:
                raise  # it was not the end of the token that cancelled it, or not that alone
            return None
        finally:
            self._waiting.remove(task)
            if task in self._interrupted:
                self._interrupted.remove(task)
                task.uncancel()
