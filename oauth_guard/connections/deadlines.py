"""ConnectionDeadlines: WebSockets and streams end with their token, by one timer for all."""

import asyncio
import math
import time
from collections.abc import Iterable, Iterator

from oauth_guard.asgi import GUARD, REQUEST, Application, Connection, Receive, Send
from oauth_guard.connections.guarded_connection import OPEN_CONNECTION, GuardedConnection
from oauth_guard.connections.possible_stream import PossibleStream
from oauth_guard.interfaces import Clock
from oauth_guard.protocol.requirement import Requirement

__all__ = ["ConnectionDeadlines"]

_SLOTS = 10  # of a tenth of a second each
_SLICE = 0.001  # seconds


class ConnectionDeadlines:
    """Visits each open connection once a second; no connection has a timer or task of its own.

    The visits of one connection are timed so that one follows the end of its token by at most
    0.2 s. The timer runs only while there are connections. The event loop does other work after
    each millisecond of visits, so many tokens that end at the same time don't block it.

    Args:
        monotonic: Returns monotonic seconds.
    """

    def __init__(self, *, monotonic: Clock = time.monotonic) -> None:
        self._clock = monotonic
        self._slots: list[set[GuardedConnection]] = [set() for _ in range(_SLOTS)]
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = 0
        # What is left to visit: the connections of some slots, or all, since tokens were revoked.
        self._due_slots: dict[int, None] = {}
        self._all_due = False
        self._visits: Iterator[GuardedConnection] | None = None

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
        if connection["type"] == "http":
            await self._serve_response(app, connection, receive, send, requirement)
            return
        opened = GuardedConnection(
            guard, request, receive, send, is_http=False, monotonic=self._clock
        )
        if requirement is not None:
            opened.require(requirement, connection)
        connection[OPEN_CONNECTION] = opened
        self._add(opened)
        try:
            await app(connection, opened.receive, opened.send)
        finally:
            await self._remove(opened)

    async def _serve_response(
        self,
        app: Application,
        connection: Connection,
        receive: Receive,
        send: Send,
        requirement: Requirement | None,
    ) -> None:
        guard, request = connection[GUARD], connection[REQUEST]
        response = PossibleStream(guard, request, receive, send, self._add)
        if requirement is not None:
            response.require(requirement, connection)
        connection[OPEN_CONNECTION] = response
        try:
            await app(connection, response.receive, response.send)
        finally:
            if response.opened is not None and response.is_watched:
                await self._remove(response.opened)

    async def _remove(self, opened: GuardedConnection) -> None:
        opened.slot.discard(opened)
        opened.guard.count_connections(-1)
        if opened.close():
            await opened.aclose()

    def _add(self, opened: GuardedConnection) -> None:
        left = opened.request.validated.not_after - opened.guard.clock()
        loop = asyncio.get_running_loop()
        if self._timer is None or self._loop is not loop:
            self._loop, self._next, self._visits = loop, self._now(), None
            self._start_timer(loop)
        deny_list = opened.guard.deny_list
        if deny_list is not None and self._visit_all not in deny_list.on_change:
            deny_list.on_change.append(self._visit_all)
        # The slot that is visited just after *left* seconds; any slot if the token never ends.
        ends = id(opened) // 64 if left == math.inf else int((self._clock() + left) * _SLOTS) + 1
        slot = self._slots[ends % _SLOTS]
        slot.add(opened)
        opened.slot = slot
        opened.guard.count_connections(1)

    def _now(self) -> int:
        return int(self._clock() * _SLOTS)

    def _start_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(1 / _SLOTS, self._visit_slots)

    def _visit_all(self) -> None:
        """Visit each connection soon, since tokens were revoked."""
        self._all_due = True
        self._start_visits()

    def _visit_slots(self) -> None:
        """Visit the slots whose time has come; after a stall of the event loop, each slot once."""
        now = self._now()
        numbers = range(max(self._next, now - _SLOTS + 1), now + 1)
        self._due_slots |= dict.fromkeys(number % _SLOTS for number in numbers)
        self._next = now + 1
        self._start_visits()
        if len(self):
            self._start_timer(asyncio.get_running_loop())
        else:
            self._timer = None

    def _start_visits(self) -> None:
        if self._visits is None and len(self):
            self._visits = self._due()
            asyncio.get_running_loop().call_soon(self._visit_for_a_while)

    def _due(self) -> Iterator[GuardedConnection]:
        """Yield the connections to visit; what becomes due in the meantime follows."""
        while self._all_due or self._due_slots:
            if self._all_due:
                self._all_due, self._due_slots = False, {}
                numbers: Iterable[int] = range(_SLOTS)
            else:
                numbers = (self._due_slots.popitem()[0],)
            for number in numbers:
                yield from tuple(self._slots[number])

    def _visit_for_a_while(self) -> None:
        """Visit connections for a millisecond, and go on after other work of the event loop."""
        end = self._clock() + _SLICE
        for opened in self._visits or ():
            opened.visit()
            if self._clock() >= end:
                asyncio.get_running_loop().call_soon(self._visit_for_a_while)
                return
        self._visits = None
