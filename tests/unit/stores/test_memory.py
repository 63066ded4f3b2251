"""MemoryStore: bounded in the number of values and in time."""

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.ttl_cache import MAX_ENTRIES
from tests.unit.stores.scenes import read


async def test_default_size_is_ten_thousand_values() -> None:
    """One more value evicts another."""
    store = MemoryStore()
    for number in range(MAX_ENTRIES + 1):
        await store.put(number.to_bytes(32), b"value", 60)
    assert len(store) == MAX_ENTRIES == 10_000


async def test_least_recently_used_value_is_evicted_first() -> None:
    """A value that was read stays."""
    store = MemoryStore(2)
    await store.put(b"old", b"1", 60)
    await store.put(b"young", b"2", 60)
    assert await read(store, b"old") == b"1"
    await store.put(b"new", b"3", 60)
    assert [await read(store, key) for key in (b"old", b"young", b"new")] == [b"1", None, b"3"]


def test_size_zero_is_rejected() -> None:
    """A store for no values is a configuration error."""
    with pytest.raises(ConfigurationError, match="max_entries="):
        MemoryStore(0)
