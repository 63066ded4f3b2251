"""What an issuer said is remembered for its time: by a digest, bounded, newest first."""

import asyncio
import gc
import secrets
from collections import deque
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

import pytest

from oauth_guard import ConfigurationError, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.issuers.introspection_cache import IntrospectionCache, cached
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import (
    ISSUER,
    ScriptedIssuer,
    always,
    claims_of,
    run_pending_tasks,
    verdict,
)

# ── for how long ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.conformance("7662-11")
async def test_a_good_token_is_remembered_for_a_minute() -> None:
    """And asked about again when it has passed."""
    harness = IntrospectionCacheHarness()
    for age, asked in [(0, 1), (30, 1), (59.9, 1), (60, 2), (119.9, 2), (120, 3)]:
        harness.clock.now = 1_750_000_000 + age
        assert await harness.verdict() == claims_of("token")
        assert harness.issuer.calls == asked


@pytest.mark.conformance("7662-10")
async def test_a_token_is_never_remembered_past_its_end() -> None:
    """At 9 seconds of 10 it is; at 10 the issuer is asked, each time."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(claims_of("token", exp=harness.clock.now + 10))
    for seconds, asked in [(0, 1), (9, 1), (1, 2), (0, 3)]:
        harness.clock.now += seconds
        await harness.verdict()
        assert harness.issuer.calls == asked


@pytest.mark.conformance("7662-13")
async def test_an_inactive_token_is_remembered_for_5_seconds() -> None:
    """One that becomes active is accepted no later than that."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(INACTIVE)
    assert await harness.verdict() == Reason.INACTIVE
    harness.issuer.script = claims_of
    harness.clock.now += 4.9
    assert await harness.verdict() == Reason.INACTIVE
    harness.clock.now += 0.1
    assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 2


@pytest.mark.conformance("7662-11")
@pytest.mark.parametrize("answer", [claims_of("token"), INACTIVE], ids=["active", "inactive"])
async def test_with_no_time_to_remember_each_request_asks(
    answer: dict[str, Any] | Exception,
) -> None:
    """Zero seconds are none."""
    harness = IntrospectionCacheHarness(MemoryStore(), cache_for=0, inactive_for=0)
    harness.issuer.script = always(answer)
    for asked in (1, 2, 3):
        await harness.verdict()
        assert harness.issuer.calls == asked


async def test_an_age_counts_from_the_question() -> None:
    """An issuer that takes its time does not lengthen a life."""
    harness = IntrospectionCacheHarness()
    held = harness.issuer.block()
    validating = asyncio.create_task(harness.verdict())
    await run_pending_tasks()
    harness.clock.now += 2
    held.set()
    await validating
    harness.clock.now += 57.9
    await harness.verdict()
    assert harness.issuer.calls == 1
    harness.clock.now += 0.1
    await harness.verdict()
    assert harness.issuer.calls == 2


async def test_a_clock_that_is_set_back_lengthens_no_life() -> None:
    """Before the moment of an answer no age can be told; after it, monotonic seconds count too."""
    wall, steady = FakeClock(), FakeClock(0)
    issuer = ScriptedIssuer()
    validator = IntrospectionCache(issuer, clock=wall, monotonic=steady)
    await verdict(validator, "token")
    wall.now -= 1
    await verdict(validator, "token")
    assert issuer.calls == 2
    steady.now += 60
    await verdict(validator, "token")
    assert issuer.calls == 3


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
    harness = IntrospectionCacheHarness(MemoryStore())
    harness.issuer.script = always(error)
    assert await harness.verdict() == error.reason
    harness.issuer.script = claims_of
    assert await harness.verdict() == claims_of("token")


# ── how many, and under which key ────────────────────────────────────────────────────────────


@pytest.mark.conformance("7662-12")
async def test_garbage_pushes_out_no_good_token() -> None:
    """Inactive tokens have a space of their own; each space has its bound."""
    harness = IntrospectionCacheHarness(max_entries=10)
    good = [f"good {number}" for number in range(10)]
    for token in good:
        await harness.verdict(token)
    harness.issuer.script = always(INACTIVE)
    for number in range(100):
        await harness.verdict(f"garbage {number}")
    asked = harness.issuer.calls
    assert [await harness.verdict(token) for token in good] == [claims_of(t) for t in good]
    assert harness.issuer.calls == asked


@pytest.mark.conformance("7662-12")
async def test_of_ten_thousand_and_one_tokens_the_oldest_is_forgotten() -> None:
    """The bound is on the number, and the least recently used goes first."""
    harness = IntrospectionCacheHarness()
    for number in range(10_001):
        await harness.verdict(f"token {number}")
    await harness.verdict("token 1")
    await harness.verdict("token 10000")
    assert harness.issuer.calls == 10_001
    await harness.verdict("token 0")
    assert harness.issuer.calls == 10_002


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
    harnesses = [
        IntrospectionCacheHarness(store, cache_identity=identity) for identity in (first, second)
    ]
    for harness in harnesses:
        assert await harness.verdict() == claims_of("token")
        assert harness.issuer.calls == 1
    assert len(store) == 2


@pytest.mark.conformance("7662-12")
async def test_a_token_is_kept_nowhere() -> None:
    """Neither the validator nor the store leads to its text, whatever became of it."""
    store = MemoryStore()
    harness = IntrospectionCacheHarness(store)
    tokens = [secrets.token_urlsafe(32) for _ in range(3)]
    answers: list[dict[str, Any] | Exception] = [
        claims_of("token"),
        INACTIVE,
        IssuerUnavailable(ISSUER, Reason.TIMED_OUT),
    ]
    for token, answer in zip(tokens, answers, strict=True):
        harness.issuer.script = always(answer)
        await harness.verdict(token)
        await harness.introspected(token)
    texts = list(texts_from(harness.validator, store))
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
    harness = IntrospectionCacheHarness()
    validator = harness.validator
    validator.start()
    await validator.load()
    await validator.aclose()
    assert harness.issuer.log == ["start", "load", "aclose"]
    assert (validator.issuer, validator.ready) == (ISSUER, True)
    assert (validator.accepts_opaque, validator.accepts_unnamed_jwts, validator.can_introspect) == (
        True,
        False,
        True,
    )
    assert repr(validator) == f"IntrospectionCache(ScriptedIssuer('{ISSUER}'))"


async def test_one_access_token_serves_until_it_is_forgotten() -> None:
    """A hit is the very object: nothing is read or made again."""
    validator = IntrospectionCacheHarness().validator
    first, second = [await validator.validate(RawToken("token")) for _ in range(2)]
    assert first is second


def test_issuer_without_cache_settings_is_rejected() -> None:
    """`cached` returns such an issuer itself."""
    local = LocalIssuer()
    issuer = JWTIssuer(local.issuer, keys=local.jwks)
    with pytest.raises(ConfigurationError, match="has no cache settings: its `cache` is None"):
        IntrospectionCache(issuer)
    assert cached(issuer, None, clock=FakeClock()) is issuer
