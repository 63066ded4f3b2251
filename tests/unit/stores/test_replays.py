"""A key is claimed once until its end; a store that can't know, or has no room, refuses."""

import asyncio
import pickle
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.interfaces import Once
from oauth_guard.stores.redis_once import RedisOnce
from oauth_guard.stores.replays import Claim, MemoryOnce, ProofReplays, replay_key
from tests.builders.clock import FakeClock
from tests.unit.protocol.properties import BOUNDED

KEY, OTHER = bytes(range(32)), bytes(32)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.needs("redis"))])
async def once(request: pytest.FixtureRequest) -> AsyncIterator[Once]:
    """A store of each kind, empty."""
    once: Once = MemoryOnce()
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        once = RedisOnce(url, prefix=f"test:{uuid.uuid4()}:", timeout=2)
    await once.load()
    yield once
    await once.aclose()


# ── what each store promises ─────────────────────────────────────────────────────────────────


async def test_key_is_claimed_once(once: Once) -> None:
    """Each key by itself."""
    assert [await once.claim(KEY, 60) for _ in range(3)] == [True, False, False]
    assert await once.claim(OTHER, 60)


async def test_of_many_claims_at_the_same_time_one_is_first(once: Once) -> None:
    """A claim is one step."""
    assert sum(await asyncio.gather(*(once.claim(KEY, 60) for _ in range(50)))) == 1


async def test_claim_ends(once: Once) -> None:
    """Then the key can be claimed once more, and a later claim does not lengthen the first."""
    assert await once.claim(KEY, 0.05)
    assert not await once.claim(KEY, 60)
    await asyncio.sleep(0.1)
    assert await once.claim(KEY, 60)


async def test_closed_store_opens_again(once: Once) -> None:
    """Claims are kept."""
    assert await once.claim(KEY, 60)
    await once.aclose()
    assert not await once.claim(KEY, 60)


# ── one process ──────────────────────────────────────────────────────────────────────────────


async def test_full_memory_refuses_and_removes_no_live_claim() -> None:
    """Only claims that ended make room."""
    clock = FakeClock()
    once = MemoryOnce(2, clock=clock)
    assert await once.claim(b"a", 10)
    assert await once.claim(b"b", 20)
    with pytest.raises(StoreUnavailable, match="full"):
        await once.claim(b"c", 10)
    assert not await once.claim(b"a", 10)
    clock.now += 10
    assert await once.claim(b"c", 10)
    assert len(once) == 2


async def test_claims_that_ended_leave_nothing_in_memory() -> None:
    """Neither keys nor owners."""
    clock = FakeClock()
    replays = ProofReplays(clock=clock)
    empty = len(pickle.dumps(replays))
    for number in range(1000):
        assert await replays.claim(f"key {number}", "1", 1) is Claim.FIRST
    clock.now += 11
    assert await replays.claim("k", "1", 1) is Claim.FIRST
    assert len(pickle.dumps(replays)) < empty + 200


@pytest.mark.parametrize("bounds", [{"max_claims": 0}, {"max_per_key": 0}])
def test_store_without_room_is_refused(bounds: dict[str, Any]) -> None:
    """At start."""
    with pytest.raises(ConfigurationError, match="room"):
        ProofReplays(**bounds)


@BOUNDED
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 20)), max_size=30
    )
)
def test_memory_agrees_with_a_plain_list_of_claims(steps: list[tuple[str, str, int]]) -> None:
    """First, seen or limited, after any claims and any time."""
    clock = FakeClock(0)
    replays = ProofReplays(max_per_key=2, clock=clock)
    claims: dict[tuple[str, str], float] = {}
    for thumbprint, jti, seconds in steps:
        clock.now += seconds / 2
        live = {name: end for name, end in claims.items() if end > clock.now}
        if (thumbprint, jti) in live:
            expected = Claim.SEEN
        elif sum(owner == thumbprint for owner, _ in live) == 2:
            expected = Claim.LIMITED
        else:
            expected = Claim.FIRST
            claims[thumbprint, jti] = clock.now + seconds + 10
        assert asyncio.run(replays.claim(thumbprint, jti, seconds)) is expected
        assert len(replays) == len({n for n, end in claims.items() if end > clock.now})


# ── proofs ───────────────────────────────────────────────────────────────────────────────────


async def test_proof_is_used_once_and_one_key_does_not_count_against_another() -> None:
    """One key at its limit is refused alone."""
    replays = ProofReplays(max_per_key=2)
    outcomes = [await replays.claim("k", jti, 60) for jti in ("1", "1", "2", "3", "2")]
    assert outcomes == [Claim.FIRST, Claim.SEEN, Claim.FIRST, Claim.LIMITED, Claim.SEEN]
    assert await replays.claim("other", "3", 60) is Claim.FIRST


async def test_limit_of_a_key_by_default() -> None:
    """4096 live proofs; one more is refused, and the store is not full."""
    replays = ProofReplays()
    outcomes = [await replays.claim("k", str(each), 60) for each in range(4097)]
    assert outcomes == [Claim.FIRST] * 4096 + [Claim.LIMITED]
    assert await replays.claim("other", "0", 60) is Claim.FIRST


async def test_limit_of_all_keys_is_the_fault_of_the_store() -> None:
    """A key over its own limit is limited nevertheless."""
    replays = ProofReplays(max_per_key=1, max_claims=2)
    assert await replays.claim("a", "1", 60) is Claim.FIRST
    assert await replays.claim("b", "1", 60) is Claim.FIRST
    assert await replays.claim("a", "2", 60) is Claim.LIMITED
    with pytest.raises(StoreUnavailable, match="full"):
        await replays.claim("c", "1", 60)


@pytest.mark.parametrize("seconds", [-5, 0, 60])
async def test_entry_outlives_its_proof_for_clocks_that_differ(seconds: float) -> None:
    """By ten seconds; one that ends now lives as long."""
    clock = FakeClock()
    replays = ProofReplays(clock=clock)
    assert await replays.claim("k", "1", seconds) is Claim.FIRST
    clock.now += max(seconds, 0) + 9.9
    assert await replays.claim("k", "1", seconds) is Claim.SEEN
    clock.now += 0.1
    assert await replays.claim("k", "1", seconds) is Claim.FIRST


def test_claim_without_a_shared_store_never_suspends() -> None:
    """So that it costs no turn of the loop."""
    step = ProofReplays().claim("k", "1", 60)
    with pytest.raises(StopIteration) as end:
        step.send(None)
    assert end.value.value is Claim.FIRST


class ScriptedOnce:
    """A `Once` that counts its claims and returns or raises what a test wrote."""

    def __init__(self, error: StoreUnavailable | None = None) -> None:
        self.outcome: bool | StoreUnavailable = error or True
        self.claims: list[tuple[bytes, float]] = []
        self.log: list[str] = []

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Note the claim."""
        self.claims.append((key, seconds))
        if isinstance(self.outcome, StoreUnavailable):
            raise self.outcome
        return self.outcome

    async def load(self) -> None:
        """Note it."""
        self.log.append("load")

    async def aclose(self) -> None:
        """Note it."""
        self.log.append("aclose")


async def test_shared_store_decides_what_this_process_has_not_seen() -> None:
    """What it has seen is refused without I/O."""
    shared = ScriptedOnce()
    replays = ProofReplays(shared)
    assert await replays.claim("k", "1", 60) is Claim.FIRST
    assert await replays.claim("k", "1", 60) is Claim.SEEN
    assert shared.claims == [(replay_key("k", "1"), 70)]
    shared.outcome = False
    assert await replays.claim("k", "2", 60) is Claim.SEEN
    assert len(replays) == 1


async def test_key_at_its_limit_does_not_reach_the_shared_store() -> None:
    """One client can't fill it."""
    shared = ScriptedOnce()
    replays = ProofReplays(shared, max_per_key=1)
    assert await replays.claim("k", "1", 60) is Claim.FIRST
    assert await replays.claim("k", "2", 60) is Claim.LIMITED
    assert len(shared.claims) == 1


async def test_proof_is_not_accepted_while_the_shared_store_is_unavailable() -> None:
    """And it counts for nothing: the same proof is accepted when the store is back."""
    shared = ScriptedOnce(StoreUnavailable("down"))
    replays = ProofReplays(shared, max_per_key=1)
    with pytest.raises(StoreUnavailable, match="down"):
        await replays.claim("k", "1", 60)
    assert len(replays) == 0
    shared.outcome = True
    assert await replays.claim("k", "1", 60) is Claim.FIRST


class FaultyOnce(MemoryOnce):
    """A shared store of the user's own whose claims do something else."""

    def __init__(self, fault: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self._fault = fault

    async def claim(self, key: bytes, seconds: float) -> bool:  # noqa: ARG002
        """Return what the fault returns, if it does."""
        result: bool = await self._fault()
        return result


@pytest.mark.parametrize(
    "error", [ValueError("secret"), OSError(), KeyError(), TypeError()], ids=repr
)
async def test_proof_is_not_accepted_if_the_shared_store_raises_anything(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The type of the error is logged, and not its text."""

    async def fail() -> None:
        raise error

    with pytest.raises(StoreUnavailable):
        await ProofReplays(FaultyOnce(fail)).claim("t1", "j1", 60)
    assert caplog.messages == [f"replay store: a claim failed: {type(error).__name__}"]


@pytest.mark.parametrize("value", [None, "", "no", 0, 1, b"OK", [True]], ids=repr)
async def test_proof_is_not_accepted_if_the_shared_store_returns_no_boolean(value: Any) -> None:
    """A true value of another type may mean anything."""

    async def give() -> Any:
        return value

    with pytest.raises(StoreUnavailable):
        await ProofReplays(FaultyOnce(give)).claim("t1", "j1", 60)


async def test_proof_is_not_accepted_if_the_shared_store_never_returns() -> None:
    """The request ends after two seconds."""
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(
            ProofReplays(FaultyOnce(asyncio.Event().wait)).claim("t1", "j1", 60), 4
        )


async def test_own_claims_count_when_the_shared_store_lost_them() -> None:
    """A failover at the server brings no proof back in this process."""
    replays = ProofReplays(shared := ScriptedOnce())
    outcomes = await asyncio.gather(*(replays.claim("k", "1", 60) for _ in range(5)))
    assert sorted(each.value for each in outcomes) == ["first", *["seen"] * 4]
    assert len(shared.claims) == 1


async def test_shared_store_is_loaded_and_closed_with_it() -> None:
    """Without one there is nothing to do."""
    shared = ScriptedOnce()
    for replays in (ProofReplays(shared), ProofReplays()):
        await replays.load()
        await replays.aclose()
    assert shared.log == ["load", "aclose"]


def test_replay_key_frames_its_parts() -> None:
    """No two pairs have one key, and each has 32 bytes, whatever is in it."""
    pairs = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", ""), ("c", "ab"), ("a", "\ud800")]
    keys = {replay_key(*pair) for pair in pairs}
    assert len(keys) == len(pairs)
    assert {len(key) for key in keys} == {32}
