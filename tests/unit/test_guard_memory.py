"""Guard: cached introspection results change the cost of a request, not its outcome."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, MemoryStore, Requirement
from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.interfaces import Store
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import NOW, bearer
from tests.builders.clock import FakeClock

RESOURCES = ("https://api.test", "https://other.test")
TOKEN = "opaque-1"
REQUIREMENTS = (
    Requirement(),
    Requirement.of("read"),
    Requirement.of(roles=["ops"]),
    Requirement.of(users_only=True),
    Requirement.of("read", introspect=True),
)

GOOD = {
    "active": True,
    "aud": [*RESOURCES],
    "sub": "u1",
    "client_id": "c1",
    "scope": "read",
    "roles": ["ops"],
}
moments = st.integers(-30, 90).map(NOW.__add__) | st.floats(NOW - 30, NOW + 90)
OTHERWISE: dict[str, st.SearchStrategy[Any]] = {
    "active": st.sampled_from([False, "true"]),
    "aud": st.sampled_from([*RESOURCES, ["a"], [], 7, None]),
    "iss": st.sampled_from(["https://issuer.test", "https://else.test"]),
    "sub": st.sampled_from(["u2", "c1", None]),
    "scope": st.sampled_from(["", "read write", 7]),
    "roles": st.sampled_from([["ops", "dev"], ["dev"], "ops"]),
    "exp": moments,
    "nbf": moments,
    "iat": moments,
    "cnf": st.just({"jkt": "thumbprint"}),
    "token_type": st.sampled_from(["Bearer", "refresh_token"]),
    "ext": st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False) | st.none()),
}
changes = st.one_of([st.tuples(st.just(name), value) for name, value in OTHERWISE.items()])
responses = st.lists(changes, max_size=3).map(lambda changes: {**GOOD, **dict(changes)})
# To and fro, since somebody may set a clock back.
moves = st.lists(st.floats(0, 40) | st.floats(-30, 0), max_size=6)


def guarding(
    resource: str, local: LocalIssuer, clock: FakeClock, store: Store | None, **options: Any
) -> Guard:
    """Return a guard whose tokens *local* introspects."""
    client = ClientSecretBasic("api", "secret")
    issuer = IntrospectionIssuer(
        local.issuer, client=client, http=local.http, clock=clock, monotonic=clock, **options
    )
    return Guard(resource, [issuer], store=store, clock=clock)


async def outcome(guard: Guard, requirement: Requirement) -> object:
    """Return the identity, or the reason and the response of the rejection."""
    request = ResourceRequest({"headers": bearer(TOKEN)})
    try:
        identity = await guard.authenticate(request)
        guard.authorize(identity, requirement)
        if requirement.introspect:
            return await guard.authorize_request(request, identity, requirement, {})
        return identity  # noqa: TRY300 - the requirement is satisfied
    except (RequestRejected, IssuerUnavailable) as error:
        return error.reason, guard.reject(error)


@settings(deadline=None)
@given(response=responses, steps=moves, requirement=st.sampled_from(REQUIREMENTS))
def test_cached_and_new_introspection_results_have_the_same_outcome(
    response: dict[str, Any], steps: list[float], requirement: Requirement
) -> None:
    """For each resource, at each time, from this process or from the shared store."""

    async def compare() -> None:
        clock, store, local = FakeClock(NOW), MemoryStore(), LocalIssuer()
        local.introspection.responses[TOKEN] = response
        introspecting = [guarding(each, local, clock, None, cache_for=0) for each in RESOURCES]
        remembering = [
            [guarding(each, local, clock, shared) for shared in (None, store, store)]
            for each in RESOURCES
        ]
        for step in [0, *steps]:
            clock.now += step
            for uncached, others in zip(introspecting, remembering, strict=True):
                found = await outcome(uncached, requirement)
                for guard in others:
                    assert await outcome(guard, requirement) == found

    asyncio.run(compare())
