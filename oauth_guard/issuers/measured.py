"""MeasuredKeys and MeasuredIssuer: what remote keys and issuers measure about themselves."""

from collections.abc import Iterator

from oauth_guard.interfaces import Clock, Issuer, KeySource
from oauth_guard.issuers.jwks_cache import JWKSCache
from oauth_guard.jose.key_set import KeySet
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.measurements import Measurement, measurements_of

__all__ = ["MeasuredIssuer", "MeasuredKeys"]


class MeasuredKeys:
    """Gives a remote key set its measurements."""

    _cache: JWKSCache
    _clock: Clock
    _keys: KeySet | None
    _stored_at: float
    _usable_until: float
    _started: int
    _failures: int

    def measurements(self) -> Iterator[Measurement]:
        """Yield the fetches, and the age of the keys if there are any."""
        yield Measurement("key_fetches", self._started)
        yield Measurement("key_fetch_failures", self._failures)
        if self._keys is not None:
            now = self._clock()
            stale = now >= self._usable_until - self._cache.stale_if_error
            yield Measurement("keys_age_seconds", now - self._stored_at)
            yield Measurement("keys_stale", stale)


class MeasuredIssuer:
    """Gives a JWT issuer the measurements of its keys and of its introspection."""

    _rules: ClaimRules
    _keys: KeySource
    _introspection: Issuer | None

    def measurements(self) -> Iterator[Measurement]:
        """Yield what is measured about this issuer."""
        for each in measurements_of(self._keys):
            yield each._replace(issuer=self._rules.issuer)
        yield from measurements_of(self._introspection)
