"""IdentityCache for introspected tokens: a hit has the same result as a miss."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard import Guard, Identity
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason, RequestRejected
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.stores.memory import MemoryStore
from tests.builders.clock import FakeClock
from tests.builders.scripted_issuer import ISSUER, ScriptedIssuer, claims_of
from tests.unit.protocol.properties import BOUNDED

API = "https://api.test"
START = 1_750_000_000
CACHED_SPELLING, OTHER_SPELLING = "Bearer", "bearer"  # only the first has a cache key
TOKENS = ("a", "b", "c")


class IntrospectionSetup:
    """A guard whose issuer introspects; a test sets its clocks and its results.

    Attributes:
        wall: The clock of the guard.
        steady: The monotonic clock.
        issuer: The issuer, which counts its calls.
        response: The result for each token: more claims, or the error that it raises.
    """

    def __init__(self, *, max_entries: int = 2) -> None:
        self.wall, self.steady = FakeClock(START), FakeClock(0)
        self.issuer = ScriptedIssuer()
        self.issuer.script = self._says
        self.response: dict[str, Any] | Exception = {}
        store = MemoryStore(clock=self.steady)
        clocks: dict[str, Any] = {"clock": self.wall, "monotonic": self.steady}
        here, there = (
            IntrospectionCache(self.issuer, store, max_entries=max_entries, **clocks)
            for _ in range(2)
        )
        self.guard = Guard(API, [here], clock=self.wall)
        self._elsewhere = Guard(API, [there], clock=self.wall)

    def _says(self, token: str) -> dict[str, Any] | Exception:
        if isinstance(self.response, Exception):
            return self.response
        return claims_of(token, **{"aud": API, "sub": token, **self.response})

    def advance(self, seconds: float) -> None:
        """Advance both clocks."""
        self.wall.now += seconds
        self.steady.now += seconds

    async def outcome(
        self,
        token: str,
        *,
        scheme: str = CACHED_SPELLING,
        introspect: bool = False,
        elsewhere: bool = False,
    ) -> Identity | Reason:
        """Return the outcome of a request with *token*."""
        request = ResourceRequest({"headers": [(b"authorization", f"{scheme} {token}".encode())]})
        guard = self._elsewhere if elsewhere else self.guard
        try:
            return await guard.authenticate(request, introspect=introspect)
        except (RequestRejected, IssuerUnavailable) as error:
            return error.reason


async def test_second_request_with_one_header_has_the_cached_identity() -> None:
    """The very same object, which a validation would not return."""
    setup = IntrospectionSetup()
    first = await setup.outcome("a")
    assert isinstance(first, Identity)
    assert await setup.outcome("a") is first
    assert await setup.outcome("a", scheme=OTHER_SPELLING) is not first
    setup.advance(60)
    assert await setup.outcome("a") is not first
    assert setup.issuer.calls == 2


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
async def test_introspection_replaces_the_cached_identity_in_its_process(elsewhere: bool) -> None:
    """Other processes see the new result when their cached one expires."""
    setup = IntrospectionSetup()
    await setup.outcome("a")
    setup.advance(1)
    setup.response = InvalidToken(Reason.INACTIVE)
    assert await setup.outcome("a", introspect=True, elsewhere=elsewhere) == Reason.INACTIVE
    assert isinstance(await setup.outcome("a"), Identity) is elsewhere


RESPONSES: list[dict[str, Any] | Exception] = [
    {"scope": "read"},
    {"scope": "read write"},
    {"exp": START + 50},
    {"nbf": START + 20},
    {"aud": "https://other.test"},
    {"cnf": {"jkt": "thumbprint"}},
    InvalidToken(Reason.INACTIVE),
    InvalidToken(Reason.MALFORMED_CLAIM),
    IssuerUnavailable(ISSUER, Reason.TIMED_OUT),
]

STEPS = st.one_of(
    st.tuples(st.just("request"), st.sampled_from(TOKENS)),
    st.tuples(st.just("introspect"), st.sampled_from(TOKENS)),
    st.tuples(st.just("elsewhere"), st.sampled_from(TOKENS)),
    st.tuples(st.just("response"), st.sampled_from(RESPONSES)),
    st.tuples(st.just("later"), st.sampled_from([1, 29, 59, 61])),
    st.tuples(st.just("set the clock"), st.sampled_from([-45, -1, 30, 90])),
)


@BOUNDED
@given(st.lists(STEPS, max_size=30))
def test_cache_hit_has_the_outcome_of_a_validation(steps: list[tuple[str, Any]]) -> None:
    """Whatever happens to clocks, keys and the issuer."""

    async def live() -> None:
        setup = IntrospectionSetup()
        for kind, what in steps:
            if kind == "response":
                setup.response = what
            elif kind == "later":
                setup.advance(what)
            elif kind == "set the clock":
                setup.wall.now += what
            elif kind != "request":
                await setup.outcome(
                    what, introspect=kind == "introspect", elsewhere=kind == "elsewhere"
                )
            else:
                required = [setup.issuer.calls]
                outcomes = []
                for scheme in (CACHED_SPELLING, OTHER_SPELLING):
                    outcomes.append(await setup.outcome(what, scheme=scheme))
                    required.append(setup.issuer.calls)
                assert outcomes[0] == outcomes[1]
                was_a_hit = required[1] == required[0] and isinstance(outcomes[0], Identity)
                assert not was_a_hit or required[2] == required[1]

    asyncio.run(live())
