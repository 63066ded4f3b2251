"""RedisStore: a `Store` that processes share, in Redis 7 or Valkey (extra `redis`)."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import SplitResult, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.interfaces import Clock
from oauth_guard.stores.sealed import SealedStore

__all__ = ["RedisClient", "RedisStore"]

_T = TypeVar("_T")

_log = logging.getLogger("oauth_guard")

RedisClient: TypeAlias = Redis | RedisCluster
"""A client of redis-py; `Sentinel.master_for` returns a `Redis` too."""

_PREFIX = "oauth_guard:"
_SLOTS = 16  # concurrent commands
_BACKOFF = 1  # seconds
_WARNING_INTERVAL = 30  # seconds


class RedisStore:
    """A store on a Redis server. Values are sealed, so write access can't forge or move one.

    At most 16 commands run at a time. After a command that got no response, the server is not
    contacted for 1 s, so that an outage costs little; then a single command is tried first. A
    warning about an unavailable server is logged at most every 30 s.

    Args:
        server: `redis://`, `rediss://` (TLS) or `unix://`, with redis-py's own parameters;
            `redis+cluster://host` for the cluster that this node belongs to;
            `redis+sentinel://host,host/name` for the primary that the sentinels call *name*. Or
            a client of your own, which this store does not close; give it `socket_timeout=None`,
            as ours have, since under Python 3.11 redis-py's timeout may swallow *timeout*.
        key: At least 32 secret bytes, the same in each process. During a key rotation pass
            both, `[new, old]`: the first seals, and each of them opens.
        prefix: The prefix of the keys on the server, for its access control rules.
        timeout: The time limit of one command in seconds, opening a connection included. The
            wait for one of the 16 slots before it has the same limit.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: There is no key, a key is shorter than 32 bytes, or the URL is not
            valid. Whether the server can be reached is not checked.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        server: str | RedisClient,
        *,
        key: bytes | Sequence[bytes] = (),
        prefix: str = _PREFIX,
        timeout: float = 0.25,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        connect = _connector(server) if isinstance(server, str) else lambda: _Clients(server, ())
        unsealed = _UnsealedStore(connect, prefix=prefix, timeout=timeout, clock=monotonic)
        self._sealed = SealedStore(unsealed, key, clock=clock)

    async def get(self, key: bytes) -> bytes | None:
        """Return the value under *key*, or None if there is none that is valid.

        Raises:
            StoreUnavailable: The command failed, timed out or was not sent.
        """
        return await self._sealed.get(key)

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Store *value* for *seconds*, replacing any older value.

        Raises:
            StoreUnavailable: The command failed, timed out or was not sent.
        """
        await self._sealed.put(key, value, seconds)

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        """Store *value* for *seconds* unless *key* has a value; return whether it was stored.

        Raises:
            StoreUnavailable: The command failed, timed out or was not sent.
        """
        return await self._sealed.add(key, value, seconds)

    async def aclose(self) -> None:
        """Close the connections that this store opened; the next use opens new ones."""
        await self._sealed.aclose()


class _Clients(NamedTuple):
    """A client, and all clients that this store must close."""

    client: RedisClient
    owned: tuple[RedisClient, ...]


class _LoopState(NamedTuple):
    """The clients and the slots of one event loop."""

    loop: asyncio.AbstractEventLoop
    clients: _Clients
    slots: asyncio.Semaphore  # of redis-py's three clients only one has a pool that waits


class _UnsealedStore:
    """The values as they are on the server, with a time limit, slots and a back-off."""

    def __init__(
        self, connect: Callable[[], _Clients], *, prefix: str, timeout: float, clock: Clock
    ) -> None:
        self._connect = connect
        self._prefix = prefix
        self._timeout = timeout
        self._clock = clock
        self._state: _LoopState | None = None
        self._retry_at: float | None = None
        self._warned_at: float | None = None

    async def get(self, key: bytes) -> bytes | None:
        async def read(client: Any) -> bytes | None:
            value: bytes | str | None = await client.get(self._name(key))
            return value.encode() if isinstance(value, str) else value  # with decode_responses=True

        return await self._run(read)

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        await self._run(lambda client: client.set(self._name(key), value, px=_ms(seconds)))

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        name, lifetime = self._name(key), _ms(seconds)
        return bool(await self._run(lambda client: client.set(name, value, px=lifetime, nx=True)))

    async def aclose(self) -> None:
        state, self._state = self._state, None
        if state is not None and state.loop is asyncio.get_running_loop():
            for client in state.clients.owned:
                await client.aclose()

    def _name(self, key: bytes) -> str:
        return self._prefix + key.hex()

    async def _run(self, command: Callable[[Any], Awaitable[_T]]) -> _T:
        """Run *command* within the time limit, which starts when a slot is acquired."""
        state = await self._acquire_slot()
        try:
            self._check_back_off()
            try:
                async with asyncio.timeout(self._timeout):
                    result = await command(state.clients.client)
            except (ResponseError, UnicodeError) as error:  # the server responds: no back-off
                self._retry_at = None
                raise self._unavailable(error) from None
            except (RedisError, RedisClusterException, OSError) as error:
                self._retry_at = self._clock() + _BACKOFF
                raise self._unavailable(error) from None
        finally:
            state.slots.release()
        self._retry_at = None
        return result

    async def _acquire_slot(self) -> _LoopState:
        """Acquire a slot. A timeout here says nothing about the server: it starts no back-off."""
        loop = asyncio.get_running_loop()
        if self._state is None or self._state.loop is not loop:
            self._state = _LoopState(loop, self._connect(), asyncio.Semaphore(_SLOTS))
        state = self._state
        if not state.slots.locked():
            await state.slots.acquire()  # does not wait; a timeout would cost more than the call
            return state
        try:
            async with asyncio.timeout(self._timeout):
                await state.slots.acquire()
        except TimeoutError as error:
            raise self._unavailable(error) from None
        return state

    def _check_back_off(self) -> None:
        """Raise during the back-off. After it, let one command try while others still raise."""
        if self._retry_at is not None:
            now = self._clock()
            if now < self._retry_at:
                raise StoreUnavailable("the shared store failed less than a second ago")
            self._retry_at = now + _BACKOFF

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        """Name only the class of *error*, since its text may quote the command."""
        kind, now = type(error).__name__, self._clock()
        if self._warned_at is None or now >= self._warned_at + _WARNING_INTERVAL:
            self._warned_at = now
            _log.warning("the shared store is unavailable and is not used: %s", kind)
        return StoreUnavailable(kind)


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)


def _connector(url: str) -> Callable[[], _Clients]:
    """Parse *url* and return a function that makes clients for the running event loop.

    Raises:
        ConfigurationError: The URL is not valid. It may contain a password, so it is not quoted.
    """
    connect = _connector_by_scheme(url)
    try:
        connect()  # opens no connection yet
    except (ValueError, RedisClusterException):
        raise ConfigurationError(
            'server= must be a URL like "redis://localhost:6379/0", "redis+cluster://host:6379" or '
            '"redis+sentinel://host:26379,host:26379/name", or a client of redis-py.'
        ) from None
    return connect


def _connector_by_scheme(url: str) -> Callable[[], _Clients]:
    cluster_url = url.replace("+cluster", "", 1)

    def single() -> _Clients:
        return _owned(Redis.from_url(url, **_settings()))

    def cluster() -> _Clients:
        return _owned(RedisCluster.from_url(cluster_url, **_settings()))

    def sentinel() -> _Clients:
        return _sentinel(urlsplit(url))

    kind = url.partition("://")[0].partition("+")[2]
    return {"cluster": cluster, "sentinel": sentinel}.get(kind, single)


def _sentinel(parts: SplitResult) -> _Clients:
    login, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.removeprefix("/").partition("/")
    if not name:
        raise ValueError("the URL has no name of a primary")
    username, _, password = login.partition(":")
    tls = parts.scheme.startswith("rediss")
    sentinel = Sentinel(  # type: ignore[no-untyped-call] # not typed in redis-py
        list(_addresses(hosts)), sentinel_kwargs={"ssl": tls, **_settings()}
    )
    client: Redis = sentinel.master_for(
        name,
        db=int(database or 0),
        username=username or None,
        password=password or None,
        ssl=tls,
        **_settings(),
    )
    return _owned(client, *sentinel.sentinels)


def _addresses(hosts: str) -> Iterable[tuple[str, int]]:
    for host in hosts.split(","):
        parts = urlsplit(f"//{host}")
        if not parts.hostname:
            raise ValueError("a sentinel has no host")
        yield parts.hostname, parts.port or 26379


def _owned(client: RedisClient, *others: RedisClient) -> _Clients:
    return _Clients(client, (client, *others))


def _settings() -> dict[str, Any]:
    # One retry without delay, for a connection that the server closed while it was idle. No
    # timeout of redis-py's own: it would use `wait_for`, which in Python 3.11 may swallow the
    # cancellation by which our `asyncio.timeout` works.
    return {"retry": Retry(NoBackoff(), 1), "protocol": 2, "socket_timeout": None}
