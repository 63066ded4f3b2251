"""ConnectionDeadlines: WebSockets and streams end with their token, by one timer for all."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable

from oauth_guard.asgi import GUARD, REQUEST, Application, Connection, Receive, Send
from oauth_guard.connections.guarded_connection import OPEN_CONNECTION, GuardedConnection
from oauth_guard.connections.guarded_stream import GuardedStream
from oauth_guard.connections.guarded_websocket import GuardedWebSocket
from oauth_guard.connections.handshake import HANDSHAKE, AnonymousWebSocket
from oauth_guard.guard import Guard
from oauth_guard.interfaces import Clock
from oauth_guard.protocol.requirement import Requirement

__all__ = ["ConnectionDeadlines"]

_SLOTS = 10  # of a tenth of a second each
_SLICE = 0.001  # seconds


class ConnectionDeadlines:
    """Visits each open connection once a second; no connection has a timer or task of its own.

    The visits of one connection are timed so that one follows the end of the token that opened it
    by at most 0.2 s; the end of a newer token is followed by one within a second. The timer runs
    only while there are connections. The event loop does other work after each millisecond of
    visits, so many tokens that end at the same time don't block it.

    Attributes:
        app: The application; it may be replaced.

    Args:
        app: The application.
        guards: The guards of the connections. A revocation by one of them has all visited.
        find_requirement: Returns what the middleware requires of the caller of a connection.
        monotonic: Returns monotonic seconds.
    """

    def __init__(
        self,
        app: Application,
        guards: Iterable[Guard],
        find_requirement: Callable[[Connection], Requirement | None],
        *,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self.app, self._find_requirement = app, find_requirement
        self._clock = monotonic
        self._slots: list[set[GuardedConnection]] = [set() for _ in range(_SLOTS)]
        self._next = 0  # the slot to visit, counted from the beginning of the clock
        self._loop: asyncio.AbstractEventLoop | None = None  # whose timer runs
        self._due: set[GuardedConnection] = set()
        self._all_due = False  # since tokens were revoked
        self._is_visiting = False
        for deny_list in {guard.deny_list for guard in guards}:
            if deny_list is not None:
                deny_list.on_change.append(self._visit_all)

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Serve *connection* until its token ends; an anonymous one has no end.

        Args:
            connection: The connection, with guard, request and identity in it.
            receive: Receives from the server.
            send: Sends to the server.
        """
        guard, request = connection[GUARD], connection[REQUEST]
        is_websocket = connection["type"] == "websocket"
        if request.validated is None:
            if is_websocket:
                connection[HANDSHAKE] = anonymous = AnonymousWebSocket(send)
                send = anonymous.send
            await self.app(connection, receive, send)
            return
        opened: GuardedWebSocket | GuardedStream
        if is_websocket:
            opened = GuardedWebSocket(guard, request, receive, send, self._clock)
            connection[HANDSHAKE] = opened
        else:
            opened = GuardedStream(guard, request, receive, send, self.watch)
        if (requirement := self._find_requirement(connection)) is not None:
            opened.require(requirement, connection)
        connection[OPEN_CONNECTION] = opened
        try:
            if opened.is_open:
                self.watch(opened)
            await self.app(connection, opened.receive, opened.send)
        finally:
            if opened.slot is not None:
                opened.slot.discard(opened)
                guard.count_connections(-1)
            if opened.close():
                await opened.aclose()

    def watch(self, opened: GuardedConnection) -> None:
        """Visit *opened* until its application ends."""
        if self._loop is None or not self._loop.is_running():
            self._next, self._is_visiting = self._now(), False
            self._start_timer()
        # The slot that is visited just after its end; any slot if its token never ends.
        ends_at = opened.ends_at
        number = id(opened) // 64 if ends_at == math.inf else int(ends_at * _SLOTS) + 1
        opened.slot = slot = self._slots[number % _SLOTS]
        slot.add(opened)
        opened.guard.count_connections(1)

    def _now(self) -> int:
        return int(self._clock() * _SLOTS)

    def _start_timer(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.call_later(1 / _SLOTS, self._visit_slots)

    def _visit_all(self) -> None:
        """Visit each connection soon, since tokens were revoked."""
        self._all_due = True
        self._start_visits()

    def _visit_slots(self) -> None:
        """Visit the slots whose time has come; after a stall of the event loop, each slot once."""
        now = self._now()
        for number in range(max(self._next, now - _SLOTS + 1), now + 1):
            self._due |= self._slots[number % _SLOTS]
        self._next = now + 1
        self._start_visits()
        if len(self):
            self._start_timer()
        else:
            self._loop = None

    def _start_visits(self) -> None:
        if not self._is_visiting and len(self):
            self._is_visiting = True
            asyncio.get_running_loop().call_soon(self._visit_for_a_while)

    def _visit_for_a_while(self) -> None:
        """Visit connections for a millisecond, and go on after other work of the event loop."""
        end = self._clock() + _SLICE
        if self._all_due:
            self._all_due = False
            self._due.update(*self._slots)
        while self._due:
            self._due.pop().visit()
            if self._clock() >= end:
                asyncio.get_running_loop().call_soon(self._visit_for_a_while)
                return
        self._is_visiting = False
