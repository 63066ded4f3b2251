"""IntrospectionCache: how long, how many, and under which key results are cached."""

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
from oauth_guard.protocol.access_token import AccessToken, Validation
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

# ── lifetime ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.conformance("7662-11")
async def test_active_token_is_cached_for_60_seconds() -> None:
    """After that it is introspected again."""
    harness = IntrospectionCacheHarness()
    for age, calls in [(0, 1), (30, 1), (59.9, 1), (60, 2), (119.9, 2), (120, 3)]:
        harness.clock.now = 1_750_000_000 + age
        assert await harness.verdict() == claims_of("token")
        assert harness.issuer.calls == calls


@pytest.mark.conformance("7662-10")
async def test_active_token_is_never_cached_past_exp() -> None:
    """9 s of 10 it is cached; from 10 s on each request introspects."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(claims_of("token", exp=harness.clock.now + 10))
    for seconds, calls in [(0, 1), (9, 1), (1, 2), (0, 3)]:
        harness.clock.now += seconds
        await harness.verdict()
        assert harness.issuer.calls == calls


@pytest.mark.conformance("7662-13")
async def test_inactive_token_is_cached_for_5_seconds() -> None:
    """If it becomes active, it is accepted no later than that."""
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
@pytest.mark.parametrize("result", [claims_of("token"), INACTIVE], ids=["active", "inactive"])
async def test_each_request_introspects_if_results_are_cached_for_0_seconds(
    result: dict[str, Any] | Exception,
) -> None:
    """Neither active nor inactive results are cached or stored."""
    harness = IntrospectionCacheHarness(MemoryStore(), cache_for=0, inactive_for=0)
    harness.issuer.script = always(result)
    for calls in (1, 2, 3):
        await harness.verdict()
        assert harness.issuer.calls == calls


async def test_age_of_a_result_counts_from_the_request() -> None:
    """A slow issuer does not extend the lifetime."""
    harness = IntrospectionCacheHarness()
    gate = harness.issuer.block()
    validating = asyncio.create_task(harness.verdict())
    await run_pending_tasks()
    harness.clock.now += 2
    gate.set()
    await validating
    harness.clock.now += 57.9
    await harness.verdict()
    assert harness.issuer.calls == 1
    harness.clock.now += 0.1
    await harness.verdict()
    assert harness.issuer.calls == 2


async def test_clock_that_is_set_back_extends_no_lifetime() -> None:
    """Before the time of the request the age is unknown; after it, monotonic seconds count too."""
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
async def test_other_rejections_and_outages_are_not_cached(
    error: InvalidToken | IssuerUnavailable,
) -> None:
    """Only `inactive` is a fact about the token."""
    harness = IntrospectionCacheHarness(MemoryStore())
    harness.issuer.script = always(error)
    assert await harness.verdict() == error.reason
    harness.issuer.script = claims_of
    assert await harness.verdict() == claims_of("token")


# ── size and key ────────────────────────────────────────────────────────────


@pytest.mark.conformance("7662-12")
async def test_inactive_tokens_evict_no_active_token() -> None:
    """Inactive tokens have a cache of their own; each cache is bounded."""
    harness = IntrospectionCacheHarness(max_entries=10)
    good = [f"good {number}" for number in range(10)]
    for token in good:
        await harness.verdict(token)
    harness.issuer.script = always(INACTIVE)
    for number in range(100):
        await harness.verdict(f"garbage {number}")
    calls = harness.issuer.calls
    assert [await harness.verdict(token) for token in good] == [claims_of(t) for t in good]
    assert harness.issuer.calls == calls


@pytest.mark.conformance("7662-12")
async def test_least_recently_used_of_10001_tokens_is_evicted() -> None:
    """The bound is on the number of tokens."""
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
async def test_result_is_used_only_for_the_same_issuer_endpoint_and_client(
    first: Iterable[str], second: Iterable[str]
) -> None:
    """The key contains everything that a result depends on."""
    store = MemoryStore()
    harnesses = [
        IntrospectionCacheHarness(store, cache_identity=identity) for identity in (first, second)
    ]
    for harness in harnesses:
        assert await harness.verdict() == claims_of("token")
        assert harness.issuer.calls == 1
    assert len(store) == 2


@pytest.mark.conformance("7662-12")
async def test_token_is_kept_neither_in_the_cache_nor_in_the_store() -> None:
    """No object that they refer to contains its text, whatever the outcome was."""
    store = MemoryStore()
    harness = IntrospectionCacheHarness(store)
    tokens = [secrets.token_urlsafe(32) for _ in range(3)]
    results: list[dict[str, Any] | Exception] = [
        claims_of("token"),
        INACTIVE,
        IssuerUnavailable(ISSUER, Reason.TIMED_OUT),
    ]
    for token, result in zip(tokens, results, strict=True):
        harness.issuer.script = always(result)
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


# ── the `Issuer` interface ────────────────────────────────────────────────────────────


async def test_cache_has_the_properties_of_its_issuer() -> None:
    """Whatever does not concern a token is passed to the issuer."""
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


async def test_hit_returns_the_cached_object() -> None:
    """Nothing is read or built again."""
    validator = IntrospectionCacheHarness().validator
    first, second = [await validator.validate(RawToken("token")) for _ in range(2)]
    assert first is second


async def test_miss_reads_the_claims_once() -> None:
    """The cached token is the object that the issuer built, not a copy of it."""
    built: list[AccessToken] = []

    class Recording(ScriptedIssuer):
        """A scripted issuer that records the tokens that it builds."""

        async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
            """Record the token that is returned."""
            validation = await super().validate(token, introspect=introspect)
            built.append(validation.token)
            return validation

    validator = IntrospectionCache(Recording())
    for introspect in (False, False, True, False):
        validation = await validator.validate(RawToken("token"), introspect=introspect)
        assert validation.token is built[-1]
    assert len(built) == 2


def test_issuer_without_cache_settings_is_rejected() -> None:
    """`cached` returns such an issuer itself."""
    local = LocalIssuer()
    issuer = JWTIssuer(local.issuer, keys=local.jwks)
    with pytest.raises(ConfigurationError, match="has no cache settings: its `cache` is None"):
        IntrospectionCache(issuer)
    assert cached(issuer, None, clock=FakeClock()) is issuer


@pytest.mark.parametrize("can_introspect", [True, False])
@pytest.mark.parametrize("cache_for", [60, 0.0])
async def test_validation_says_when_its_claims_were_requested(
    cache_for: float, *, can_introspect: bool
) -> None:
    """Cached or not; only if they can be requested again, since then they may be outdated."""
    clock, issuer = FakeClock(), ScriptedIssuer(cache_for=cache_for)
    issuer.can_introspect = can_introspect
    cache = IntrospectionCache(issuer, clock=clock, monotonic=clock)
    requested_at = clock.now if can_introspect else None
    assert (await cache.validate(RawToken("token"))).reported_at == requested_at
    clock.advance(30)
    second = await cache.validate(RawToken("token"))
    requested_at = requested_at if cache_for or not can_introspect else clock.now
    assert second.reported_at == requested_at
