"""Replay stores: a key can be claimed once within its time (RFC 9449 §11.1)."""

import asyncio
import heapq
import logging
import time
from enum import Enum
from hashlib import sha256

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.interfaces import Clock, Once
from oauth_guard.log_limit import LogLimit

__all__ = ["Claim", "MemoryOnce", "ProofReplays", "replay_key"]

_SHARED_SECONDS = 2  # the limit of one claim, for a store without a limit of its own
_MAX_CLAIMS = 200_000
_MAX_PER_KEY = 4096
_CLOCK_SKEW = 10
_PURPOSE = b"oauth_guard DPoP proof 1"


class Claim(Enum):
    """The outcome of a claim: the first of its key, a later one, or one too many of its owner."""

    FIRST = "first"
    SEEN = "seen"
    LIMITED = "limited"


class MemoryOnce:
    """A `Once` for one process. The claims are lost when the process ends.

    Args:
        max_claims: How many live claims there may be. A further one is refused: no live claim is
            removed for it.
        clock: Returns monotonic seconds.

    Raises:
        ConfigurationError: A maximum is less than 1.
    """

    def __init__(self, max_claims: int = _MAX_CLAIMS, *, clock: Clock = time.monotonic) -> None:
        self._live = _LiveClaims(max_claims, max_claims + 1, clock)

    def __len__(self) -> int:
        return len(self._live)

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Claim *key* for *seconds*; return whether this is its first claim.

        Raises:
            StoreUnavailable: There is no room.
        """
        return self._live.claim(key, "", seconds) is Claim.FIRST

    async def load(self) -> None:
        """Do nothing: this store never removes a live claim."""

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""


class ProofReplays:
    """Which DPoP proofs were used.

    Claim a proof only after its signature and the binding of its token were verified: then only
    the owner of a bound token can add entries, and each key at most *max_per_key* of them. That
    limit counts the claims of this process; processes that share a store each have their own.

    Args:
        shared: Where processes remember claims together. None for a service of one process.
        max_per_key: How many live claims one key may have. One more is `Claim.LIMITED`.
        max_claims: How many live claims this process may have in all.
        clock: Returns monotonic seconds.

    Raises:
        ConfigurationError: A maximum is less than 1.
    """

    def __init__(
        self,
        shared: Once | None = None,
        *,
        max_per_key: int = _MAX_PER_KEY,
        max_claims: int = _MAX_CLAIMS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._shared = shared
        self._live = _LiveClaims(max_claims, max_per_key, clock)
        self._log = LogLimit(clock)

    def __len__(self) -> int:
        return len(self._live)

    async def claim(self, thumbprint: str, jti: str, seconds: float) -> Claim:
        """Claim the proof *jti* of the key *thumbprint*, which is accepted for *seconds* more.

        The entry lives 10 seconds longer, for processes whose clocks differ. Without a shared
        store this method never suspends.

        Raises:
            StoreUnavailable: A store is full, or the shared one can't be reached, raises anything
                else, returns no boolean or does not return in two seconds. The proof must not be
                accepted.
        """
        key, lifetime = replay_key(thumbprint, jti), max(seconds, 0) + _CLOCK_SKEW
        if self._shared is not None:
            outcome = self._live.check(key, thumbprint)
            if outcome is not Claim.FIRST:
                return outcome
            if not await self._claim_shared(self._shared, key, lifetime):
                return Claim.SEEN
        return self._live.claim(key, thumbprint, lifetime)

    async def _claim_shared(self, store: Once, key: bytes, seconds: float) -> bool:
        try:
            async with asyncio.timeout(_SHARED_SECONDS):
                first: object = await store.claim(key, seconds)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the fault is not the caller's, so an outage
            # The text of the error may contain secrets, such as the address of the store.
            name = type(error).__name__
            self._log.log(logging.ERROR, name, "replay store: a claim failed: %s", name)
            raise StoreUnavailable("the replay store failed") from None
        if not isinstance(first, bool):
            raise StoreUnavailable("the replay store returned no boolean")
        return first

    async def load(self) -> None:
        """Check at start that the shared store removes no entry before its end.

        Raises:
            ConfigurationError: The store may remove an entry earlier.
        """
        if self._shared is not None:
            await self._shared.load()

    async def aclose(self) -> None:
        """Close the connections of the shared store."""
        if self._shared is not None:
            await self._shared.aclose()


def replay_key(thumbprint: str, jti: str) -> bytes:
    """Return the key of a proof: the SHA-256 of thumbprint and `jti`, each after its length.

    The URI is not part of it: a proof is used once, wherever it is sent.
    """
    parts = (_PURPOSE, thumbprint.encode(), jti.encode("utf-8", "surrogatepass"))
    return sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).digest()


class _LiveClaims:
    """The claims that have not ended, bounded in number: in all, and for each owner."""

    def __init__(self, max_claims: int, max_per_owner: int, clock: Clock) -> None:
        if max_claims < 1 or max_per_owner < 1:
            raise ConfigurationError("A replay store has room for 1 claim or more.")
        self._max_claims = max_claims
        self._max_per_owner = max_per_owner
        self._clock = clock
        self._owners: dict[bytes, str] = {}
        self._counts: dict[str, int] = {}
        self._ends: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self._owners)

    def check(self, key: bytes, owner: str) -> Claim:
        """Return what `claim` would return now.

        Raises:
            StoreUnavailable: There is no room.
        """
        self._remove_ended()
        if key in self._owners:
            return Claim.SEEN
        if self._counts.get(owner, 0) >= self._max_per_owner:
            return Claim.LIMITED
        if len(self._owners) >= self._max_claims:
            raise StoreUnavailable("the replay store is full")
        return Claim.FIRST

    def claim(self, key: bytes, owner: str, seconds: float) -> Claim:
        """Claim *key* for *owner*, unless it is claimed or *owner* has too many live claims.

        Raises:
            StoreUnavailable: There is no room.
        """
        outcome = self.check(key, owner)
        if outcome is Claim.FIRST:
            self._owners[key] = owner
            self._counts[owner] = self._counts.get(owner, 0) + 1
            heapq.heappush(self._ends, (self._clock() + seconds, key))
        return outcome

    def _remove_ended(self) -> None:
        now = self._clock()
        while self._ends and self._ends[0][0] <= now:
            _, key = heapq.heappop(self._ends)
            owner = self._owners.pop(key)
            self._counts[owner] -= 1
            if not self._counts[owner]:
                del self._counts[owner]
