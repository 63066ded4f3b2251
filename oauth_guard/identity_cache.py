"""IdentityCache: which validated token may be reused without validation, and until when.

The rule: a cache hit has the same outcome as a validation at the same moment. This module alone
decides what may be stored, and until when it is current.

Stored is the outcome of a validation, never of a check that depends on the request or on the
moment: the guard repeats those on every hit. A token that is bound to a key is stored with what
binds it, and each hit needs its proof. Not stored is

- a token without a cache key: see `ResourceRequest.cache_key`;
- a token whose validation can't say, without I/O, whether it is still current;
- an identity that exposes the raw token, since no raw token is kept in memory.

An entry is current as long as the times in the token allow (the leeway included), and as long as
its issuer says so: its key is still used, its introspection result is still cached, and it has
not announced that the claims changed.

The cache belongs to one guard, so it never mixes the settings of two. Only validated tokens are
stored, so junk evicts nothing. It starts no I/O and never waits.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from oauth_guard.byte_budget import MAX_CACHE_BYTES, ByteBudget
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.binding import confirmation_of
from oauth_guard.protocol.identity import Identity

__all__ = ["Check", "ClaimChanges", "IdentityCache", "ValidatedToken"]


class ValidatedToken:
    """A validated token as the checks after the cache see it.

    Attributes:
        identity: The identity that the token asserts.
        rules: The rules of its issuer.
        has_claim_function: Whether they include a `claims=` function.
        confirmation: What binds it to a key; None for a bearer token.
        needs_proof: Whether it is bound, or the guard accepts only bound tokens.
        not_before: From when the times in the token allow its use, in seconds since the epoch.
        not_after: Until when they do.
        is_current: Says, without I/O, whether validating it again would succeed; None if that
            can't be known.
        reported_at: When its claims were reported, at the earliest; see `Validation`.
        size: About how many bytes it takes; see `AccessToken`.
        revocation_keys: The keys that revoke it; None until a deny-list has needed them.
        passed: The version of the deny-list that it last passed, with claims up to date.
    """

    __slots__ = (
        "confirmation",
        "has_claim_function",
        "identity",
        "is_current",
        "needs_proof",
        "not_after",
        "not_before",
        "passed",
        "reported_at",
        "revocation_keys",
        "rules",
        "size",
    )

    def __init__(
        self, identity: Identity, validation: Validation, *, is_binding_required: bool = False
    ) -> None:
        token = validation.token
        self.identity = identity
        self.rules = token.rules
        self.has_claim_function = token.rules.claims.function is not None
        self.confirmation = confirmation_of(token.claims)
        self.needs_proof = is_binding_required or self.confirmation is not None
        self.not_before, self.not_after = token.lifetime
        self.is_current = validation.is_current
        self.reported_at = validation.reported_at
        self.size = token.size
        self.revocation_keys: tuple[int, ...] | None = None
        self.passed = -1

    def check_claim_function(self) -> None:
        """Run the operator's `claims=` function, which may look at more than the token.

        Raises:
            RequestRejected: The function rejects the token.
            ConfigurationError: The function returned a value.
        """
        self.rules.claims.check_function(self.identity.claims)


Check: TypeAlias = Callable[[ValidatedToken, float], Awaitable[None] | None]
"""A check after the cache: raises to reject a validated token at a time (epoch seconds).

An async function is awaited, for a check that needs I/O; a plain one is only called.
"""


class ClaimChanges(Protocol):
    """Says whose claims have changed at their issuer: a `DenyList`."""

    @property
    def version(self) -> int:
        """A number that grows with each change."""
        ...

    def is_outdated(self, validated: ValidatedToken) -> bool:
        """Return whether its claims may have changed since they were signed or reported."""
        ...

    def outdates(self, validation: Validation) -> bool:
        """Return the same of claims that are not checked yet."""
        ...


class IdentityCache:
    """Validated tokens, by the key of the credentials that carried them.

    Args:
        max_entries: How many tokens are stored at most. A further one replaces the oldest.
        budget: How many bytes they take at most. A token that does not fit replaces
            the oldest ones.
        changes: Says which claims are outdated.

    Attributes:
        changes: The same.
    """

    def __init__(
        self,
        max_entries: int = 10_000,
        budget: ByteBudget | None = None,
        changes: ClaimChanges | None = None,
    ) -> None:
        self._max_entries, self.changes = max_entries, changes
        self._budget = budget or ByteBudget(MAX_CACHE_BYTES)
        self._entries: OrderedDict[bytes | None, ValidatedToken] = OrderedDict()

    def get(self, cache_key: bytes | None, now: float) -> ValidatedToken | None:
        """Return the token stored under *cache_key* if it is still valid at *now*, else None.

        None means "not cached", not "invalid".
        """
        entry = self._entries.get(cache_key)
        if entry is None or not entry.not_before <= now < entry.not_after:
            return None
        changes = self.changes
        if changes is not None and entry.passed != changes.version and changes.is_outdated(entry):
            return None
        is_current = entry.is_current
        return entry if is_current is not None and is_current() else None

    def put(self, cache_key: bytes | None, validated: ValidatedToken) -> None:
        """Store *validated* under *cache_key*, if the rule of this module allows it."""
        if (
            cache_key is None
            or validated.is_current is None
            or validated.identity.token is not None
        ):
            return
        entries, budget = self._entries, self._budget
        size = validated.size
        if size > budget.limit:
            return
        if (replaced := entries.pop(cache_key, None)) is not None:
            budget.used -= replaced.size
        while len(entries) >= self._max_entries or budget.used + size > budget.limit:
            # An `OrderedDict` has its first entry ready; a `dict` searches past removed ones.
            budget.used -= entries.popitem(last=False)[1].size
        budget.used += size
        entries[cache_key] = validated
