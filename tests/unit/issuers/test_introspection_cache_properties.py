"""IntrospectionCache: a hit has the outcome of a miss, and no result is used for too long."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import RequestRejected
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import check_binding, confirmation_of
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.memory import MemoryStore
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import ScriptedIssuer, always, claims_of
from tests.unit.protocol.properties import BOUNDED

START = 1_750_000_000
RESOURCE = "https://api.test"

times = st.integers(-200, 200).map(START.__add__) | st.floats(START - 200, START + 200)
claims = st.fixed_dictionaries(
    {},
    optional={
        "exp": times,
        "nbf": times,
        "iat": times,
        "aud": st.sampled_from([RESOURCE, "https://other.test", ["a", RESOURCE], []]),
        "cnf": st.just({"jkt": "thumbprint"}),
        "roles": st.lists(st.text()),
        "scope": st.sampled_from(["", "read", "read write", 7]),
        "ext": st.dictionaries(st.text(), st.integers() | st.none()),
    },
)
results = claims.map(lambda more: claims_of("token", **more)) | st.just(INACTIVE)


async def outcome_of(validate: Callable[[RawToken], Any], now: float) -> object:
    """Return the access token that a guard would accept at *now*, or the reason why not."""
    try:
        token: AccessToken = (await validate(RawToken("token"))).token
        token.check_claims(RESOURCE, now)
        check_binding(confirmation_of(token.claims))
    except RequestRejected as error:
        return error.reason
    return token


@BOUNDED
@given(result=results, steps=st.lists(st.floats(0, 40), max_size=12))
def test_hit_has_the_outcome_of_a_miss(
    result: dict[str, Any] | Exception, steps: list[float]
) -> None:
    """At every moment, from this process's cache, from the store, or from the issuer."""

    async def compare() -> None:
        clock, issuer = FakeClock(START), ScriptedIssuer()
        store = MemoryStore(clock=clock)
        issuer.script = always(result)
        processes = [IntrospectionCacheHarness(store, clock=clock) for _ in range(2)]
        for process in processes:
            process.issuer.script = always(result)
        for step in [0, *steps]:
            clock.now += step
            expected = await outcome_of(issuer.validate, clock.now)
            for process in processes:
                assert await outcome_of(process.validator.validate, clock.now) == expected

    asyncio.run(compare())


class Step(NamedTuple):
    """One step of a history.

    Attributes:
        passes: How many seconds pass.
        set_back: By how many seconds the clock is set back.
        active: Whether the issuer reports the token as active from now on.
        introspect: Whether the token is introspected without the cache.
    """

    passes: float
    set_back: float
    active: bool
    introspect: bool


steps_of_one = st.lists(
    st.builds(
        Step, st.floats(0.001, 40), st.just(0) | st.floats(0, 100), st.booleans(), st.booleans()
    )
)


async def is_accepted(validator: IntrospectionCache, *, introspect: bool) -> bool:
    """Return whether the token is accepted, with or without the cache."""
    try:
        await validator.validate(RawToken("token"), introspect=introspect)
    except RequestRejected:
        return False
    return True


@BOUNDED
@given(steps=steps_of_one)
def test_no_cached_result_is_used_for_too_long(steps: list[Step]) -> None:
    """Whatever happens to token and clock: 60 s if it is active, else 5 s."""

    async def live() -> None:
        wall, steady, issuer = FakeClock(START), FakeClock(0), ScriptedIssuer()
        validator = IntrospectionCache(issuer, clock=wall, monotonic=steady)
        last_seen: dict[bool, float] = {}
        for step in steps:
            steady.now += step.passes
            wall.now += step.passes - step.set_back
            issuer.script = claims_of if step.active else always(INACTIVE)
            last_seen[step.active] = steady.now
            accepted = await is_accepted(validator, introspect=step.introspect)
            assert steady.now - last_seen[accepted] < (60 if accepted else 5)
            assert accepted == step.active or not step.introspect

    asyncio.run(live())


@BOUNDED
@given(steps=steps_of_one)
def test_no_shared_result_is_used_for_too_long(steps: list[Step]) -> None:
    """The same for two processes that share a store, while their clock goes forward."""

    async def live() -> None:
        clock = FakeClock(START)
        store = MemoryStore(clock=clock)
        processes = [IntrospectionCacheHarness(store, clock=clock) for _ in range(2)]
        last_seen: dict[bool, float] = {}
        for number, step in enumerate(steps):
            clock.now += step.passes
            last_seen[step.active] = clock.now
            process = processes[number % 2]
            process.issuer.script = claims_of if step.active else always(INACTIVE)
            accepted = await is_accepted(process.validator, introspect=step.introspect)
            assert clock.now - last_seen[accepted] < (60 if accepted else 5)
            assert accepted == step.active or not step.introspect

    asyncio.run(live())
