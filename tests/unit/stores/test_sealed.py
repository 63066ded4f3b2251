"""Whoever can write to the store can't make up a value or move one, nor keep one past its time."""

from collections.abc import Sequence

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.stores.sealed import SealedStore
from tests.builders.clock import FakeClock

KEY, OTHER = b"k" * 32, b"o" * 32
OLD, NEW, FOREIGN = b"1" * 32, b"2" * 32, b"3" * 32
NO_SEAL = "a stored value was rejected: its seal is not valid"
TOO_OLD = "a stored value was rejected: it expired more than 60 s ago"
TOO_LONG = "a stored value was rejected: it is longer than 256 KiB"


class Open:
    """A store that anybody can write to, and a sealed one over it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.inner = MemoryStore()
        self.sealed = SealedStore(self.inner, OLD, clock=self.clock)

    async def taken(self, value: bytes = b"value") -> bytes:
        """Return *value* as it was sealed, for 60 seconds."""
        await self.sealed.put(KEY, value, 60)
        sealed = await self.inner.get(KEY)
        assert sealed is not None
        return sealed

    async def read_back(self, forged: bytes, key: bytes = KEY) -> bytes | None:
        """Write *forged* past the seal, and return what the sealed store makes of it."""
        await self.inner.put(key, forged, 60)
        return await self.sealed.get(key)


@pytest.fixture
def store() -> Open:
    """A sealed store, and the way round it."""
    return Open()


async def test_any_changed_byte_is_a_miss_and_an_event(
    store: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """Every byte of what is stored is under the seal, the seal itself included."""
    sealed = await store.taken()
    for place in range(len(sealed)):
        forged = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        caplog.clear()
        assert await store.read_back(forged) is None
        assert caplog.messages == [NO_SEAL]


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"value", id="no seal"),
        pytest.param(b":::", id="an empty seal"),
        pytest.param(b"1:nan:" + b"0" * 64 + b":value", id="a seal of nobody"),
        pytest.param("1:1:\N{GREEK SMALL LETTER ALPHA}:value".encode(), id="not ASCII"),
        pytest.param(b"\x80\x04.", id="a pickle"),
    ],
)
async def test_what_nobody_sealed_is_a_miss_and_an_event(
    store: Open, forged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """And the event quotes nothing of it."""
    assert await store.read_back(forged) is None
    assert caplog.messages == [NO_SEAL]


async def test_a_value_that_was_moved_is_a_miss_and_an_event(
    store: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """A verdict on one token says nothing about another."""
    assert await store.read_back(await store.taken(), OTHER) is None
    assert caplog.messages == [NO_SEAL]


async def test_another_purpose_or_a_boundary_that_was_moved_is_no_value(store: Open) -> None:
    """Each part is sealed with its length, so what stands between two can't change sides."""
    version, end, mac, value = (await store.taken(b"60:value")).split(b":", 3)
    assert await store.read_back(b":".join((version, end + b":60", mac, value))) is None
    assert await store.read_back(b":".join((version, end, mac, value))) == b"60:value"


async def test_in_its_time_a_value_that_was_replaced_can_be_brought_back(store: Open) -> None:
    """The seal tells who wrote a value and until when it holds, not that it was the last."""
    replaced = await store.taken(b"replaced")
    await store.taken(b"newer")
    assert await store.read_back(replaced) == b"replaced"


@pytest.mark.parametrize(
    ("length", "events"),
    [
        pytest.param(256 * 1024, [NO_SEAL], id="256 KiB"),
        pytest.param(256 * 1024 + 1, [TOO_LONG], id="a byte more"),
    ],
)
async def test_what_is_too_long_is_not_looked_at(
    store: Open, length: int, events: Sequence[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A huge value that somebody planted costs no MAC."""
    assert await store.read_back(b"x" * length) is None
    assert caplog.messages == events


@pytest.mark.parametrize(
    ("age", "value", "events"),
    [
        pytest.param(59.9, b"value", [], id="in its time"),
        pytest.param(60, None, [], id="just past it: clocks differ"),
        pytest.param(119.9, None, [], id="a little more"),
        pytest.param(120, None, [TOO_OLD], id="long past it"),
        pytest.param(1e6, None, [TOO_OLD], id="from another week"),
    ],
)
async def test_age_is_judged_by_the_reader(
    store: Open,
    age: float,
    value: bytes | None,
    events: Sequence[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A value that somebody put back is as old as it is, whatever the server's clock says."""
    sealed = await store.taken()
    store.clock.now += age
    assert await store.read_back(sealed) == value
    assert caplog.messages == events


@pytest.mark.parametrize(
    ("writer", "reader", "value"),
    [
        pytest.param(OLD, [NEW, OLD], b"value", id="old value, both keys"),
        pytest.param([NEW, OLD], NEW, b"value", id="the first key seals"),
        pytest.param([NEW, OLD], OLD, None, id="the second does not"),
        pytest.param(OLD, NEW, None, id="the old key is out"),
        pytest.param(FOREIGN, [NEW, OLD], None, id="a key of somebody else"),
    ],
)
async def test_keys_can_be_changed_while_both_open(
    writer: bytes | Sequence[bytes], reader: bytes | Sequence[bytes], value: bytes | None
) -> None:
    """Rotation goes old, then new and old, then new."""
    inner = MemoryStore()
    await SealedStore(inner, writer).put(KEY, b"value", 60)
    assert await SealedStore(inner, reader).get(KEY) == value


async def test_what_was_added_is_sealed_too(store: Open) -> None:
    """`add` and `put` write alike."""
    assert await store.sealed.add(KEY, b"value", 60)
    assert await store.sealed.get(KEY) == b"value"
    assert await store.inner.get(KEY) != b"value"


@pytest.mark.parametrize(
    "key",
    [
        pytest.param([], id="none"),
        pytest.param(b"", id="empty"),
        pytest.param(b"x" * 31, id="too short"),
        pytest.param([NEW, b"short"], id="the second too short"),
        pytest.param("x" * 32, id="text"),
    ],
)
def test_a_key_that_is_none_is_refused(key: bytes | Sequence[bytes]) -> None:
    """The refusal says what to write, and quotes no key."""
    with pytest.raises(ConfigurationError, match=r"secrets\.token_bytes") as refusal:
        SealedStore(MemoryStore(), key)
    assert "x" * 31 not in str(refusal.value)


def test_its_repr_tells_no_key(store: Open) -> None:
    """Nothing that is logged by accident has the key."""
    assert OLD.decode() not in repr(store.sealed)
