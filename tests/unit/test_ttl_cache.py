"""TTLCache: bounded in number and in time."""

import pytest

from oauth_guard.ttl_cache import TTLCache
from tests.builders.clock import FakeClock


def test_each_has_its_own_time() -> None:
    """A short life beside a long one ends on its own; 0 seconds keep nothing."""
    clock = FakeClock()
    memory = TTLCache[str](clock=clock)
    memory.put(b"short", "a", 5)
    memory.put(b"long", "b", 60)
    memory.put(b"none", "c", 0)
    clock.now += 4.9
    assert [memory.get(key) for key in (b"short", b"long", b"none")] == ["a", "b", None]
    clock.now += 0.1
    assert [memory.get(key) for key in (b"short", b"long")] == [None, "b"]


def test_what_is_put_takes_the_place_of_what_was_there() -> None:
    """The newer value and its time count, also where it keeps nothing."""
    memory = TTLCache[str](clock=FakeClock())
    memory.put(b"key", "a", 60)
    memory.put(b"key", "b", 60)
    assert memory.get(b"key") == "b"
    memory.put(b"key", "c", 0)
    assert memory.get(b"key") is None


def test_what_has_ended_goes_like_all_else_when_there_are_too_many() -> None:
    """Nobody waits for many of them to be let go at once."""
    clock = FakeClock()
    memory = TTLCache[str](2, clock=clock)
    memory.put(b"ended", "short", 5)
    clock.now += 5
    for name in (b"a", b"b"):
        memory.put(name, "long", 60)
        assert len(memory) == 2
    assert [memory.get(key) for key in (b"ended", b"a", b"b")] == [None, "long", "long"]


@pytest.mark.parametrize("seconds", [0, -1, 1e-9], ids=["none", "less", "too few to be told"])
def test_no_time_keeps_nothing(seconds: float) -> None:
    """Not beside others either."""
    memory = TTLCache[str](clock=FakeClock())
    memory.put(b"other", "other", 60)
    memory.put(b"key", "value", seconds)
    assert memory.get(b"key") is None
    assert memory.get(b"other") == "other"
    assert len(memory) == 1


def test_what_is_forgotten_is_gone() -> None:
    """Forgetting what was never there is fine."""
    memory = TTLCache[str]()
    memory.put(b"key", "a", 60)
    memory.forget(b"key")
    memory.forget(b"key")
    assert memory.get(b"key") is None
