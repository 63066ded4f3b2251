"""RedisServer: commands to Redis or Valkey with a time limit, slots, and a back-off per node."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from oauth_guard.errors import StoreUnavailable
from oauth_guard.interfaces import Clock
from oauth_guard.single_flight import Singleflight
from oauth_guard.stores.redis_clients import (
    Clients,
    RedisClient,
    connector,
    node_of,
    reload_nodes,
    server_works,
)
from oauth_guard.time_limits import TimeLimits

__all__ = ["RedisServer", "milliseconds"]

_T = TypeVar("_T")

_log = logging.getLogger("oauth_guard")

_SLOTS = 16  # concurrent commands to one node
_BACKOFF = 1  # seconds
_WARNING_INTERVAL = 30  # seconds
_MAX_NODES = 1000  # a cluster has far fewer, but nodes that it removed are counted too
_TICKS = 5  # in one time limit
_SHORTEST_TICK = 0.0001  # seconds
_NONCE_BYTES = 16


class RedisServer:
    """One server, one cluster or the primary of a Sentinel group, shared by any number of stores.

    At most 16 commands run at a time on each node. After a command that got no response, its node
    is not contacted for 1 s, so that an outage costs little; then a single command is tried
    first. The other nodes of a cluster are not affected. Time in which our own event loop is
    blocked does not count against the server. A warning about an unavailable server is logged at
    most every 30 s.

    Args:
        server: A URL, or a client that is not closed here; see `RedisStore`.
        prefix: The prefix of the keys on the server.
        timeout: The time limit of one command in seconds, opening a connection included; a
            command may take up to a fifth longer. The wait for one of the 16 slots before it has
            the same limit.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: The URL is not valid.
    """

    def __init__(
        self, server: str | RedisClient, *, prefix: str, timeout: float, monotonic: Clock
    ) -> None:
        self._connect = (
            connector(server, timeout) if isinstance(server, str) else lambda: Clients(server, ())
        )
        self._prefix = prefix
        self._timeout = timeout
        self._limits = TimeLimits(max(timeout / _TICKS, _SHORTEST_TICK))
        self._clock = monotonic
        self._state: _LoopState | None = None
        self._reloads: Singleflight[str, None] = Singleflight(closed=None)
        self._warned_at: float | None = None

    def name(self, key: bytes) -> str:
        """Return the key on the server for *key*: the prefix, then *key* in hexadecimal."""
        return self._prefix + key.hex()

    async def run(self, command: Callable[[Any], Awaitable[_T]], name: str | None = None) -> _T:
        """Return what *command* returns; it gets the client of redis-py.

        Args:
            command: Sends one command about the key *name*, and checks the type of the reply. It
                may be sent a second time, when the connection ends before the reply.
            name: The key, which decides which node of a cluster it concerns.

        Raises:
            StoreUnavailable: The command failed in any way, timed out or was not sent.
        """
        state = self._running_state()
        client = state.clients.client
        node = state.node(node_of(client, name))
        await self._acquire(node)
        try:
            self._check_back_off(node)
            result = await self._send(command, client, node)
        finally:
            node.slots.release()
        node.retry_at = None
        return result

    async def claim(self, name: str, seconds: float) -> bool:
        """Claim the key *name* for *seconds*; return whether this is its first claim.

        One command: `SET name nonce NX GET PX`. If the connection ends before the reply, redis-py
        sends it again with the same nonce, and the server returns that nonce: the claim is ours.

        Raises:
            StoreUnavailable: Whether this is the first claim can't be known.
        """
        nonce = secrets.token_hex(_NONCE_BYTES)

        async def claim(client: Any) -> bool:
            earlier: object = await client.set(
                name, nonce, nx=True, get=True, px=milliseconds(seconds)
            )
            if not isinstance(earlier, bytes | str | None):
                raise TypeError("the reply to SET is not a string")
            return earlier is None or earlier in {nonce, nonce.encode()}

        return await self.run(claim, name)

    async def aclose(self) -> None:
        """Close the connections that were opened here; the next use opens new ones."""
        state, self._state = self._state, None
        await self._reloads.aclose()
        if state is not None and state.loop is asyncio.get_running_loop():
            for client in state.clients.owned:
                await client.aclose()

    def _running_state(self) -> "_LoopState":
        loop = asyncio.get_running_loop()
        if self._state is None or self._state.loop is not loop:
            self._state = _LoopState(loop, self._connect(), {})
        return self._state

    async def _send(
        self, command: Callable[[Any], Awaitable[_T]], client: RedisClient, node: "_Node"
    ) -> _T:
        try:
            return await self._limits.within(self._timeout, command(client))
        except Exception as error:  # noqa: BLE001 - redis-py raises many kinds for a bad reply
            node.retry_at = None if server_works(error) else self._clock() + _BACKOFF
            if isinstance(error, TimeoutError):
                self._reloads.start("nodes", lambda: reload_nodes(client))
            raise self._unavailable(error) from None

    async def _acquire(self, node: "_Node") -> None:
        """Acquire a slot. A timeout here says nothing about the server: it starts no back-off."""
        if not node.slots.locked():
            await node.slots.acquire()  # does not wait; a timeout would cost more than the call
            return
        try:
            await self._limits.within(self._timeout, node.slots.acquire())
        except TimeoutError as error:
            raise self._unavailable(error) from None

    def _check_back_off(self, node: "_Node") -> None:
        """Raise during the back-off. After it, let one command try while others still raise."""
        if node.retry_at is not None:
            now = self._clock()
            if now < node.retry_at:
                raise StoreUnavailable("the shared store failed less than a second ago")
            node.retry_at = now + _BACKOFF

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        """Return the error to raise, and log it at most every 30 s.

        Both contain only the class of *error*, since its text may quote the command.
        """
        kind, now = type(error).__name__, self._clock()
        if self._warned_at is None or now >= self._warned_at + _WARNING_INTERVAL:
            self._warned_at = now
            _log.warning("the shared store is unavailable and is not used: %s", kind)
        return StoreUnavailable(kind)


class _Node:
    """One node: its slots, and until when it is not contacted (monotonic seconds)."""

    __slots__ = ("retry_at", "slots")

    def __init__(self) -> None:
        # Our own slots, since only one of redis-py's clients has a pool that waits.
        self.slots = asyncio.Semaphore(_SLOTS)
        self.retry_at: float | None = None


class _LoopState(NamedTuple):
    """The clients and the nodes of one event loop."""

    loop: asyncio.AbstractEventLoop
    clients: Clients
    nodes: dict[str | None, _Node]

    def node(self, name: str | None) -> _Node:
        """Return the node called *name*; None if there is no cluster, or if the node is unknown."""
        node = self.nodes.get(name)
        if node is None:
            if len(self.nodes) >= _MAX_NODES:
                self.nodes.clear()
            node = self.nodes[name] = _Node()
        return node


def milliseconds(seconds: float) -> int:
    """Return *seconds* as the server counts them: at least 1 ms."""
    return max(int(seconds * 1000), 1)
