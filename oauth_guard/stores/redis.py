"""RedisStore: a `Store` that processes share, in Redis 7 or Valkey (extra `redis`)."""

import math
import time
from collections.abc import Sequence
from typing import Any

from oauth_guard.interfaces import Clock, StoredValue
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.stores.redis_clients import RedisClient, get_with_ttl
from oauth_guard.stores.redis_server import RedisServer, milliseconds
from oauth_guard.stores.sealed import SealedStore

__all__ = ["RedisClient", "RedisStore"]

_PREFIX = "oauth_guard:"
_NO_EXPIRY, _NO_KEY = -1, -2  # replies to PTTL


@checked_settings
class RedisStore:
    """A store on a Redis server. Values are sealed: who can write there can't forge or move one.

    At most 16 commands run at a time. After a command that got no response, the server is not
    contacted for 1 s, so that an outage costs little; then a single command is tried first. A
    warning about an unavailable server is logged at most every 30 s.

    Args:
        server: `redis://`, `rediss://` (TLS) or `unix://`, with redis-py's own parameters;
            `redis+cluster://host` for the cluster that this node belongs to;
            `redis+sentinel://host,host/name` for the primary that the sentinels call *name*. Or
            a client of your own, which this store does not close. Give it `socket_timeout=None`:
            under Python 3.11 a timeout of redis-py's own may suppress *timeout*.
        key: At least 32 secret bytes, the same in each process. To rotate the key, pass two of
            them, `[new, old]`: the first seals, and each of them opens.
        prefix: The prefix of the keys on the server, for its access control rules.
        timeout: The time limit of one command in seconds, opening a connection included; a
            command may take up to a fifth longer. The wait for one of the 16 slots before it has
            the same limit.
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
        connection = RedisServer(server, prefix=prefix, timeout=timeout, monotonic=monotonic)
        self._sealed = SealedStore(_UnsealedStore(connection), key, clock=clock)

    async def get(self, key: bytes) -> StoredValue | None:
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

    async def lease(self, key: bytes, seconds: float) -> bool:
        """Take the lease of *key* for *seconds*; return whether no other process has it.

        Raises:
            StoreUnavailable: The command failed, timed out or was not sent.
        """
        return await self._sealed.lease(key, seconds)

    async def aclose(self) -> None:
        """Close the connections that this store opened; the next use opens new ones."""
        await self._sealed.aclose()


class _UnsealedStore:
    """The values as they are on the server."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    async def get(self, key: bytes) -> StoredValue | None:
        name = self._server.name(key)

        async def get(client: Any) -> StoredValue | None:
            value, ttl = await get_with_ttl(client, name)
            if isinstance(value, str):
                value = value.encode()  # with decode_responses=True
            if not isinstance(value, bytes | None) or not isinstance(ttl, int):
                raise TypeError("the reply to GET or PTTL has another type")
            if value is None or ttl == _NO_KEY:
                return None
            return StoredValue(value, math.inf if ttl == _NO_EXPIRY else ttl / 1000)

        return await self._server.run(get, name)

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        name, lifetime = self._server.name(key), milliseconds(seconds)
        await self._server.run(lambda client: client.set(name, value, px=lifetime), name)

    async def lease(self, key: bytes, seconds: float) -> bool:
        return await self._server.claim(self._server.name(key), seconds)

    async def aclose(self) -> None:
        await self._server.aclose()
