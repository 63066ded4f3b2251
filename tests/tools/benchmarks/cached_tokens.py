"""Lookups among very many cached tokens, beyond the default capacity."""

import itertools
import random
import time
from collections.abc import Mapping
from hashlib import sha256
from itertools import cycle
from typing import TypeAlias

from oauth_guard import MemoryStore
from oauth_guard.byte_budget import ByteBudget
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
_SAMPLE = 10_000  # more than the processor's caches can hold
_LIFETIME = 3600
_BEGINNING = b"Bearer " + b"e" * 600

Lookups: TypeAlias = Mapping[float, Row]


async def lookups(most: int = MOST) -> dict[str, Lookups]:
    """Return the rows that look up one of 10, 100, ... *most* tokens, or cache one more."""
    counts = [10**power for power in range(1, 7) if 10**power <= most]
    return {
        "cached identity, looked up": {
            count: _FilledCache(count).look_up_row() for count in counts
        },
        "cached identity, evicting the oldest": {n: _FilledCache(n).add_row() for n in counts[:-1]},
        "looked up in a MemoryStore": {count: await _stored(count) for count in counts},
        "looked up by an IntrospectionCache": {n: await _validated(n) for n in counts[:-1]},
    }


class _FilledCache:
    """An identity cache with this many entries."""

    def __init__(self, count: int) -> None:
        rules = ClaimRules.of("https://issuer.test", required_claims=[])
        self._now = time.time()
        claims = {"exp": self._now + _LIFETIME}
        token = AccessToken.from_claims(claims, rules)
        validation = Validation(token, lambda: True)
        self._validated = ValidatedToken(Identity.from_token(token), validation)
        self._count = count
        self._cache = IdentityCache(count, ByteBudget((count + 1) * self._validated.size))
        for number in range(count):
            self._cache.put(_field(number), self._validated)

    def look_up_row(self) -> Row:
        """Return a row that looks up one entry after the other, in random order."""
        numbers = cycle(_some(self._count))

        async def call() -> None:
            field = _field(next(numbers))  # not in the processor's caches, like a received value
            if self._cache.get(field, self._now) is not self._validated:
                raise RuntimeError("it was forgotten")

        return Row(f"{self._count} admitted, recalled", _CALLS, call)

    def add_row(self) -> Row:
        """Return a row that adds new entries."""
        fields = map(_field, itertools.count(self._count))

        async def call() -> None:
            self._cache.put(next(fields), self._validated)

        return Row(f"{self._count} admitted, one more", _CALLS, call)


async def _stored(count: int) -> Row:
    store = MemoryStore(count)
    for number in range(count):
        await store.put(_key(number), b"", _LIFETIME)
    keys = cycle([_key(number) for number in _some(count)])

    async def look_up() -> None:
        if await store.get(next(keys)) is None:
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
