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
QUICKLY, SLOWLY = "Bearer", "bearer"  # one spelling may be recognised, every other walks the path
TOKENS = ("a", "b", "c")


class Scene:
    """A guard that asks an issuer about each token; the clocks and the answers are a test's.

    Attributes:
        wall: What tells the time of day.
        steady: What tells monotonic seconds.
        issuer: Who is asked.
        answer: What it says about each token: more claims, or the error that it gives.
    """

    def __init__(self, *, max_entries: int = 2) -> None:
        self.wall, self.steady = FakeClock(START), FakeClock(0)
        self.issuer = ScriptedIssuer()
        self.issuer.script = self._says
        self.answer: dict[str, Any] | Exception = {}
        store = MemoryStore(clock=self.steady)
        clocks: dict[str, Any] = {"clock": self.wall, "monotonic": self.steady}
        here, there = (
            IntrospectionCache(self.issuer, store, max_entries=max_entries, **clocks)
            for _ in range(2)
        )
        self.guard = Guard(API, [here], clock=self.wall)
        self._elsewhere = Guard(API, [there], clock=self.wall)

    def _says(self, token: str) -> dict[str, Any] | Exception:
        if isinstance(self.answer, Exception):
            return self.answer
        return claims_of(token, **{"aud": API, "sub": token, **self.answer})

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.wall.now += seconds
        self.steady.now += seconds

    async def outcome(
        self,
        token: str,
        *,
        scheme: str = QUICKLY,
        introspect: bool = False,
        elsewhere: bool = False,
    ) -> Identity | Reason:
        """Return what becomes of a request with *token*."""
        request = ResourceRequest({"headers": [(b"authorization", f"{scheme} {token}".encode())]})
        guard = self._elsewhere if elsewhere else self.guard
        try:
            return await guard.authenticate(request, introspect=introspect)
        except (RequestRejected, IssuerUnavailable) as error:
            return error.reason


async def test_the_second_request_looks_nothing_up() -> None:
    """The very identity of the first comes back, which no walk of the path would give."""
    scene = Scene()
    first = await scene.outcome("a")
    assert isinstance(first, Identity)
    assert await scene.outcome("a") is first
    assert await scene.outcome("a", scheme=SLOWLY) is not first
    scene.pass_by(60)
    assert await scene.outcome("a") is not first
    assert scene.issuer.calls == 2


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
async def test_a_fresh_answer_counts_at_once_where_it_was_asked_for(elsewhere: bool) -> None:
    """Other processes learn of it when what they remember ends."""
    scene = Scene()
    await scene.outcome("a")
    scene.pass_by(1)
    scene.answer = InvalidToken(Reason.INACTIVE)
    assert await scene.outcome("a", introspect=True, elsewhere=elsewhere) == Reason.INACTIVE
    assert isinstance(await scene.outcome("a"), Identity) is elsewhere


ANSWERS: list[dict[str, Any] | Exception] = [
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
    st.tuples(st.just("answer"), st.sampled_from(ANSWERS)),
    st.tuples(st.just("later"), st.sampled_from([1, 29, 59, 61])),
    st.tuples(st.just("set the clock"), st.sampled_from([-45, -1, 30, 90])),
)


@BOUNDED
@given(st.lists(STEPS, max_size=30))
def test_a_hit_is_as_a_miss(steps: list[tuple[str, Any]]) -> None:
    """Whatever becomes of answers, clocks and memories: who walks the path gets the same.

    And where the quick one asked nobody, neither does he: he finds what the other stood by.
    """

    async def live() -> None:
        scene = Scene()
        for kind, what in steps:
            if kind == "answer":
                scene.answer = what
            elif kind == "later":
                scene.pass_by(what)
            elif kind == "set the clock":
                scene.wall.now += what
            elif kind != "request":
                await scene.outcome(
                    what, introspect=kind == "introspect", elsewhere=kind == "elsewhere"
                )
            else:
                asked = [scene.issuer.calls]
                outcomes = []
                for scheme in (QUICKLY, SLOWLY):
                    outcomes.append(await scene.outcome(what, scheme=scheme))
                    asked.append(scene.issuer.calls)
                assert outcomes[0] == outcomes[1]
                quick_found_it = asked[1] == asked[0] and isinstance(outcomes[0], Identity)
                assert not quick_found_it or asked[2] == asked[1]

    asyncio.run(live())
