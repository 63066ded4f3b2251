"""DenyEntries: an entry stays until its end, and takes little memory."""

import tracemalloc

from oauth_guard.deny_entries import DenyEntries
from oauth_guard.interfaces import Notice
from tests.builders.clock import FakeClock

NOW = 1_800_000_000


def test_ended_entries_are_removed_one_shard_at_each_call() -> None:
    """None before its end."""
    monotonic = FakeClock(5)
    entries = DenyEntries(monotonic)
    entries.apply([Notice(key, NOW, 10) for key in range(200)])
    monotonic.advance(9)
    for _ in range(64):
        entries.remove_ended()
    assert len(entries) == 200
    monotonic.advance(2)
    for _ in range(64):
        entries.remove_ended()
    assert len(entries) == 0


def test_entry_has_a_cut_off_until_its_end() -> None:
    """The later of two ends and of two cut-offs; only a change counts as one."""
    monotonic = FakeClock(5)
    entries = DenyEntries(monotonic)
    assert entries.cut_off(7) is None
    assert entries.apply([Notice(7, NOW, 100)])
    assert not entries.apply([Notice(7, NOW - 5, 50)])
    assert entries.version == 1
    assert entries.apply([Notice(7, NOW + 5, 50)])
    assert (entries.version, entries.cut_off(7)) == (2, NOW + 5)
    assert [entries.covers(7, each) for each in (NOW + 5, NOW + 6, None)] == [True, False, True]
    monotonic.advance(99)
    assert entries.cut_off(7) == NOW + 5
    monotonic.advance(1)
    assert entries.cut_off(7) is None
    assert not entries.covers(7, None)


def test_entry_takes_at_most_120_bytes() -> None:
    """Also just after its tables have grown; four tokens are revoked in each second."""
    entries = DenyEntries(FakeClock(5))
    keys = [number * 0x9E3779B97F4A7C1 % (1 << 60) for number in range(180_000)]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    worst = 0.0
    for first in range(0, len(keys), 20_000):
        page = enumerate(keys[first : first + 20_000])
        entries.apply([Notice(key + 0, NOW + index // 4, 86_400) for index, key in page])
        taken = tracemalloc.get_traced_memory()[0] - before
        worst = max(worst, taken / len(entries))
    tracemalloc.stop()
    assert worst <= 120
