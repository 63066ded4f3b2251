"""RedisOnce: claims that many processes share, in Redis 7 or Valkey (extra `redis`)."""

import time

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.interfaces import Clock
from oauth_guard.stores.redis_clients import RedisClient
from oauth_guard.stores.redis_eviction import evicts_keys
from oauth_guard.stores.redis_server import RedisServer

__all__ = ["RedisOnce"]

_PREFIX = "oauth_guard:once:"


class RedisOnce:
    """A `Once` on a server that processes share: one command and one key for each claim.

    The value of a claim is a random nonce. The client sends a command a second time when the
    connection ends before the reply; the server then returns the nonce of the first attempt, so
    a lost reply is not mistaken for an earlier claim.

    After a failover a key can be claimed once more, if the new primary did not receive the first
    claim: `min-replicas-to-write 1` at the server prevents that while the primary is cut off.
    Claims are not sealed: write access to the server suffices to have a proof rejected, or
    accepted once more.

    The server must not evict, since an evicted claim can be made again: its `maxmemory-policy`
    is `noeviction`. `load` checks that; without `load`, the first claim does. A server
    that does not allow `INFO` is used without the check, and the log says so. A later change of
    the policy is not noticed.

    Args:
        server: A URL or a client, as for `RedisStore`.
        prefix: The prefix of the keys on the server, for its access control rules.
        timeout: The time limit of one command in seconds. The wait for one of the 16 slots before
            it has the same limit.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: The URL can't be read.
    """

    def __init__(
        self,
        server: str | RedisClient,
        *,
        prefix: str = _PREFIX,
        timeout: float = 0.25,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._server = RedisServer(server, prefix=prefix, timeout=timeout, monotonic=monotonic)
        self._evicts: bool | None = None

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Claim *key* for *seconds*; return whether this is its first claim.

        Raises:
            StoreUnavailable: The server can't be reached, refuses the command, or evicts claims.
        """
        if self._evicts is None:
            self._evicts = await evicts_keys(self._server, "replay store")
        if self._evicts:
            raise StoreUnavailable("the server of the replay store evicts keys")
        return await self._server.claim(self._server.name(key), seconds)

    async def load(self) -> None:
        """Check that the server evicts nothing, if it can be reached.

        Raises:
            ConfigurationError: The server evicts keys.
        """
        try:
            self._evicts = await evicts_keys(self._server, "replay store")
        except StoreUnavailable:
            return  # `claim` raises while it is unavailable, and then checks the policy itself
        if self._evicts:
            raise ConfigurationError(
                "The server of a replay store must not evict keys, since an evicted claim can be "
                "made again: set maxmemory-policy noeviction, or use a server of its own."
            )

    async def aclose(self) -> None:
        """Close the connections that were opened here; the next use opens new ones."""
        await self._server.aclose()
