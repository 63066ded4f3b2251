"""PolicyCheck: the policies of a guard, with and without a decision point."""

from collections.abc import Iterator
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, Identity, JWTIssuer
from oauth_guard.errors import InsufficientScope, IssuerUnavailable
from oauth_guard.issuers.policy_check import PolicyCheck
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.protocol.access_target import AccessTarget
from oauth_guard.protocol.events import Decision
from oauth_guard.protocol.request import ResourceRequest
from tests.builders.policy_doors import DOORS, LOCAL, RESOURCE, guard_of
from tests.builders.policy_server import PolicyServer, policy_server

CALLER = Identity(issuer="https://login.test", subject="u1")
REQUEST = ResourceRequest({"headers": []})


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    """Run a policy decision point."""
    with policy_server() as server:
        yield server


async def test_connection_or_target_is_evaluated(server: PolicyServer) -> None:
    """For the resource of the guard."""
    policies = PolicyCheck(RESOURCE, policy_decision_point=PolicyDecisionPoint(server.url))
    assert policies.names == (server.url,)
    connection = {"type": "http", "method": "GET", "path": "/a", "headers": []}
    await policies.check("order", CALLER, connection, REQUEST)
    with pytest.raises(InsufficientScope):
        await policies.check("order", CALLER, AccessTarget("DELETE", "/b"), REQUEST)
    await policies.aclose()
    assert [each["resource"]["id"] for each in server.evaluations] == ["/a", "/b"]
    assert server.evaluations[0]["resource"]["properties"] == {"resource": RESOURCE}


async def test_guard_without_a_decision_point_evaluates_nothing() -> None:
    """A policy is an error then, and never passed over."""
    policies = PolicyCheck(RESOURCE)
    assert policies.names == ()
    assert list(policies.measurements()) == []
    await policies.load()
    await policies.aclose()
    with pytest.raises(ConfigurationError, match="policy_decision_point="):
        policies.check_configured()
    with pytest.raises(ConfigurationError, match="policy_decision_point="):
        await policies.check("order", CALLER, AccessTarget("GET", "/"), REQUEST)


@pytest.mark.parametrize("point", ["https://pdp.test", PolicyDecisionPoint], ids=["url", "class"])
def test_decision_point_of_another_type_is_rejected(point: Any) -> None:
    """When the guard is built."""
    with pytest.raises(ConfigurationError, match="PolicyDecisionPoint"):
        Guard(RESOURCE, [JWTIssuer("https://login.test")], policy_decision_point=point)


async def test_guard_starts_measures_and_closes_its_decision_point(server: PolicyServer) -> None:
    """As its other parts."""
    async with guard_of(server.url) as guard:
        assert (await DOORS["middleware"].send(guard)).status_code == 200
        found = {each.name: (each.value, each.issuer) for each in guard.measurements()}
    assert found["policy_evaluations"] == (1, server.url)


async def test_observer_learns_of_an_outage_by_the_name_of_the_decision_point(
    server: PolicyServer,
) -> None:
    """It is configured, so it belongs to the closed set of labels."""
    decisions: list[Decision] = []
    issuer = JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks)
    point = PolicyDecisionPoint(server.url)
    guard = Guard(RESOURCE, [issuer], policy_decision_point=point, observers=[decisions.append])
    async with guard:
        for server.body in (b"{}", b'{"decision": false}'):
            await DOORS["middleware"].send(guard)
        server.body = None
        await DOORS["check"].send(guard)
    seen = [(each.outcome, each.reason, each.status, each.issuer) for each in decisions]
    assert [each for each in seen if each[0] != "authenticated"] == [
        ("rejected", "bad_response", 503, server.url),
        ("rejected", "policy_denied", 403, None),
        ("authorized", None, None, LOCAL.issuer),
    ]


async def test_outage_of_a_decision_point_is_no_outage_of_others() -> None:
    """A route without a policy is served."""
    guard = guard_of("http://127.0.0.1:1")
    async with guard:
        with pytest.raises(IssuerUnavailable):
            await vars(guard)["_policies"].check("order", CALLER, AccessTarget("GET", "/"), REQUEST)
        assert (await DOORS["middleware"].send(guard)).status_code == 503
        assert not guard.degraded
