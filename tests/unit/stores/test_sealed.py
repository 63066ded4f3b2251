"""SealedStore: write access to the inner store can't forge, move or revive a value."""

from collections.abc import Sequence

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.stores.sealed import SealedStore
from tests.builders.clock import FakeClock
from tests.unit.stores.scenes import read

KEY, OTHER = b"k" * 32, b"o" * 32
OLD, NEW, FOREIGN = b"1" * 32, b"2" * 32, b"3" * 32
NO_SEAL = "a stored value was rejected: its seal is not valid"
TOO_OLD = "a stored value was rejected: it expired more than 60 s ago"
TOO_LONG = "a stored value was rejected: it is longer than 256 KiB"


class TamperedStore:
    """A sealed store, and direct write access to its inner store."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.inner = MemoryStore()
        self.sealed = SealedStore(self.inner, OLD, clock=self.clock)

    async def sealed_bytes(self, value: bytes = b"value") -> bytes:
        """Return the stored bytes of *value*, sealed for 60 seconds."""
        await self.sealed.put(KEY, value, 60)
        sealed = await read(self.inner, KEY)
        assert sealed is not None
        return sealed

    async def read_forged(self, forged: bytes, key: bytes = KEY) -> bytes | None:
        """Write *forged* to the inner store, and return what the sealed store returns."""
        await self.inner.put(key, forged, 60)
        return await read(self.sealed, key)


@pytest.fixture
def store() -> TamperedStore:
    """Return a sealed store whose inner store a test can write to."""
    return TamperedStore()


async def test_value_with_one_changed_byte_is_rejected_and_logged(
    store: TamperedStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Every byte that is stored is authenticated, those of the seal included."""
    sealed = await store.sealed_bytes()
    for index in range(len(sealed)):
        forged = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        caplog.clear()
        assert await store.read_forged(forged) is None
        assert caplog.messages == [NO_SEAL]


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"value", id="no seal"),
        pytest.param(b":::", id="an empty seal"),
        pytest.param(b"1:nan:" + b"0" * 64 + b":value", id="a made-up seal"),
        pytest.param("1:1:\N{GREEK SMALL LETTER ALPHA}:value".encode(), id="not ASCII"),
        pytest.param(b"\x80\x04.", id="a pickle"),
    ],
)
async def test_value_without_a_seal_is_rejected_and_logged(
    store: TamperedStore, forged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The log line quotes nothing of the value."""
    assert await store.read_forged(forged) is None
    assert caplog.messages == [NO_SEAL]


async def test_value_moved_to_another_key_is_rejected_and_logged(
    store: TamperedStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A result for one token can't be used for another."""
    assert await store.read_forged(await store.sealed_bytes(), OTHER) is None
    assert caplog.messages == [NO_SEAL]


async def test_value_with_a_moved_boundary_is_rejected(store: TamperedStore) -> None:
    """Each part is authenticated with its length, so bytes can't move from one part to another."""
    version, end, mac, value = (await store.sealed_bytes(b"60value")).split(b":", 3)
    assert await store.read_forged(b":".join((version, end + b"60", mac, b"value"))) is None
    assert await store.read_forged(b":".join((version, end, mac, value))) == b"60value"


async def test_replaced_value_can_be_replayed_before_its_expiry(store: TamperedStore) -> None:
    """The seal proves who wrote a value and until when it is valid, not that it is the latest."""
    replaced = await store.sealed_bytes(b"replaced")
    await store.sealed_bytes(b"newer")
    assert await store.read_forged(replaced) == b"replaced"


@pytest.mark.parametrize(
    ("length", "events"),
    [
        pytest.param(256 * 1024, [NO_SEAL], id="256 KiB"),
        pytest.param(256 * 1024 + 1, [TOO_LONG], id="256 KiB and 1 byte"),
    ],
)
async def test_value_over_256_kib_is_rejected_without_a_mac(
    store: TamperedStore, length: int, events: Sequence[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A huge value that an attacker wrote costs no MAC."""
    assert await store.read_forged(b"x" * length) is None
    assert caplog.messages == events


@pytest.mark.parametrize(
    ("age", "value", "events"),
    [
        pytest.param(59.9, b"value", [], id="valid"),
        pytest.param(60, None, [], id="just expired"),
        pytest.param(119.9, None, [], id="expired within the clock skew"),
        pytest.param(120, None, [TOO_OLD], id="expired beyond the clock skew"),
        pytest.param(1e6, None, [TOO_OLD], id="expired eleven days ago"),
    ],
)
async def test_expiry_is_checked_by_the_clock_of_the_reader(
    store: TamperedStore,
    age: float,
    value: bytes | None,
    events: Sequence[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A replayed value is expired whatever lifetime the inner store gives it."""
    sealed = await store.sealed_bytes()
    store.clock.now += age
    assert await store.read_forged(sealed) == value
    assert caplog.messages == events


@pytest.mark.parametrize(
    ("writer", "reader", "value"),
    [
        pytest.param(OLD, [NEW, OLD], b"value", id="sealed with old, opened with both"),
        pytest.param([NEW, OLD], NEW, b"value", id="first key seals"),
        pytest.param([NEW, OLD], OLD, None, id="second key does not seal"),
        pytest.param(OLD, NEW, None, id="old key removed"),
        pytest.param(FOREIGN, [NEW, OLD], None, id="foreign key"),
    ],
)
async def test_first_key_seals_and_each_key_opens(
    writer: bytes | Sequence[bytes], reader: bytes | Sequence[bytes], value: bytes | None
) -> None:
    """A rotation goes from old, to new and old, to new."""
    inner = MemoryStore()
    await SealedStore(inner, writer).put(KEY, b"value", 60)
    assert await read(SealedStore(inner, reader), KEY) == value


@pytest.mark.parametrize(
    ("ahead", "behind", "left"),
    [
        pytest.param(0, 0, 60, id="clocks agree"),
        pytest.param(30, 0, 60, id="writer ahead"),
        pytest.param(0, 30, 60, id="reader behind"),
        pytest.param(0, -20, 40, id="reader ahead"),
        pytest.param(-59, 0, 1, id="writer behind"),
    ],
)
async def test_remaining_lifetime_is_the_shorter_of_both_stores(
    ahead: float, behind: float, left: float
) -> None:
    """Two clocks that differ shorten the life of a value, and never lengthen it."""
    clock = FakeClock()
    inner = MemoryStore(clock=FakeClock())
    store = SealedStore(inner, OLD, clock=clock)
    clock.now += ahead
    await store.put(KEY, b"value", 60)
    clock.now -= ahead + behind
    stored = await store.get(KEY)
    assert stored is not None
    assert stored.seconds == pytest.approx(left)


async def test_lease_is_taken_in_the_inner_store(store: TamperedStore) -> None:
    """Stores with different keys share it."""
    assert await store.sealed.lease(KEY, 60)
    assert not await SealedStore(store.inner, NEW).lease(KEY, 60)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param([], id="no key"),
        pytest.param(b"", id="empty"),
        pytest.param(b"x" * 31, id="31 bytes"),
        pytest.param([NEW, b"short"], id="short second key"),
        pytest.param("x" * 32, id="text"),
    ],
)
def test_missing_or_short_key_is_rejected(key: bytes | Sequence[bytes]) -> None:
    """The message says what to write, and quotes no key."""
    with pytest.raises(ConfigurationError, match=r"secrets\.token_bytes") as error:
        SealedStore(MemoryStore(), key)
    assert "x" * 31 not in str(error.value)


def test_repr_does_not_contain_the_key(store: TamperedStore) -> None:
    """A store that is logged by accident reveals nothing."""
    assert OLD.decode() not in repr(store.sealed)
