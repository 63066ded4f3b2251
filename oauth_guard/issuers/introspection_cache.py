"""IntrospectionCache: what an issuer said about a token, remembered for a while (RFC 7662 §4)."""

import hashlib
import time
from collections.abc import Iterable
from typing import TypeAlias

from oauth_guard.errors import (
    InvalidToken,
    IssuerUnavailable,
    Reason,
    RequestRejected,
    StoreUnavailable,
)
from oauth_guard.interfaces import CacheableIssuer, Clock, Issuer, Store
from oauth_guard.issuers.introspection_result import IntrospectionResult, read_answer
from oauth_guard.issuers.introspection_validity import Standing
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.single_flight import SingleFlight
from oauth_guard.ttl_cache import MAX_ENTRIES, TTLCache

__all__ = ["IntrospectionCache", "cached"]

_PURPOSE = b"oauth_guard access token"

_Failure: TypeAlias = RequestRejected | IssuerUnavailable


class IntrospectionCache:
    """An issuer that is asked about a token once in a while; an `Issuer` like the one inside.

    It remembers facts, never decisions: audience, lifetime and the rest are judged on each
    request, whether the answer is remembered or new. Of a token it keeps a digest.

    Args:
        issuer: The one to ask.
        store: Where other processes look too, beside the memory of this one.
        max_entries: How many good tokens this process remembers, and as many inactive ones, in a
            space of their own: a flood of bad tokens pushes out no good one.
        clock: Tells seconds since the epoch.
        monotonic: Tells monotonic seconds.
    """

    def __init__(
        self,
        issuer: CacheableIssuer,
        store: Store | None = None,
        *,
        max_entries: int = MAX_ENTRIES,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._clock = clock
        self._active: TTLCache[IntrospectionResult] = TTLCache(max_entries, clock=monotonic)
        self._inactive: TTLCache[IntrospectionResult] = TTLCache(max_entries, clock=monotonic)
        self._refused_at: TTLCache[float] = TTLCache(max_entries, clock=monotonic)
        self._questions: SingleFlight[bytes, IntrospectionResult | _Failure] = SingleFlight(
            closed=IssuerUnavailable(issuer.issuer, Reason.UNREACHABLE)
        )
        # The names of registered claims, kept once for all tokens.
        self._names = {name: name for name in issuer.rules.claim_types}
        identity = (part.encode() for part in issuer.cache_identity)
        self._digest = hashlib.sha256(_framed((_PURPOSE, *identity)))

    def __repr__(self) -> str:
        return f"IntrospectionCache({self._issuer!r})"

    @property
    def issuer(self) -> str:
        """The identifier of the issuer."""
        return self._issuer.issuer

    @property
    def ready(self) -> bool:
        """Whether the issuer can be asked."""
        return self._issuer.ready

    @property
    def accepts_opaque(self) -> bool:
        """Whether a token that is no JWT may be one of the issuer's."""
        return self._issuer.accepts_opaque

    @property
    def accepts_unnamed_jwts(self) -> bool:
        """Whether a JWT that names no issuer may be one of the issuer's."""
        return self._issuer.accepts_unnamed_jwts

    @property
    def confirms(self) -> bool:
        """Whether the issuer can be asked past every memory: it always can."""
        return True

    async def validate(self, token: RawToken) -> AccessToken:
        """Return what the issuer vouched for, now or a short while ago.

        Raises:
            InvalidToken: The issuer does not vouch for it.
            IssuerUnavailable: It is not remembered, and the issuer can't be asked.
        """
        key = self._key(token)
        answer = self._remembered(key)
        if answer is None:
            outcome = await self._questions.run(key, lambda: self._find_out(key, token))
            if not isinstance(outcome, IntrospectionResult):
                raise _anew(outcome)
            answer = outcome
        return _verdict(answer)

    async def confirm(self, token: RawToken) -> AccessToken:
        """Return what the issuer vouches for now, past every memory; the answer is remembered.

        Raises:
            InvalidToken: The issuer does not vouch for it.
            IssuerUnavailable: The issuer can't be asked.
        """
        key = self._key(token)
        answer = await self._ask(token)
        kept = self._keep(key, answer)
        if kept is not None:
            await self._share(key, kept)  # an inactive one too, in the place of what was shared
        return _verdict(kept or answer)

    def start(self) -> None:
        """Let the issuer begin to fetch what it needs."""
        self._issuer.start()

    async def load(self) -> None:
        """Wait for what the issuer needs.

        Raises:
            IssuerUnavailable: It is not to be had.
        """
        await self._issuer.load()

    async def aclose(self) -> None:
        """End the questions under way, and close the issuer; the store is not closed."""
        await self._questions.aclose()
        await self._issuer.aclose()

    def _key(self, token: RawToken) -> bytes:
        digest = self._digest.copy()
        digest.update(_framed((token.text.encode(),)))
        return digest.digest()

    def _remembered(self, key: bytes) -> IntrospectionResult | None:
        answer = self._active.get(key) or self._inactive.get(key)
        return answer if answer and self._left(answer) > 0 else None

    def _left(self, answer: IntrospectionResult) -> float:
        return answer.left(
            self._clock(),
            cache_for=self._issuer.cache_for,
            inactive_for=self._issuer.inactive_for,
        )

    async def _find_out(self, key: bytes, token: RawToken) -> IntrospectionResult | _Failure:
        shared = await self._recall(key)
        if shared is not None and (known := self._keep(key, shared)) is not None:
            return known
        try:
            answer = await self._ask(token)
        except (RequestRejected, IssuerUnavailable) as error:
            return error
        kept = self._keep(key, answer)
        if kept is not None and kept.token is not None:
            await self._share(key, kept)
        return kept or answer

    async def _ask(self, token: RawToken) -> IntrospectionResult:
        requested_at = self._clock()
        try:
            return IntrospectionResult(requested_at, await self._issuer.validate(token))
        except InvalidToken as error:
            if error.reason is not Reason.INACTIVE:
                raise
            return IntrospectionResult(requested_at, None)

    def _keep(self, key: bytes, answer: IntrospectionResult) -> IntrospectionResult | None:
        """Remember *answer* here, and return it as remembered; None if a newer one is known."""
        if self._is_overtaken(key, answer):
            return None
        left = self._left(answer)
        if answer.token is None:
            # A good one that was asked for earlier may land late: for as long as it could hold.
            self._refused_at.put(
                key, answer.requested_at, max(self._issuer.cache_for, self._issuer.inactive_for)
            )
            self._inactive.put(key, answer, left)
            self._active.forget(key)
            return answer
        if left > 0:
            answer = self._standing(key, answer, answer.token)
        self._active.put(key, answer, left)
        self._inactive.forget(key)
        return answer

    def _standing(
        self, key: bytes, answer: IntrospectionResult, token: AccessToken
    ) -> IntrospectionResult:
        """Return *answer* with a token that can tell how long it is remembered.

        The names of its claims are those of every token, so they are kept once.
        """
        end = answer.end(cache_for=self._issuer.cache_for, inactive_for=self._issuer.inactive_for)
        stands = Standing(self._active, key, answer.requested_at, end, self._clock)
        names = self._names
        claims = {names.get(name, name): value for name, value in token.claims.items()}
        # Read again: a copy by `dataclasses.replace` costs nearly twice as much.
        return IntrospectionResult(
            answer.requested_at, AccessToken.from_claims(claims, token.rules, stands)
        )

    def _is_overtaken(self, key: bytes, answer: IntrospectionResult) -> bool:
        """Tell whether a newer answer is known; after a clock was set back, none looks newer."""
        known = self._active.get(key)
        newest = known.requested_at if known else self._refused_at.get(key)
        return newest is not None and answer.requested_at < newest <= self._clock()

    async def _recall(self, key: bytes) -> IntrospectionResult | None:
        """Return what some process has shared; a store that can't be asked knows nothing."""
        if self._store is None:
            return None
        try:
            value = await self._store.get(key)
        except StoreUnavailable:
            return None
        answer = None if value is None else read_answer(value, self._issuer.rules)
        return answer if answer is not None and self._left(answer) > 0 else None

    async def _share(self, key: bytes, answer: IntrospectionResult) -> None:
        """Put *answer* in the place of what was shared, even if it holds no longer itself."""
        if self._store is None:
            return
        try:
            await self._store.put(key, answer.written(), self._left(answer))
        except StoreUnavailable:
            return  # the store has told of it


def cached(issuer: Issuer, store: Store | None, *, clock: Clock) -> Issuer:
    """Stand a memory before an *issuer* that is asked about each token; a signature needs none."""
    if isinstance(issuer, CacheableIssuer) and issuer.cache_for > 0:
        return IntrospectionCache(issuer, store, clock=clock)
    return issuer


def _verdict(answer: IntrospectionResult) -> AccessToken:
    if answer.token is None:
        raise InvalidToken(Reason.INACTIVE)
    return answer.token


def _framed(parts: Iterable[bytes]) -> bytes:
    """Put its length before each part, so that no two lists of parts look the same."""
    return b"".join(len(part).to_bytes(8) + part for part in parts)


def _anew(error: _Failure) -> _Failure:
    """Return an error like *error*, since a traceback belongs to one waiter."""
    kind = type(error)
    copy = kind.__new__(kind, *error.args)
    vars(copy).update(vars(error))
    return copy
