"""What one process remembers is bounded in number and in time."""

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.ttl_cache import MAX_ENTRIES


async def test_ten_thousand_are_remembered_and_no_more() -> None:
    """The bound is on the number of entries, whatever comes."""
    store = MemoryStore()
    for number in range(MAX_ENTRIES + 1):
        await store.put(number.to_bytes(32), b"value", 60)
    assert len(store) == MAX_ENTRIES == 10_000


async def test_the_least_recently_used_goes_first() -> None:
    """What is asked for stays."""
    store = MemoryStore(2)
    await store.put(b"old", b"1", 60)
    await store.put(b"young", b"2", 60)
    assert await store.get(b"old") == b"1"
    await store.put(b"new", b"3", 60)
    assert [await store.get(key) for key in (b"old", b"young", b"new")] == [b"1", None, b"3"]


def test_there_must_be_room_for_one() -> None:
    """A memory for nothing is a mistake."""
    with pytest.raises(ConfigurationError, match="max_entries="):
        MemoryStore(0)
