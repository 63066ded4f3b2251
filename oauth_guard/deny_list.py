"""DenyList: tokens that are revoked before they expire, in force in every process in a second."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Unpack

from oauth_guard.deny_entries import DenyEntries
from oauth_guard.errors import (
    ConfigurationError,
    InvalidToken,
    IssuerUnavailable,
    Reason,
    StoreUnavailable,
)
from oauth_guard.identity_cache import Check, ValidatedToken
from oauth_guard.interfaces import Clock, Notice, Notices
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.measurements import Measurement
from oauth_guard.protocol.revocation import (
    CHANGES_KEY,
    Selector,
    all_entries,
    change_entries,
    issued_key,
    keys_of,
    reported_key,
    revocation_entries,
)
from oauth_guard.protocol.settings import Seconds, checked_settings
from oauth_guard.single_flight import Singleflight

__all__ = ["DenyList", "checks_of"]

_DAY = 86_400
_POLL_INTERVAL = 0.25  # seconds
_MAX_AGE = 30  # seconds
_MAX_KEPT = 1 << 32  # seconds


@checked_settings
class DenyList:
    """Revoked tokens. A guard with it checks each request, cache hits included.

    An entry takes effect immediately in this process, and within a second in each process that
    shares *notices*. It stays until its end, whatever happens to the shared store. There is no
    limit on the number of entries, and none is removed before its end; an entry takes at most
    120 bytes.

    A process that has not read the shared notices yet, or not for 30 s, does not know which
    tokens are revoked: the guard rejects every token with 503.

    Args:
        notices: Where processes share revocations: `RedisNotices`. None for a service of one
            process; its revocations are lost when it ends.
        keep_for: How long an entry is kept, in seconds. It must be at least the longest lifetime
            of a token: see `Guard(max_token_lifetime=)`.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Attributes:
        on_change: Functions that are called after new entries have taken effect.

    Raises:
        ConfigurationError: *keep_for* is not positive.
    """

    def __init__(
        self,
        notices: Notices | None = None,
        *,
        keep_for: Seconds = _DAY,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._keep_for = float(keep_for)  # type: ignore[arg-type] # in seconds by now
        if not 0 < self._keep_for < _MAX_KEPT:
            raise ConfigurationError("keep_for= is in seconds, and more than 0.")
        self._notices, self._clock, self._monotonic = notices, clock, monotonic
        self._known_until = math.inf if notices is None else -math.inf
        self._position: str | None = None
        self._entries = DenyEntries(monotonic)
        self._polls: Singleflight[str, None] = Singleflight(closed=None)
        self.on_change: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def version(self) -> int:
        """A number that grows with each new entry."""
        return self._entries.version

    def measurements(self) -> Iterator[Measurement]:
        """Yield the number of entries, and how old the shared ones are if they were ever read."""
        yield Measurement("revocations", len(self))
        if self._notices is not None and math.isfinite(self._known_until):
            age = self._monotonic() - (self._known_until - _MAX_AGE)
            yield Measurement("revocations_age_seconds", age)

    def check(self, validated: ValidatedToken, _now: float) -> None:
        """Raise if the token is revoked, or if that can't be known.

        Raises:
            InvalidToken: It is revoked.
            IssuerUnavailable: The shared notices were not read in the last 30 s.
        """
        if self._monotonic() < self._known_until:
            if validated.passed != self._entries.version:
                self._look_up(validated)
            return
        self.start()
        raise IssuerUnavailable("deny-list", Reason.REVOCATIONS_UNKNOWN)

    async def revoke(self, issuer: str, **selector: Unpack[Selector]) -> None:
        """Revoke tokens of *issuer*: one token, or those of a session, a subject or a client.

        In this process the revocation is in force when this method is called, and stays so if it
        raises. Then other processes may not know it, and it must be called again.

        Args:
            issuer: The issuer identifier, exactly as the tokens have it.
            selector: What the tokens have in common: see `Selector`.

        Raises:
            ConfigurationError: It is not one of those that `Selector` allows, or it is empty.
            StoreUnavailable: The shared store can't be reached.
        """
        await self._add(revocation_entries(issuer, selector, self._clock()))

    async def revoke_all(self, issuer: str, *, issued_until: float | None = None) -> None:
        """Revoke each token of *issuer* that was issued up to *issued_until* plus 5 s.

        A token without `iat` is revoked too. New tokens are accepted. Otherwise like `revoke`.

        Args:
            issuer: The issuer identifier, exactly as the tokens have it.
            issued_until: The cut-off, in seconds since the epoch; else now.

        Raises:
            ConfigurationError: *issuer* is empty.
            StoreUnavailable: The shared store can't be reached.
        """
        until = self._clock() if issued_until is None else issued_until
        await self._add(all_entries(issuer, until))

    async def claims_changed(
        self, issuer: str, *, changed_at: float | None = None, **selector: Unpack[Selector]
    ) -> None:
        """Let no claims that were valid before a change at *issuer* be used any more.

        A token whose claims come from introspection is introspected again, cached or not, if its
        result was requested before this call, or less than 5 s after it. A token whose claims are
        signed is rejected if it was issued up to *changed_at* plus 5 s, or has no `iat`: its
        claims can't change, and the response to an introspection need not repeat them all.

        In this process that is in force when this method is called, and stays so if it raises.

        Args:
            issuer: The issuer identifier, exactly as the tokens have it.
            changed_at: When the claims changed, by the clock of the issuer; else now. In seconds
                since the epoch.
            selector: What the tokens have in common: see `Selector`, without `issued_until`.

        Raises:
            ConfigurationError: The selector is not one that `Selector` allows, or it is empty.
            StoreUnavailable: The shared store can't be reached; call this again.
        """
        await self._add(change_entries(issuer, selector, changed_at, self._clock()))

    def is_outdated(self, validated: ValidatedToken, since: float | None = None) -> bool:
        """Return whether its claims may have changed since they were signed or reported.

        Args:
            validated: A validated token.
            since: Another time to compare with, in seconds since the epoch.
        """
        if self._entries.cut_off(CHANGES_KEY) is None:
            return False
        claims = validated.identity.claims
        reported_at = validated.reported_at if since is None else since
        return self._have_changed(_keys_of(validated), claims, reported_at)

    def outdates(self, validation: Validation) -> bool:
        """Return the same of claims that are not checked yet."""
        if self._entries.cut_off(CHANGES_KEY) is None:
            return False
        token = validation.token
        return self._have_changed(keys_of(token), token.claims, validation.reported_at)

    def start(self) -> None:
        """Start to read the shared notices in the background; needs a running event loop."""
        if self._notices is not None:
            self._polls.start("poll", self._poll)

    async def load(self) -> None:
        """Check the shared store, and read all notices if it can be reached.

        Raises:
            ConfigurationError: The store removes notices before their end.
        """
        if self._notices is not None:
            await self._notices.load()
            await self._read()
            self.start()

    async def aclose(self) -> None:
        """Stop the background work and close connections; the entries stay."""
        await self._polls.aclose()
        if self._notices is not None:
            await self._notices.aclose()

    async def _poll(self) -> None:
        while True:
            await self._read()
            self._entries.remove_ended()
            await asyncio.sleep(_POLL_INTERVAL)

    async def _read(self) -> None:
        """Read the notices that are new; the store logs a failure."""
        if self._notices is None:
            return
        complete = False
        while not complete:
            started = self._monotonic()
            try:
                batch = await self._notices.read(self._position)
            except StoreUnavailable:
                return
            self._apply(batch.notices)
            self._position, complete = batch.position, batch.is_complete
        self._known_until = started + _MAX_AGE

    async def _add(self, cut_offs: Mapping[int, int]) -> None:
        notices = [Notice(*each, self._keep_for) for each in cut_offs.items()]
        self._apply(notices)
        if self._notices is not None:
            await self._notices.publish(notices)

    def _apply(self, notices: Sequence[Notice]) -> None:
        if self._entries.apply(notices):
            for function in self.on_change:
                function()

    def _have_changed(
        self, keys: Iterable[int], claims: Mapping[str, Any], reported_at: float | None
    ) -> bool:
        since, key_of = claims.get("iat"), issued_key
        if reported_at is not None:  # if the clock was set back since, its age is unknown
            since, key_of = reported_at if reported_at <= self._clock() else None, reported_key
        return any(self._entries.covers(key_of(key), since) for key in keys)

    def _look_up(self, validated: ValidatedToken) -> None:
        issued_at = validated.identity.claims.get("iat")
        if any(self._entries.covers(key, issued_at) for key in _keys_of(validated)):
            raise InvalidToken(Reason.REVOKED)
        # While its claims are outdated, each look into the identity cache must find that out.
        if not self.is_outdated(validated):
            validated.passed = self._entries.version


def _keys_of(validated: ValidatedToken) -> tuple[int, ...]:
    keys = validated.revocation_keys
    if keys is None:
        keys = validated.revocation_keys = keys_of(validated.identity)
    return keys


class _Checked(Protocol):
    @property
    def check(self) -> Check: ...


def checks_of(*parts: _Checked | None) -> tuple[Check, ...]:
    """Return the checks of those *parts* that are not None, for step 5 of the path."""
    return tuple(part.check for part in parts if part is not None)
