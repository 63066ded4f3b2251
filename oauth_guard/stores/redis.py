"""RedisStore: what many processes remember together, in Redis 7 or Valkey (extra `redis`)."""

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
"""A client of redis-py's; one that a `Sentinel` made is a `Redis` too."""

_PREFIX = "oauth_guard:"
_PLACES = 16
_BACKOFF = 1
_TOLD_EVERY = 30


class RedisStore:
    """A store on a server, sealed: who can write there can neither forge a value nor move one.

    Args:
        server: `redis://`, `rediss://` (TLS) or `unix://`, with redis-py's own parameters;
            `redis+cluster://host` for a cluster that one node tells about;
            `redis+sentinel://host,host/name` for the primary that sentinels call *name*. Or a
            client of your own, which stays yours to close; let it have `socket_timeout=None`, as
            ours have, since under Python 3.11 redis-py's timeout may swallow *timeout*.
        key: At least 32 secret bytes, the same in each process. While you change it, both:
            `[new, old]`; the first seals, and each opens.
        prefix: What the keys on the server begin with, for its access rules.
        timeout: How many seconds one question may take, with the opening of a connection; and
            for how many it may wait before, while others are asked. After a silent one the
            server is left alone for a second, so that an outage costs little.
        clock: Tells seconds since the epoch.
        monotonic: Tells monotonic seconds.

    Raises:
        ConfigurationError: There is no key, one is too short, or the URL can't be read.
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
        opening = _opening(server) if isinstance(server, str) else lambda: _Opened(server, ())
        unsealed = _Server(opening, prefix=prefix, timeout=timeout, clock=monotonic)
        self._sealed = SealedStore(unsealed, key, clock=clock)

    async def get(self, key: bytes) -> bytes | None:
        """Return what is kept under *key*.

        Raises:
            StoreUnavailable: The server can't be asked.
        """
        return await self._sealed.get(key)

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Keep *value* for *seconds*, in the place of what was there.

        Raises:
            StoreUnavailable: The server can't be asked.
        """
        await self._sealed.put(key, value, seconds)

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        """Keep *value* for *seconds* unless *key* is taken; tell whether it was kept.

        Raises:
            StoreUnavailable: The server can't be asked.
        """
        return await self._sealed.add(key, value, seconds)

    async def aclose(self) -> None:
        """Close the connections that were opened here; the next use opens others."""
        await self._sealed.aclose()


class _Opened(NamedTuple):
    """A client, and all that must be closed in the end."""

    client: RedisClient
    closing: tuple[RedisClient, ...]


class _Place(NamedTuple):
    """What belongs to one event loop."""

    loop: asyncio.AbstractEventLoop
    opened: _Opened
    free: asyncio.Semaphore  # redis-py has a pool that waits for one of its three clients only


class _Server:
    """The server as it answers: asked within bounds, and left alone after it was silent."""

    def __init__(
        self, opening: Callable[[], _Opened], *, prefix: str, timeout: float, clock: Clock
    ) -> None:
        self._opening = opening
        self._prefix = prefix
        self._timeout = timeout
        self._clock = clock
        self._place: _Place | None = None
        self._silent_until: float | None = None
        self._told_at: float | None = None

    async def get(self, key: bytes) -> bytes | None:
        async def read(client: Any) -> bytes | None:
            value: bytes | str | None = await client.get(self._name(key))
            return value.encode() if isinstance(value, str) else value  # as your client decodes it

        return await self._ask(read)

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        await self._ask(lambda client: client.set(self._name(key), value, px=_ms(seconds)))

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        name, life = self._name(key), _ms(seconds)
        return bool(await self._ask(lambda client: client.set(name, value, px=life, nx=True)))

    async def aclose(self) -> None:
        place, self._place = self._place, None
        if place is not None and place.loop is asyncio.get_running_loop():
            for client in place.opened.closing:
                await client.aclose()

    def _name(self, key: bytes) -> str:
        return self._prefix + key.hex()

    async def _ask(self, command: Callable[[Any], Awaitable[_T]]) -> _T:
        """Await *command* within the bound, which begins when there is a place for it."""
        place = await self._take_place()
        try:
            self._respect_silence()
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await command(place.opened.client)
            except (ResponseError, UnicodeError) as error:  # it answers, so asking costs little
                self._silent_until = None
                raise self._unavailable(error) from None
            except (RedisError, RedisClusterException, OSError) as error:
                self._silent_until = self._clock() + _BACKOFF
                raise self._unavailable(error) from None
        finally:
            place.free.release()
        self._silent_until = None
        return answer

    async def _take_place(self) -> _Place:
        """Take a place among those who ask; that there was none in time tells no silence."""
        loop = asyncio.get_running_loop()
        if self._place is None or self._place.loop is not loop:
            self._place = _Place(loop, self._opening(), asyncio.Semaphore(_PLACES))
        place = self._place
        if not place.free.locked():
            await place.free.acquire()  # at once, and a bound on that would cost more than it does
            return place
        try:
            async with asyncio.timeout(self._timeout):
                await place.free.acquire()
        except TimeoutError as error:
            raise self._unavailable(error) from None
        return place

    def _respect_silence(self) -> None:
        """Let one question through when the back-off ends; the others wait for how it fares."""
        if self._silent_until is not None:
            now = self._clock()
            if now < self._silent_until:
                raise StoreUnavailable("the shared store was silent a moment ago")
            self._silent_until = now + _BACKOFF

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        """Name the kind of trouble: its text may quote what was asked."""
        kind, now = type(error).__name__, self._clock()
        if self._told_at is None or now >= self._told_at + _TOLD_EVERY:
            self._told_at = now
            _log.warning("the shared store can't be asked, so it is done without: %s", kind)
        return StoreUnavailable(kind)


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)


def _opening(url: str) -> Callable[[], _Opened]:
    """Read *url*; what is returned opens a client for the running loop.

    Raises:
        ConfigurationError: It can't be read. It may hold a password, so nothing quotes it.
    """
    opening = _opening_as_it_says(url)
    try:
        opening()  # connects to nothing yet
    except (ValueError, RedisClusterException):
        raise ConfigurationError(
            'server= is a URL like "redis://localhost:6379/0", "redis+cluster://host:6379" or '
            '"redis+sentinel://host:26379,host:26379/name", or a client of redis-py\'s.'
        ) from None
    return opening


def _opening_as_it_says(url: str) -> Callable[[], _Opened]:
    plain_url = url.replace("+cluster", "", 1)

    def one() -> _Opened:
        return _own(Redis.from_url(url, **_settings()))

    def cluster() -> _Opened:
        return _own(RedisCluster.from_url(plain_url, **_settings()))

    def sentinel() -> _Opened:
        return _sentinel(urlsplit(url))

    kind = url.partition("://")[0].partition("+")[2]
    return {"cluster": cluster, "sentinel": sentinel}.get(kind, one)


def _sentinel(parts: SplitResult) -> _Opened:
    login, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.removeprefix("/").partition("/")
    if not name:
        raise ValueError("a sentinel knows its servers by name")
    username, _, password = login.partition(":")
    tls = parts.scheme.startswith("rediss")
    sentinel = Sentinel(  # type: ignore[no-untyped-call] # redis-py leaves this one untyped
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
    return _own(client, *sentinel.sentinels)


def _addresses(hosts: str) -> Iterable[tuple[str, int]]:
    for host in hosts.split(","):
        parts = urlsplit(f"//{host}")
        if not parts.hostname:
            raise ValueError("a sentinel is on a host")
        yield parts.hostname, parts.port or 26379


def _own(client: RedisClient, *others: RedisClient) -> _Opened:
    return _Opened(client, (client, *others))


def _settings() -> dict[str, Any]:
    # One more attempt at once, for a connection that the server closed while it was idle. No
    # timeout but ours: with one of its own redis-py uses `wait_for`, which in Python 3.11 may
    # swallow the cancellation that ours is made of.
    return {"retry": Retry(NoBackoff(), 1), "protocol": 2, "socket_timeout": None}
