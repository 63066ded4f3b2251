"""The contract of `Store`, tested against each implementation."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from oauth_guard.interfaces import Store
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.sealed import SealedStore
from tests.unit.stores.scenes import KEY, OTHER, SECRET, read

VALUES = [
    pytest.param(b"", id="empty"),
    pytest.param(b'{"a": ":1:"}', id="JSON"),
    pytest.param(bytes(range(256)), id="any bytes"),
    pytest.param(b"x" * 64 * 1024, id="64 KiB"),
]


@pytest.fixture(
    params=["memory", "sealed", pytest.param("redis", marks=pytest.mark.needs("redis"))]
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """A store of each kind, empty."""
    store: Store = MemoryStore()
    if request.param == "sealed":
        store = SealedStore(store, SECRET)
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        store = RedisStore(url, key=SECRET, prefix=f"test:{uuid.uuid4()}:", timeout=2)
    yield store
    await store.aclose()


async def test_empty_store_returns_none(store: Store) -> None:
    """A new store has no values."""
    assert await read(store, KEY) is None


@pytest.mark.parametrize("value", VALUES)
async def test_stored_value_is_returned_unchanged(store: Store, value: bytes) -> None:
    """It is returned under its own key, and under no other."""
    await store.put(KEY, value, 60)
    assert await read(store, KEY) == value
    assert await read(store, OTHER) is None


async def test_put_replaces_an_older_value(store: Store) -> None:
    """The last value is returned."""
    await store.put(KEY, b"first", 60)
    await store.put(KEY, b"second", 60)
    assert await read(store, KEY) == b"second"


@pytest.mark.parametrize("seconds", [0, -1, -1e9])
async def test_put_with_no_lifetime_removes_the_older_value(store: Store, seconds: float) -> None:
    """Neither value is returned."""
    await store.put(KEY, b"first", 60)
    await store.put(KEY, b"second", seconds)
    assert await read(store, KEY) is None


async def test_value_has_its_remaining_lifetime(store: Store) -> None:
    """It is at most what was asked for."""
    await store.put(KEY, b"value", 60)
    stored = await store.get(KEY)
    assert stored is not None
    assert 55 < stored.seconds <= 60


async def test_lease_is_taken_once(store: Store) -> None:
    """Each key has its own."""
    assert [await store.lease(KEY, 60) for _ in range(3)] == [True, False, False]
    assert await store.lease(OTHER, 60)


async def test_one_of_many_concurrent_leases_is_taken(store: Store) -> None:
    """Checking the key and taking the lease is one atomic step."""
    assert sum(await asyncio.gather(*(store.lease(KEY, 60) for _ in range(50)))) == 1


async def test_lease_ends_by_itself(store: Store) -> None:
    """Nothing releases it."""
    assert await store.lease(KEY, 0.02)
    await asyncio.sleep(0.05)
    assert await store.lease(KEY, 60)


async def test_expired_value_is_not_returned(store: Store) -> None:
    """A value with a longer lifetime stays."""
    await store.put(KEY, b"value", 0.02)
    await store.put(OTHER, b"value", 60)
    await asyncio.sleep(0.05)
    assert await read(store, KEY) is None
    assert await read(store, OTHER) == b"value"


async def test_closed_store_reopens_on_the_next_use(store: Store) -> None:
    """`aclose` closes connections and keeps the values; it may be called twice."""
    await store.put(KEY, b"value", 60)
    await store.aclose()
    await store.aclose()
    assert await read(store, KEY) == b"value"
