"""Scene: a scripted issuer, a validator that asks it, and a clock that a test moves."""

from typing import Any

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.interfaces import Store
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from tests.unit.stores.clock import FakeClock
from tests.unit.stores.scripted import ScriptedIssuer, verdict

INACTIVE = InvalidToken(Reason.INACTIVE)


class Scene:
    """An issuer, and a validator that asks it, on a clock that a test moves."""

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
        """Return the claims of *token*, or why it is refused."""
        return await verdict(self.validator.validate, token)

    async def confirmed(self, token: str = "token") -> object:
        """Return the same past every memory."""
        return await verdict(self.validator.confirm, token)
