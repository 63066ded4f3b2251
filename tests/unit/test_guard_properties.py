"""Guard: a cache hit has the same outcome as a validation, for any history of requests."""

import asyncio
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.testing import LocalIssuer, SigningKey
from tests.builders.guarded_world import (
    JWTS,
    OPAQUE,
    ORIGIN,
    RESOURCES,
    START,
    GuardedWorld,
    Step,
    bearer,
    outcome,
)
from tests.unit.protocol.properties import BOUNDED

OPAQUE_TOKENS = ("opaque-1", "opaque-2")
GOOD = {"active": True, "iss": OPAQUE, "aud": [*RESOURCES], "sub": "u1", "scope": "read"}


@cache
def keys() -> tuple[SigningKey, SigningKey, SigningKey]:
    """Return the first key, the next one, and one that is never published."""
    return SigningKey("k1"), SigningKey("k2"), SigningKey("k1")


@cache
def jwts() -> dict[str, str]:
    """Return tokens of the JWT issuer by name; both worlds receive the very same ones."""
    first, second, forged = keys()
    claims: dict[str, dict[str, Any]] = {
        "good": {},
        "no scope": {"scope": ""},
        "other subject": {"sub": "u2"},
        "short": {"exp": START + 40},
        "not yet": {"nbf": START + 30},
        "other resource": {"aud": "https://other.test"},
        "bound": {"cnf": {"jkt": "x"}},
    }
    tokens = {}
    for signed_by, key in (("", first), (", second key", second), (", forged", forged)):
        local = LocalIssuer(JWTS, key=key, clock=lambda: START)
        for name, changes in claims.items():
            members = {"aud": [*RESOURCES], "exp": START + 2000, "scope": "read", **changes}
            tokens[f"{name}{signed_by}"] = local.token(**{"sub": "u1", **members})
    return tokens


spellings = st.sampled_from(
    ["Bearer {}", "Bearer {}", "Bearer {}", "bearer {}", "Bearer  {}", "Bearer {} ", "DPoP {}"]
)
others = st.sampled_from(
    [(), (), (), ((b"origin", ORIGIN),), bearer("opaque-1"), ((b"cookie", b"access_token=x"),)]
)
paths = st.sampled_from(["/r", "/r", "/a/r", "/a/r", "/p", "/s/x", "/a/../r", "/r?access_token=x"])
applications = st.sampled_from(["one guard", "optional", "cors", "prefixes", "query"])


@st.composite
def requests(draw: st.DrawFn) -> Step:
    """Draw a request or a handshake with some token, one of few, so that many are hits."""
    names = ["good", "good", "short", *OPAQUE_TOKENS, "", "junk.junk.junk", *jwts()]
    name = draw(st.sampled_from(names))
    token = jwts().get(name, name)
    fields = bearer(token, draw(spellings)) if token else ()
    kind = draw(st.sampled_from(["request", "request", "connect"]))
    return kind, draw(applications), draw(paths), (*fields, *draw(others))


changes = st.sampled_from(
    [
        {},
        {},
        {"active": False},
        {"scope": "read write"},
        {"sub": "u2"},
        {"exp": START + 50},
        {"nbf": START + 20},
        {"aud": "https://other.test"},
        {"cnf": {"jkt": "x"}},
        {"active": "true"},
    ]
)
steps = st.one_of(
    requests(),
    requests(),
    requests(),
    st.tuples(st.just("wait"), st.sampled_from([1, 29, 61, 250, 400, -1, -45, -400])),
    st.builds(lambda: ("rotate", keys()[1])),
    st.just(("withdraw",)),
    st.tuples(st.just("outage"), st.booleans()),
    st.builds(
        lambda token, members: ("introspection", token, {**GOOD, **members}),
        st.sampled_from(OPAQUE_TOKENS),
        changes,
    ),
    st.tuples(st.just("deny"), st.sampled_from([frozenset(), frozenset({"u1"})])),
)


@BOUNDED
@given(st.lists(steps, max_size=25))
def test_cache_hit_has_the_same_outcome_as_a_validation(history: list[Step]) -> None:
    """Status, headers, body, identity and decision log are equal with and without caches.

    Drawn are tokens, spellings, second credentials, clocks that also run backwards, rotations,
    revocations and outages; over HTTP, WebSocket, CORS, two guards and a token in the query.
    """

    async def compare() -> None:
        worlds = [GuardedWorld(keys()[0], caches=caches) for caches in (True, False)]
        script: list[Step] = [("introspection", token, GOOD) for token in OPAQUE_TOKENS]
        for step in script + history:
            with_caches, without = [outcome(await world.take(step)) for world in worlds]
            assert with_caches == without
        for world in worlds:
            await world.aclose()

    asyncio.run(compare())


def test_histories_contain_cache_hits() -> None:
    """The comparison above compares something: this script hits the cache of each application."""

    async def live() -> None:
        world = GuardedWorld(keys()[0], caches=True)
        for application in ("one guard", "optional", "cors", "prefixes"):
            step = ("request", application, "/r", bearer(jwts()["good"]))
            _, first, second = [await world.take(step) for _ in range(3)]
            assert first is not None
            assert second is not None
            assert first.seen[0] is second.seen[0]
        await world.aclose()

    asyncio.run(live())
