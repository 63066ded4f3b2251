"""IntrospectionCacheHarness: an introspection cache with a scripted issuer and a fake clock."""

from typing import Any

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.interfaces import Store
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from tests.builders.clock import FakeClock
from tests.builders.scripted_issuer import ScriptedIssuer, verdict

INACTIVE = InvalidToken(Reason.INACTIVE)


class IntrospectionCacheHarness:
    """An `IntrospectionCache` in front of a `ScriptedIssuer`.

    Args:
        store: The store that the cache shares with others.
        clock: The clock of the cache, for the time of day and for monotonic seconds.
        max_entries: The size of the cache.
        settings: The settings of the `ScriptedIssuer`.

    Attributes:
        issuer: The issuer that the cache introspects at.
        validator: The cache under test.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        clock: FakeClock | None = None,
        max_entries: int = 10_000,
        **settings: Any,
    ) -> None:
        self.clock = clock or FakeClock()
        self.issuer = ScriptedIssuer(**settings)
        self.validator = IntrospectionCache(
            self.issuer,
            store,
            max_entries=max_entries,
            clock=self.clock,
            monotonic=lambda: self.clock.now,
        )

    async def verdict(self, token: str = "token") -> object:
        """Return the claims of *token*, or the reason why it is rejected."""
        return await verdict(self.validator, token)

    async def introspected(self, token: str = "token") -> object:
        """Return the same from the issuer, without the cache."""
        return await verdict(self.validator, token, introspect=True)
