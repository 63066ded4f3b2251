"""What every store promises, in one suite over each of them."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from oauth_guard.interfaces import Store
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.sealed import SealedStore

KEY, OTHER = bytes(range(32)), bytes(32)
SECRET = b"s" * 32

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


async def test_what_was_not_put_is_not_there(store: Store) -> None:
    """A store starts with nothing."""
    assert await store.get(KEY) is None


@pytest.mark.parametrize("value", VALUES)
async def test_a_value_comes_back_as_it_was_put(store: Store, value: bytes) -> None:
    """Under its own key, and under no other."""
    await store.put(KEY, value, 60)
    assert await store.get(KEY) == value
    assert await store.get(OTHER) is None


async def test_a_put_takes_the_place_of_what_was_there(store: Store) -> None:
    """The last one counts."""
    await store.put(KEY, b"first", 60)
    await store.put(KEY, b"second", 60)
    assert await store.get(KEY) == b"second"


@pytest.mark.parametrize("seconds", [0, -1, -1e9])
async def test_a_put_for_no_time_leaves_nothing(store: Store, seconds: float) -> None:
    """Nor what was there before."""
    await store.put(KEY, b"first", 60)
    await store.put(KEY, b"second", seconds)
    assert await store.get(KEY) is None


async def test_an_add_is_kept_unless_the_key_is_taken(store: Store) -> None:
    """And tells which of both it was."""
    assert await store.add(KEY, b"first", 60)
    assert not await store.add(KEY, b"second", 60)
    assert await store.get(KEY) == b"first"


async def test_of_many_adds_at_once_one_is_kept(store: Store) -> None:
    """Nobody comes between looking and keeping."""
    kept = await asyncio.gather(*(store.add(KEY, b"%d" % each, 60) for each in range(50)))
    assert sum(kept) == 1
    assert await store.get(KEY) == b"%d" % kept.index(True)


async def test_a_value_ends_when_its_time_has_passed(store: Store) -> None:
    """Then the key is free again."""
    await store.put(KEY, b"value", 0.02)
    await store.put(OTHER, b"value", 60)
    await asyncio.sleep(0.05)
    assert await store.get(KEY) is None
    assert await store.get(OTHER) == b"value"
    assert await store.add(KEY, b"next", 60)


async def test_a_store_that_was_closed_opens_again(store: Store) -> None:
    """Letting go of connections forgets nothing."""
    await store.put(KEY, b"value", 60)
    await store.aclose()
    await store.aclose()
    assert await store.get(KEY) == b"value"
