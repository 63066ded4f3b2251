"""A remembered answer is judged like a new one, and is never older than it may be."""

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
answers = claims.map(lambda more: claims_of("token", **more)) | st.just(INACTIVE)


async def judged(validate: Callable[[RawToken], Any], now: float) -> object:
    """Return the access token that a guard would be content with, or why it would not be."""
    try:
        token: AccessToken = (await validate(RawToken("token"))).token
        token.check_claims(RESOURCE, now)
        check_binding(confirmation_of(token.claims))
    except RequestRejected as error:
        return error.reason
    return token


@given(answer=answers, steps=st.lists(st.floats(0, 40), max_size=12))
def test_a_hit_and_a_miss_give_the_same(
    answer: dict[str, Any] | Exception, steps: list[float]
) -> None:
    """At every moment, from this process's memory, from a shared one, or from the issuer."""

    async def compare() -> None:
        clock, store, issuer = FakeClock(START), MemoryStore(), ScriptedIssuer()
        issuer.script = always(answer)
        processes = [IntrospectionCacheHarness(store, clock=clock) for _ in range(2)]
        for process in processes:
            process.issuer.script = always(answer)
        for step in [0, *steps]:
            clock.now += step
            asked = await judged(issuer.validate, clock.now)
            for process in processes:
                assert await judged(process.validator.validate, clock.now) == asked

    asyncio.run(compare())


class Step(NamedTuple):
    """What happens next.

    Attributes:
        passes: How many seconds pass.
        set_back: By how many seconds somebody sets the clock back.
        active: What the issuer says from now on.
        confirms: Whether the token is asked about past every memory.
    """

    passes: float
    set_back: float
    active: bool
    confirms: bool


steps_of_one = st.lists(
    st.builds(
        Step, st.floats(0.001, 40), st.just(0) | st.floats(0, 100), st.booleans(), st.booleans()
    )
)


async def is_good(validator: IntrospectionCache, *, confirms: bool) -> bool:
    """Tell whether the token is taken, from memory or past it."""
    try:
        await validator.validate(RawToken("token"), introspect=confirms)
    except RequestRejected:
        return False
    return True


@given(steps=steps_of_one)
def test_no_answer_is_older_than_it_may_be(steps: list[Step]) -> None:
    """Whatever becomes of the token and of the clock: a minute if it is good, else 5 seconds."""

    async def live() -> None:
        wall, steady, issuer = FakeClock(START), FakeClock(0), ScriptedIssuer()
        validator = IntrospectionCache(issuer, clock=wall, monotonic=steady)
        last_so: dict[bool, float] = {}
        for step in steps:
            steady.now += step.passes
            wall.now += step.passes - step.set_back
            issuer.script = claims_of if step.active else always(INACTIVE)
            last_so[step.active] = steady.now
            good = await is_good(validator, confirms=step.confirms)
            assert steady.now - last_so[good] < (60 if good else 5)
            assert good == step.active or not step.confirms

    asyncio.run(live())


@given(steps=steps_of_one)
def test_no_shared_answer_is_older_than_it_may_be(steps: list[Step]) -> None:
    """The same for two that share a store, while their clock goes on."""

    async def live() -> None:
        clock, store = FakeClock(START), MemoryStore()
        processes = [IntrospectionCacheHarness(store, clock=clock) for _ in range(2)]
        last_so: dict[bool, float] = {}
        for number, step in enumerate(steps):
            clock.now += step.passes
            last_so[step.active] = clock.now
            process = processes[number % 2]
            process.issuer.script = claims_of if step.active else always(INACTIVE)
            good = await is_good(process.validator, confirms=step.confirms)
            assert clock.now - last_so[good] < (60 if good else 5)
            assert good == step.active or not step.confirms

    asyncio.run(live())
