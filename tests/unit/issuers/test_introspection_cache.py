"""What an issuer said is remembered for its time: by a digest, bounded, newest first."""

import asyncio
import gc
import secrets
from collections import deque
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

import pytest

from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.memory import MemoryStore
from tests.unit.stores.clock import FakeClock
from tests.unit.stores.scene import INACTIVE, Scene
from tests.unit.stores.scripted import ISSUER, ScriptedIssuer, begun, claims_of, says, verdict

# ── for how long ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.conformance("7662-11")
async def test_a_good_token_is_remembered_for_a_minute() -> None:
    """And asked about again when it has passed."""
    scene = Scene()
    for age, asked in [(0, 1), (30, 1), (59.9, 1), (60, 2), (119.9, 2), (120, 3)]:
        scene.clock.now = 1_750_000_000 + age
        assert await scene.verdict() == claims_of("token")
        assert scene.issuer.asked == asked


@pytest.mark.conformance("7662-10")
async def test_a_token_is_never_remembered_past_its_end() -> None:
    """At 9 seconds of 10 it is; at 10 the issuer is asked, each time."""
    scene = Scene()
    scene.issuer.says = says(claims_of("token", exp=scene.clock.now + 10))
    for seconds, asked in [(0, 1), (9, 1), (1, 2), (0, 3)]:
        scene.clock.now += seconds
        await scene.verdict()
        assert scene.issuer.asked == asked


@pytest.mark.conformance("7662-13")
async def test_an_inactive_token_is_remembered_for_5_seconds() -> None:
    """One that becomes active is accepted no later than that."""
    scene = Scene()
    scene.issuer.says = says(INACTIVE)
    assert await scene.verdict() == Reason.INACTIVE
    scene.issuer.says = claims_of
    scene.clock.now += 4.9
    assert await scene.verdict() == Reason.INACTIVE
    scene.clock.now += 0.1
    assert await scene.verdict() == claims_of("token")
    assert scene.issuer.asked == 2


@pytest.mark.conformance("7662-11")
@pytest.mark.parametrize("answer", [claims_of("token"), INACTIVE], ids=["active", "inactive"])
async def test_with_no_time_to_remember_each_request_asks(
    answer: dict[str, Any] | Exception,
) -> None:
    """Zero seconds are none."""
    scene = Scene(MemoryStore(), cache_for=0, inactive_for=0)
    scene.issuer.says = says(answer)
    for asked in (1, 2, 3):
        await scene.verdict()
        assert scene.issuer.asked == asked


async def test_an_age_counts_from_the_question() -> None:
    """An issuer that takes its time does not lengthen a life."""
    scene = Scene()
    held = scene.issuer.hold()
    validating = asyncio.create_task(scene.verdict())
    await begun()
    scene.clock.now += 2
    held.set()
    await validating
    scene.clock.now += 57.9
    await scene.verdict()
    assert scene.issuer.asked == 1
    scene.clock.now += 0.1
    await scene.verdict()
    assert scene.issuer.asked == 2


async def test_a_clock_that_is_set_back_lengthens_no_life() -> None:
    """Before the moment of an answer no age can be told; after it, monotonic seconds count too."""
    wall, steady = FakeClock(), FakeClock(0)
    issuer = ScriptedIssuer()
    validator = IntrospectionCache(issuer, clock=wall, monotonic=steady)
    await verdict(validator.validate, "token")
    wall.now -= 1
    await verdict(validator.validate, "token")
    assert issuer.asked == 2
    steady.now += 60
    await verdict(validator.validate, "token")
    assert issuer.asked == 3


@pytest.mark.parametrize(
    "error",
    [
        *(
            InvalidToken(each)
            for each in (Reason.EXPIRED, Reason.MALFORMED_CLAIM, Reason.BOUND_TOKEN)
        ),
        IssuerUnavailable(ISSUER, Reason.TIMED_OUT),
    ],
    ids=lambda error: str(error.reason),
)
async def test_other_refusals_and_outages_are_not_remembered(
    error: InvalidToken | IssuerUnavailable,
) -> None:
    """Only a clean `inactive` says something about the token for a while."""
    scene = Scene(MemoryStore())
    scene.issuer.says = says(error)
    assert await scene.verdict() == error.reason
    scene.issuer.says = claims_of
    assert await scene.verdict() == claims_of("token")


# ── how many, and under which key ────────────────────────────────────────────────────────────


@pytest.mark.conformance("7662-12")
async def test_garbage_pushes_out_no_good_token() -> None:
    """Inactive tokens have a space of their own; each space has its bound."""
    scene = Scene(max_entries=10)
    good = [f"good {number}" for number in range(10)]
    for token in good:
        await scene.verdict(token)
    scene.issuer.says = says(INACTIVE)
    for number in range(100):
        await scene.verdict(f"garbage {number}")
    asked = scene.issuer.asked
    assert [await scene.verdict(token) for token in good] == [claims_of(t) for t in good]
    assert scene.issuer.asked == asked


@pytest.mark.conformance("7662-12")
async def test_of_ten_thousand_and_one_tokens_the_oldest_is_forgotten() -> None:
    """The bound is on the number, and the least recently used goes first."""
    scene = Scene()
    for number in range(10_001):
        await scene.verdict(f"token {number}")
    await scene.verdict("token 1")
    await scene.verdict("token 10000")
    assert scene.issuer.asked == 10_001
    await scene.verdict("token 0")
    assert scene.issuer.asked == 10_002


@pytest.mark.conformance("7662-12")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("a", "e", "c"), ("b", "e", "c"), id="another issuer"),
        pytest.param(("a", "e", "c"), ("a", "f", "c"), id="another endpoint"),
        pytest.param(("a", "e", "c"), ("a", "e", "d"), id="another client"),
        pytest.param(("a", "be", "c"), ("ab", "e", "c"), id="a boundary that moved"),
        pytest.param(("a", "e"), ("a", "e", ""), id="a part more"),
    ],
)
async def test_one_answer_never_serves_another(first: Iterable[str], second: Iterable[str]) -> None:
    """The key is made of all that the answer depends on."""
    store = MemoryStore()
    scenes = [Scene(store, cache_identity=identity) for identity in (first, second)]
    for scene in scenes:
        assert await scene.verdict() == claims_of("token")
        assert scene.issuer.asked == 1
    assert len(store) == 2


@pytest.mark.conformance("7662-12")
async def test_a_token_is_kept_nowhere() -> None:
    """Neither the validator nor the store leads to its text, whatever became of it."""
    store = MemoryStore()
    scene = Scene(store)
    tokens = [secrets.token_urlsafe(32) for _ in range(3)]
    answers: list[dict[str, Any] | Exception] = [
        claims_of("token"),
        INACTIVE,
        IssuerUnavailable(ISSUER, Reason.TIMED_OUT),
    ]
    for token, answer in zip(tokens, answers, strict=True):
        scene.issuer.says = says(answer)
        await scene.verdict(token)
        await scene.confirmed(token)
    texts = list(texts_from(scene.validator, store))
    assert any("owner of" in text for text in texts)
    assert not [text for text in texts if any(token in text for token in tokens)]


def texts_from(*roots: object) -> Iterable[str]:
    """Yield each text, and bytes as text, that can be reached from *roots*."""
    seen: set[int] = set()
    ahead = deque(roots)
    while ahead:
        thing = ahead.popleft()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        if isinstance(thing, str | bytes):
            yield thing if isinstance(thing, str) else thing.decode("latin-1")
        ahead.extend(gc.get_referents(thing))


# ── an issuer like the one inside ────────────────────────────────────────────────────────────


async def test_it_is_an_issuer_like_the_one_inside() -> None:
    """What is not about a token goes straight to it."""
    scene = Scene()
    validator = scene.validator
    validator.start()
    await validator.load()
    await validator.aclose()
    assert scene.issuer.log == ["start", "load", "aclose"]
    assert (validator.issuer, validator.ready) == (ISSUER, True)
    assert (validator.accepts_opaque, validator.accepts_unnamed_jwts, validator.confirms) == (
        True,
        False,
        True,
    )
    assert repr(validator) == f"IntrospectionCache(ScriptedIssuer('{ISSUER}'))"


async def test_one_access_token_serves_until_it_is_forgotten() -> None:
    """A hit is the very object: nothing is read or made again."""
    validator = Scene().validator
    first, second = [await validator.validate(RawToken("token")) for _ in range(2)]
    assert first is second
