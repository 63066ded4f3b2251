"""TTLCache: bounded in the number of entries and in time."""

import gc

import pytest

from oauth_guard.byte_budget import ByteBudget
from oauth_guard.ttl_cache import TTLCache
from tests.builders.clock import FakeClock


def test_entries_expire_independently() -> None:
    """A short-lived entry expires beside a long-lived one; 0 seconds cache nothing."""
    clock = FakeClock()
    cache = TTLCache[str](clock=clock)
    cache.put(b"short", "a", 5)
    cache.put(b"long", "b", 60)
    cache.put(b"none", "c", 0)
    clock.now += 4.9
    assert [cache.get(key) for key in (b"short", b"long", b"none")] == ["a", "b", None]
    clock.now += 0.1
    assert [cache.get(key) for key in (b"short", b"long")] == [None, "b"]


def test_put_replaces_the_older_entry() -> None:
    """The new value and lifetime apply, also if the new lifetime is 0."""
    cache = TTLCache[str](clock=FakeClock())
    cache.put(b"key", "a", 60)
    cache.put(b"key", "b", 60)
    assert cache.get(b"key") == "b"
    cache.put(b"key", "c", 0)
    assert cache.get(b"key") is None


def test_expired_entry_is_evicted_like_any_other() -> None:
    """Expired entries are not removed in bulk, which would delay one request."""
    clock = FakeClock()
    cache = TTLCache[str](2, clock=clock)
    cache.put(b"ended", "short", 5)
    clock.now += 5
    for name in (b"a", b"b"):
        cache.put(name, "long", 60)
        assert len(cache) == 2
    assert [cache.get(key) for key in (b"ended", b"a", b"b")] == [None, "long", "long"]


@pytest.mark.parametrize(
    "seconds", [0, -1, 1e-9], ids=["zero", "negative", "below clock resolution"]
)
def test_put_without_a_lifetime_caches_nothing(seconds: float) -> None:
    """Other entries stay."""
    cache = TTLCache[str](clock=FakeClock())
    cache.put(b"other", "other", 60)
    cache.put(b"key", "value", seconds)
    assert cache.get(b"key") is None
    assert cache.get(b"other") == "other"
    assert len(cache) == 1


def test_forgotten_entry_is_not_returned() -> None:
    """Forgetting a missing entry is allowed."""
    cache = TTLCache[str]()
    cache.put(b"key", "a", 60)
    cache.forget(b"key")
    cache.forget(b"key")
    assert cache.get(b"key") is None


def test_entries_that_exceed_the_budget_evict_the_least_recently_used() -> None:
    """An entry that is replaced or forgotten gives its memory back."""
    budget = ByteBudget(100)
    cache = TTLCache[str](budget=budget, clock=FakeClock())
    for name in (b"a", b"b"):
        cache.put(name, "value", 60, 40)
    assert cache.get(b"a")
    cache.put(b"c", "value", 60, 40)
    assert [cache.get(name) for name in (b"a", b"b", b"c")] == ["value", None, "value"]
    assert budget.used == 80
    cache.put(b"c", "value", 60, 60)
    assert (budget.used, len(cache)) == (100, 2)
    cache.forget(b"a")
    cache.put(b"c", "value", 0, 60)
    assert (budget.used, len(cache)) == (0, 0)


def test_entry_that_is_larger_than_the_budget_evicts_nothing() -> None:
    """It is not cached."""
    budget = ByteBudget(100)
    cache = TTLCache[str](budget=budget, clock=FakeClock())
    cache.put(b"a", "value", 60, 100)
    cache.put(b"b", "value", 60, 101)
    assert [cache.get(name) for name in (b"a", b"b")] == ["value", None]


def test_cache_evicts_no_entry_of_another_cache_that_shares_its_budget() -> None:
    """What does not fit beside them is not cached; a cache that is gone gives its memory back."""
    budget = ByteBudget(100)
    first = TTLCache[str](budget=budget, clock=FakeClock())
    second = TTLCache[str](budget=budget, clock=FakeClock())
    first.put(b"a", "value", 60, 70)
    second.put(b"b", "value", 60, 20)
    second.put(b"c", "value", 60, 40)
    assert first.get(b"a")
    assert (second.get(b"c"), budget.used) == (None, 70)
    del first
    gc.collect()
    assert budget.used == 0
    second.put(b"c", "value", 60, 40)
    assert second.get(b"c")


def test_entries_beyond_the_number_are_evicted_with_their_memory() -> None:
    """Both bounds hold."""
    budget = ByteBudget(100)
    cache = TTLCache[str](2, budget=budget, clock=FakeClock())
    for name in (b"a", b"b", b"c"):
        cache.put(name, "value", 60, 10)
    assert (budget.used, len(cache), cache.get(b"a")) == (20, 2, None)
