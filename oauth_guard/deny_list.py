"""DenyList: tokens that are revoked before they expire, in force in every process in a second."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, Unpack

from oauth_guard.errors import (
    ConfigurationError,
    InvalidToken,
    IssuerUnavailable,
    Reason,
    StoreUnavailable,
)
from oauth_guard.identity_cache import Check, ValidatedToken
from oauth_guard.interfaces import Clock, Notice, Notices
from oauth_guard.protocol.measurements import Measurement
from oauth_guard.protocol.revocation import (
    CUT_OFF_TOLERANCE,
    NO_CUT_OFF,
    Selector,
    keys_of,
    listed_key,
    read_selector,
    revocation_key,
)
from oauth_guard.protocol.settings import Seconds, checked_settings
from oauth_guard.single_flight import Singleflight

__all__ = ["DenyList", "Revocable", "checks_of"]

_DAY = 86_400
_POLL_INTERVAL = 0.25  # seconds
_MAX_AGE = 30  # seconds
_SHARDS = 64
_BITS = 32


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
        if not 0 < float(keep_for) < 1 << _BITS:  # type: ignore[arg-type] # in seconds by now
            raise ConfigurationError("keep_for= is in seconds, and more than 0.")
        self._keep_for = float(keep_for)  # type: ignore[arg-type] # in seconds by now
        self._notices, self._clock, self._monotonic = notices, clock, monotonic
        self._started = monotonic()
        self._known_until = math.inf if notices is None else -math.inf
        self._position: str | None = None
        self._version = 0
        # Each entry is one number: its end, then its cut-off. In shards, so that the search for
        # ended entries blocks the event loop for no longer than a millisecond.
        self._shards: list[dict[int, int]] = [{} for _ in range(_SHARDS)]
        self._latest = self._next_shard = 0
        self._polls: Singleflight[str, None] = Singleflight(closed=None)
        self.on_change: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return sum(map(len, self._shards))

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
            if validated.passed != self._version:
                self._look_up(validated)
                validated.passed = self._version
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
        by, value = read_selector(issuer, selector)
        cut_off = NO_CUT_OFF
        if by == "sub":
            until = selector.get("issued_until", self._clock())
            cut_off = min(max(math.ceil(until) + CUT_OFF_TOLERANCE, 0), NO_CUT_OFF - 1)
        keys = [revocation_key(by, issuer, value)]
        if by == "jti":
            keys.append(listed_key(issuer))
        notices = [Notice(key, cut_off, self._keep_for) for key in keys]
        self._apply(notices)
        if self._notices is not None:
            await self._notices.publish(notices)

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
            self._remove_ended()
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

    def _apply(self, notices: Iterable[Notice]) -> None:
        elapsed = self._monotonic() - self._started
        changed = False
        for key, cut_off, seconds in notices:
            end = math.ceil(elapsed + seconds)
            shard = self._shards[key % _SHARDS]
            known = shard.get(key, 0)
            entry = max(known >> _BITS, end) << _BITS | max(known % (1 << _BITS), cut_off)
            if entry != known:
                # Entries that are added in the same second share one number.
                self._latest = self._latest if entry == self._latest else entry
                shard[key], changed = self._latest, True
        if changed:
            self._version += 1
            for function in self.on_change:
                function()

    def _look_up(self, validated: ValidatedToken) -> None:
        keys = validated.revocation_keys
        if keys is None:
            keys = validated.revocation_keys = keys_of(validated.identity)
        shards = self._shards
        for key in keys.always:
            if key in shards[key % _SHARDS] and self._cut_off(key) is not None:
                raise InvalidToken(Reason.REVOKED)
        for key in keys.subject:
            if key in shards[key % _SHARDS] and (cut_off := self._cut_off(key)) is not None:
                issued_at = validated.identity.claims.get("iat")
                if issued_at is None or issued_at <= cut_off:
                    raise InvalidToken(Reason.REVOKED)

    def _cut_off(self, key: int) -> int | None:
        """Return the cut-off of the entry under *key*; None if it has ended."""
        entry = self._shards[key % _SHARDS][key]
        if entry >> _BITS <= self._monotonic() - self._started:
            return None
        return entry % (1 << _BITS)

    def _remove_ended(self) -> None:
        """Remove the ended entries of one shard."""
        shard = self._shards[self._next_shard]
        self._next_shard = (self._next_shard + 1) % _SHARDS
        elapsed = self._monotonic() - self._started
        for key in [key for key, entry in shard.items() if entry >> _BITS <= elapsed]:
            del shard[key]


class _Checked(Protocol):
    @property
    def check(self) -> Check: ...


def checks_of(*parts: _Checked | None) -> tuple[Check, ...]:
    """Return the checks of those *parts* that are not None, for step 5 of the path."""
    return tuple(part.check for part in parts if part is not None)


class Revocable:
    """Gives a guard `revoke`."""

    deny_list: DenyList | None

    async def revoke(self, issuer: str, **selector: Unpack[Selector]) -> None:
        """Revoke tokens of *issuer*: see `DenyList.revoke`.

        Raises:
            ConfigurationError: There is no `deny_list=`, or the selector is wrong.
            StoreUnavailable: Other processes may not know the revocation: call it again.
        """
        if self.deny_list is None:
            raise ConfigurationError("revoke() needs Guard(..., deny_list=DenyList()).")
        await self.deny_list.revoke(issuer, **selector)
