"""Looking up one of very many remembered tokens, past the bounds that are usual."""

import random
from collections.abc import Mapping
from hashlib import sha256
from itertools import cycle
from typing import TypeAlias

from oauth_guard import MemoryStore
from tests.benchmarks.measure import Row

MOST = 1_000_000

_CALLS = 50
_SAMPLE = 10_000  # more than the processor's caches hold
_LIFETIME = 3600

Lookups: TypeAlias = Mapping[float, Row]


async def lookups(most: int = MOST) -> dict[str, Lookups]:
    """Return what looks up one of 10, 100, ... *most*, in each of our memories."""
    counts = [10**power for power in range(1, 7) if 10**power <= most]
    return {
        "looked up in a MemoryStore": {count: await _stored(count) for count in counts},
    }


async def _stored(count: int) -> Row:
    store = MemoryStore(count)
    for number in range(count):
        await store.put(_key(number), b"", _LIFETIME)
    asked = cycle([_key(number) for number in _some(count)])

    async def look_up() -> None:
        if await store.get(next(asked)) is None:
            raise RuntimeError("it was forgotten")

    return Row(f"{count} stored", _CALLS, look_up)


def _some(count: int) -> list[int]:
    return random.sample(range(count), min(count, _SAMPLE))


def _field(number: int) -> bytes:
    return b"Bearer %0600d" % number


def _key(number: int) -> bytes:
    return sha256(_field(number)).digest()
