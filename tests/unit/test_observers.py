"""Observers: what they receive of each decision, and that they change none."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from oauth_guard import ANONYMOUS, ConfigurationError, Guard, Identity, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason, RequestRejected
from oauth_guard.observers import Observers
from oauth_guard.possession import DPoP
from oauth_guard.protocol.events import Decision
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import DPoPKey, LocalIssuer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api
from tests.builders.clock import FakeClock

Recorded = list[Decision]


def _api(**middleware: Any) -> tuple[Api, Recorded]:
    decisions: Recorded = []
    return Api(guard={"observers": [decisions.append]}, middleware=middleware), decisions


def _names(decisions: Recorded) -> list[tuple[str, str | None, int | None]]:
    return [(each.outcome, each.reason, each.status) for each in decisions]


async def test_authenticated_request_is_reported_with_issuer_method_and_cache() -> None:
    """The second request with the same token is a cache hit."""
    api, decisions = _api()
    await api.get("/r", api.token())  # fetches the keys
    decisions.clear()
    token = api.token(sub="u2")
    for _ in range(2):
        await api.get("/r", token)
    assert [each.cached for each in decisions] == [False, True]
    for each in decisions:
        assert each[:6] == (RESOURCE, "authenticated", None, None, ISSUER, "GET")
    assert decisions[0].seconds is not None
    assert 0 < decisions[0].seconds < 60
    assert decisions[1].seconds is None


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        pytest.param("/r", "none", [("rejected", "no_credentials", 401)], id="no token"),
        pytest.param("/r", "junk", [("rejected", "malformed_token", 401)], id="junk"),
        pytest.param(
            "/admin",
            "good",
            [("authenticated", None, None), ("rejected", "insufficient_scope", 403)],
            id="scope",
        ),
        pytest.param(
            "/admin",
            "admin",
            [("authenticated", None, None), ("authorized", None, None)],
            id="authorized",
        ),
    ],
)
async def test_each_decision_is_reported_once(
    path: str, headers: str, expected: list[tuple[str, str | None, int | None]]
) -> None:
    """In the order in which the guard made them."""
    api, decisions = _api()
    sent = {
        "none": None,
        "junk": "a.b.c",
        "good": api.token(),
        "admin": api.token(scope="read admin"),
    }
    await api.get(path, sent[headers])
    assert _names(decisions) == expected


async def test_time_of_a_request_is_reported_once() -> None:
    """A rejection after the authentication has no time, since the application ran in between.

    Nor has one before the token is validated.
    """
    api, decisions = _api()
    await api.get("/admin", api.token())
    await api.get("/admin")
    assert [each.seconds is None for each in decisions] == [False, True, True]


def test_seconds_are_measured_from_the_start_of_the_authentication() -> None:
    """By the monotonic clock."""
    clock, decisions = FakeClock(10), Recorded()
    observers = Observers([decisions.append], RESOURCE, [ISSUER], clock=clock)
    request = ResourceRequest({"headers": [], "method": "BREW"})
    observers.start(request, None)
    clock.advance(3)
    observers.rejected(InvalidToken(Reason.EXPIRED), 401, request)
    observers.rejected(InvalidToken(Reason.EXPIRED), 401, None)
    assert [(each.seconds, each.method) for each in decisions] == [(3, "other"), (None, None)]


@pytest.mark.parametrize(
    ("error", "issuer", "reason"),
    [
        (IssuerUnavailable(ISSUER, Reason.TIMED_OUT), ISSUER, Reason.TIMED_OUT),
        (IssuerUnavailable("https://t1.test", Reason.BUSY), "other", Reason.BUSY),
        (InvalidToken("sub u1 is banned"), None, None),  # type: ignore[arg-type] # as operators do
    ],
)
def test_value_outside_the_closed_sets_is_not_reported(
    error: RequestRejected | IssuerUnavailable, issuer: str | None, reason: Reason | None
) -> None:
    """The issuer of a tenant is `other`, and a text that a function made up is no reason."""
    decisions = Recorded()
    Observers([decisions.append], RESOURCE, [ISSUER]).rejected(error, 401, None)
    ((*_, seen_reason, _, seen_issuer, _, _, _),) = decisions
    assert (seen_issuer, seen_reason) == (issuer, reason)


async def test_hit_with_names_outside_the_closed_sets_is_kept_nowhere() -> None:
    """Else each method that a client makes up would take memory; known ones are built once."""
    decisions = Recorded()
    observers = Observers([decisions.append], RESOURCE, [ISSUER])
    for method in ("GET", "GET", "BREW", "BREW"):
        request = ResourceRequest({"headers": [], "method": method})
        observers.authenticated(request, Identity(ISSUER, "u"), True)  # noqa: FBT003 - as above
    assert decisions[0] is decisions[1]
    assert decisions[2] == decisions[3]
    assert decisions[2] is not decisions[3]


async def test_proof_of_a_cached_token_is_timed() -> None:
    """It takes most of the time of such a request."""
    decisions, key, local = Recorded(), DPoPKey(), LocalIssuer(audience=RESOURCE)
    issuers = [JWTIssuer(local.issuer, keys=local.jwks)]
    guard = Guard(RESOURCE, issuers, dpop=DPoP(), observers=[decisions.append])
    token = local.token(cnf=key.cnf)
    for _ in range(2):
        headers = key.headers(token, "GET", f"{RESOURCE}/r").items()
        fields = [(name.lower().encode(), value.encode()) for name, value in headers]
        await guard.authenticate(ResourceRequest({"path": "/r", "headers": fields}))
    assert [(each.cached, each.seconds is None) for each in decisions] == [
        (False, False),
        (True, False),
    ]


async def test_observer_that_raises_changes_no_decision(caplog: pytest.LogCaptureFixture) -> None:
    """Others receive the decision all the same; the log has only the type of the error."""
    decisions = Recorded()

    def broken(_: Decision) -> None:
        raise LookupError("claim value")

    api = Api(guard={"observers": [broken, decisions.append]})
    accepted = await api.get("/admin", api.token(scope="read admin"))
    rejected = await api.get("/r")
    assert (accepted.status, rejected.status) == (200, 401)
    assert len(decisions) == 3
    lines = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert {each.getMessage() for each in lines} == {f"{RESOURCE}: an observer raised LookupError"}


class _AsyncObserver:
    async def __call__(self, decision: Decision) -> None:
        """Receive a decision, too late."""


async def _async_observer(decision: Decision) -> None:
    """Receive a decision, too late."""


@pytest.mark.parametrize("observer", [_async_observer, _AsyncObserver(), "print"])
def test_observer_that_is_no_plain_function_is_rejected(observer: Callable[..., Any]) -> None:
    """A coroutine without an await observes nothing."""
    with pytest.raises(ConfigurationError, match="observers="):
        Api(guard={"observers": [observer]})


async def test_anonymous_caller_is_not_reported_unless_rejected() -> None:
    """No decision was made about a caller who sent no token where none is required."""
    api, decisions = _api(required=False)
    assert (await api.get("/r")).status == 200
    assert decisions == []


async def test_requirement_of_the_middleware_is_reported() -> None:
    """As that of a route is."""
    api, decisions = _api(requires="read")
    await api.get("/r", api.token())
    assert _names(decisions) == [("authenticated", None, None), ("authorized", None, None)]


def test_guard_without_observers_has_none() -> None:
    """So that it does nothing for them."""
    assert Observers.of([], RESOURCE, [ISSUER]) is None


def test_issuer_of_a_tenant_is_other_when_authenticated() -> None:
    """Tenants are not a closed set; nor are methods."""
    decisions = Recorded()
    observers = Observers([decisions.append], RESOURCE, [])
    request = ResourceRequest({"headers": [], "method": "BREW"})
    observers.authenticated(request, ANONYMOUS, True)  # noqa: FBT003 - as the guard calls it
    assert decisions[0][4:] == ("other", "other", True, None)
