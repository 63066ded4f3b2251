"""LocalDecisionPoint: decides by a table or a function, alone and for a guard that trusts it."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.issuers.policy_decision_point import AccessEvaluation, PolicyDecisionPoint
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalDecisionPoint, LocalIssuer, MovableClock, as_identity, trusting
from oauth_guard.testing.decision_point import DecideFunction
from tests.unit.testing.applications import me, remote_guard

REMOTE = "https://pdp.example.com"


def _is_42(evaluation: Mapping[str, Any]) -> bool:
    return bool(evaluation["resource"]["id"] == "/orders/42")


def _unreachable(_: object) -> bool:
    raise httpx.ConnectError("no route")


def _with_area(evaluation: AccessEvaluation, *_: object) -> AccessEvaluation:
    return replace(evaluation, context={"area": 7})


def _app(guard: Guard) -> OAuthGuardMiddleware:
    order = requires("orders:read", policy="order")(me)
    return OAuthGuardMiddleware(Starlette(routes=[Route("/orders/{id}", order)]), guard)


def _guard(**settings: Any) -> Guard:
    """Return a guard whose decision point can't be reached from here."""
    return remote_guard(policy_decision_point=PolicyDecisionPoint(REMOTE, **settings))


@pytest.mark.parametrize(
    ("decide", "status"),
    [
        ({"order": True}, 200),
        ({"order": False}, 403),
        ({"order": _is_42}, 200),
        ({"order": lambda evaluation: not _is_42(evaluation)}, 403),
        ({"report": True}, 403),
        ({}, 403),
        (_is_42, 200),
        ({"order": lambda _: {"decision": True, "context": {"obligations": [1]}}}, 403),
        ({"order": lambda _: httpx.Response(500)}, 503),
        (_unreachable, 503),
    ],
    ids=[
        *("permitted", "denied", "function", "function denies", "another policy", "none"),
        *("one function", "members", "response", "error"),
    ],
)
def test_route_is_served_as_the_table_decides(
    oauth_issuer: LocalIssuer,
    decide: DecideFunction | Mapping[str, bool | DecideFunction],
    status: int,
) -> None:
    """The decision point of the guard gets nothing, and the local one what the guard sends."""
    policies, remote = LocalDecisionPoint(decide), LocalIssuer()
    guard = _guard(http=remote.http)
    with trusting(guard, oauth_issuer, policies=policies), TestClient(_app(guard)) as client:
        headers = oauth_issuer.headers("orders:read")
        assert client.get("/orders/42", headers=headers).status_code == status
    assert remote.requests == []
    evaluation = policies.evaluations[0]
    assert evaluation["subject"]["properties"]["subject"] == "u1"
    assert evaluation["resource"]["type"] == "order"


def test_policies_deny_unless_a_test_decides(oauth_issuer: LocalIssuer) -> None:
    """A test that says nothing about policies sends nothing over a network."""
    guard = _guard()
    with trusting(guard, oauth_issuer):
        client = TestClient(as_identity(_app(guard), scopes=["orders:read"]))
        assert client.get("/orders/42").status_code == 403


def test_settings_of_the_decision_point_stay_in_force(
    oauth_issuer: LocalIssuer, oauth_clock: MovableClock
) -> None:
    """What is sent, and for how long a decision is cached, by the clock of the test."""
    guard = _guard(cache_for=60, map_evaluation=_with_area)
    policies = LocalDecisionPoint({"order": True})
    with trusting(guard, oauth_issuer, policies=policies):
        client = TestClient(as_identity(_app(guard), scopes=["orders:read"]))
        for expected in (1, 1, 2):
            assert client.get("/orders/42").is_success
            assert len(policies.evaluations) == expected
            oauth_clock.advance(40)
    assert policies.evaluations[0]["context"] == {"area": 7}


def test_decision_point_of_the_guard_is_back_after_the_block() -> None:
    """With the settings that it had."""
    guard = _guard()
    parts = dict(vars(guard))
    with trusting(guard, policies=LocalDecisionPoint()):
        assert vars(guard) != parts
    assert vars(guard) == parts


@pytest.mark.parametrize("has_point", [True, False])
def test_policies_need_a_guard_with_a_decision_point(has_point: bool) -> None:
    """A test of an application that evaluates none would pass for no reason."""
    guard = _guard() if has_point else remote_guard()
    refused = pytest.raises(ConfigurationError, match="policy_decision_point=")
    with nullcontext() if has_point else refused, trusting(guard, policies=LocalDecisionPoint()):
        pass


async def test_decision_point_that_a_test_builds_sends_to_it(oauth_issuer: LocalIssuer) -> None:
    """By its address and its client; there is no metadata."""
    policies = LocalDecisionPoint({"order": True})
    point = PolicyDecisionPoint(policies.url, http=policies.http)
    issuer = JWTIssuer(oauth_issuer.issuer, http=oauth_issuer.http, clock=oauth_issuer.clock)
    guard = Guard("https://api.test", [issuer], policy_decision_point=point)
    transport = httpx.ASGITransport(_app(guard))
    async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as client:
        headers = oauth_issuer.headers("orders:read")
        assert (await client.get("/orders/42", headers=headers)).status_code == 200
    assert [each["resource"]["id"] for each in policies.evaluations] == ["/orders/42"]
