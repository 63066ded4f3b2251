"""Looking up one of very many remembered tokens, past the bounds that are usual."""

import itertools
import random
import time
from collections.abc import Mapping
from hashlib import sha256
from itertools import cycle
from typing import TypeAlias

from oauth_guard import MemoryStore
from oauth_guard.identity_cache import IdentityCache, ValidatedToken
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.raw_token import RawToken
from tests.builders.scripted_issuer import ScriptedIssuer
from tests.tools.benchmarks.measure import Row

MOST = 1_000_000

_CALLS = 50
_SAMPLE = 10_000  # more than the processor's caches hold
_LIFETIME = 3600
_BEGINNING = b"Bearer " + b"e" * 600

Lookups: TypeAlias = Mapping[float, Row]


async def lookups(most: int = MOST) -> dict[str, Lookups]:
    """Return what looks up one of 10, 100, ... *most* tokens, or remembers one more."""
    counts = [10**power for power in range(1, 7) if 10**power <= most]
    return {
        "recalled by a guard": {count: _Admitted(count).recall() for count in counts},
        "remembered in the oldest's place": {n: _Admitted(n).remember() for n in counts[:-1]},
        "looked up in a MemoryStore": {count: await _stored(count) for count in counts},
        "looked up by a IntrospectionCache": {n: await _validated(n) for n in counts[:-1]},
    }


class _Admitted:
    """As many admitted tokens as are remembered."""

    def __init__(self, count: int) -> None:
        rules = ClaimRules.of("https://issuer.test", required_claims=[])
        self._now = time.time()
        claims = {"exp": self._now + _LIFETIME}
        token = AccessToken.from_claims(claims, rules)
        validation = Validation(token, lambda: True)
        self._validated = ValidatedToken(Identity.from_token(token), validation)
        self._count = count
        self._cache = IdentityCache(count)
        for number in range(count):
            self._cache.put(_field(number), self._validated)

    def recall(self) -> Row:
        """Return a row of one after the other, in no order."""
        numbers = cycle(_some(self._count))

        async def call() -> None:
            field = _field(next(numbers))  # as new to the processor as one that comes in
            if self._cache.get(field, self._now) is not self._validated:
                raise RuntimeError("it was forgotten")

        return Row(f"{self._count} admitted, recalled", _CALLS, call)

    def remember(self) -> Row:
        """Return a row of new ones."""
        fields = map(_field, itertools.count(self._count))

        async def call() -> None:
            self._cache.put(next(fields), self._validated)

        return Row(f"{self._count} admitted, one more", _CALLS, call)


async def _stored(count: int) -> Row:
    store = MemoryStore(count)
    for number in range(count):
        await store.put(_key(number), b"", _LIFETIME)
    asked = cycle([_key(number) for number in _some(count)])

    async def look_up() -> None:
        if await store.get(next(asked)) is None:
            raise RuntimeError("it was forgotten")

    return Row(f"{count} stored", _CALLS, look_up)


async def _validated(count: int) -> Row:
    issuer = ScriptedIssuer(cache_for=_LIFETIME)
    validator = IntrospectionCache(issuer, max_entries=count)
    for number in range(count):
        await validator.validate(_token(number))
    numbers = cycle(_some(count))

    async def look_up() -> None:
        await validator.validate(_token(next(numbers)))
        if issuer.calls != count:
            raise RuntimeError("it was forgotten")

    return Row(f"{count} validated", _CALLS, look_up)


def _some(count: int) -> list[int]:
    return random.sample(range(count), min(count, _SAMPLE))


def _field(number: int) -> bytes:
    return _BEGINNING + b"%07d" % number


def _token(number: int) -> RawToken:
    return RawToken(f"opaque-{number:032}")


def _key(number: int) -> bytes:
    return sha256(_field(number)).digest()
