"""Trace: the path appends its steps to it, and no token and no other value of a claim."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard.deny_list import DenyList
from oauth_guard.errors import InsufficientScope, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.possession import DPoP
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.steps import TraceEntry
from oauth_guard.testing import DPoPKey
from oauth_guard.trace import STEPS, TRACE, Step, Trace, trace_rejection, tracer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, bearer

_AUTHENTICATED = [Step.CREDENTIALS, Step.CACHE, Step.ISSUER, Step.TOKEN, Step.CLAIMS, Step.MOMENT]


async def _traced(
    api: Api, target: str = "/r", token: str | None = None, headers: Any = ()
) -> Trace:
    trace = Trace()
    changes: dict[str, Any] = {TRACE: trace}
    sent = (*(bearer(token) if token else ()), *headers)
    await api.send("GET", target, sent, **changes)
    return trace


def _steps(trace: Trace) -> list[Step]:
    return [entry.step for entry in trace]


async def test_trace_has_each_step_that_the_path_takes() -> None:
    """A second request takes the token from the cache."""
    api = Api(guard={"trace": True})
    await api.get("/r", api.token())  # fetches the keys
    token = api.token(sub="u2")
    first, second = await _traced(api, "/r", token), await _traced(api, "/r", token)
    assert _steps(first) == _AUTHENTICATED
    assert _steps(second) == [Step.CREDENTIALS, Step.CACHE, Step.MOMENT]
    assert [first[1].found, second[1].found] == ["not cached", "cached"]
    assert first[0].found == "Bearer"
    assert first[2][:3] == (Step.ISSUER, ISSUER, ISSUER)
    assert first[4][:3] == (Step.CLAIMS, f"aud {RESOURCE}", f"aud {RESOURCE}")
    assert all(entry.reason is None and entry.seconds >= 0 for entry in (*first, *second))


async def test_route_appends_what_it_requires() -> None:
    """A second requirement of the same request, too."""
    api = Api(guard={"trace": True}, middleware={"requires": "read"})
    trace = await _traced(api, "/admin", api.token(scope="read admin"))
    assert [entry[:3] for entry in trace[-2:]] == [
        (Step.REQUIREMENT, "read", ""),
        (Step.REQUIREMENT, "read admin", ""),
    ]


@pytest.mark.parametrize(
    ("claims", "target", "last"),
    [
        ({"exp": 1}, "/r", (Step.CLAIMS, "", "claim exp", "expired")),
        (
            {"aud": "https://x.test"},
            "/r",
            (Step.CLAIMS, RESOURCE, "https://x.test", "wrong_audience"),
        ),
        (
            {"iss": f"{ISSUER}/"},
            "/r",
            (
                Step.ISSUER,
                ISSUER,
                f"{ISSUER}/, hint differs by a slash at its end",
                "unknown_issuer",
            ),
        ),
        ({"cnf": {"jkt": "A" * 43}}, "/r", (Step.POSSESSION, "", "", "bound_token")),
        ({}, "/admin", (Step.REQUIREMENT, "scope read admin", "", "insufficient_scope")),
    ],
    ids=["expired", "audience", "issuer", "bound", "scope"],
)
async def test_rejection_is_the_last_entry(
    claims: Mapping[str, Any], target: str, last: tuple[str, ...]
) -> None:
    """With what was expected and found, as the log has it."""
    api = Api(guard={"trace": True})
    trace = await _traced(api, target, api.token(**claims))
    step, expected, found, _, reason = trace[-1]
    assert (step, expected, found, reason) == last
    assert [entry.reason for entry in trace[:-1]] == [None] * (len(trace) - 1)


async def test_claims_are_checked_before_the_signature() -> None:
    """So the trace of an expired token has no step of its issuer."""
    api = Api(guard={"trace": True})
    trace = await _traced(api, "/r", api.token(exp=1))
    assert _steps(trace) == [Step.CREDENTIALS, Step.CACHE, Step.ISSUER, Step.CLAIMS]


async def test_proof_and_certificate_are_named() -> None:
    """Not their values."""
    api = Api(guard={"trace": True, "dpop": DPoP()})
    key = DPoPKey(clock=lambda: api.now)
    token = api.token(cnf=key.cnf)
    fields = key.headers(token, "GET", f"{RESOURCE}/r")
    headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    trace = await _traced(api, "/r", None, headers)
    assert (trace[-2].step, trace[-2].found) == (Step.POSSESSION, "DPoP proof")
    assert trace[0].found == "DPoP"


async def test_revoked_token_ends_at_its_step() -> None:
    """Of a cached token, too."""
    api = Api(guard={"trace": True, "deny_list": DenyList()})
    token = api.token()
    for _ in range(2):  # the first one fetches the keys
        await api.get("/r", token)
    await api.guard.revoke(ISSUER, jti="j1")
    trace = await _traced(api, "/r", token)
    assert _steps(trace) == [Step.CREDENTIALS, Step.CACHE, Step.MOMENT]
    assert trace[-1].reason == Reason.REVOKED


@pytest.mark.parametrize("settings", [{}, {"observers": [print]}], ids=["none", "observers"])
async def test_guard_that_does_not_trace_ignores_the_trace(settings: dict[str, Any]) -> None:
    """Nothing is appended, whatever the request."""
    api = Api(guard=settings)
    for token in (api.token(), "junk", None):
        assert await _traced(api, "/admin", token) == []


async def test_object_of_another_kind_in_the_connection_is_ignored() -> None:
    """Other software may use the key."""
    api = Api(guard={"trace": True})
    changes: dict[str, Any] = {TRACE: ["mine"]}
    response = await api.get("/r", api.token(), **changes)
    assert response.status == 200


async def test_guard_in_debug_mode_shows_the_trace_in_the_body() -> None:
    """Without a trace in the connection it makes its own, for each request."""
    here = {"resource": "http://127.0.0.1:8000", "debug": True}
    api = Api(guard=here, issuer={"audience": RESOURCE}, middleware={"requires": "admin"})
    for _ in range(2):
        response = await api.get("/admin", api.token())
        shown = json.loads(response.body or b"")["trace"]
        assert shown[0]["step"] == "credentials"
        assert shown[-1] == {
            "step": "requirement",
            "expected": "scope admin",
            "found": "",
            "seconds": shown[-1]["seconds"],
            "reason": "insufficient_scope",
        }
        assert sum(entry["reason"] is not None for entry in shown) == 1


@pytest.mark.parametrize("claim", ["sub", "client_id", "jti", "scope", "email", "nonce"])
async def test_trace_has_no_value_of_a_claim_and_no_token(claim: str) -> None:
    """Whatever comes of the request."""
    api = Api(guard={"trace": True})
    secret = "s3cr3t-value"
    for changes, target in (
        ({}, "/r"),
        ({}, "/admin"),
        ({"exp": 1}, "/r"),
        ({"aud": [secret * 30, "x" * 300]}, "/r"),
        ({"iss": "eyJ" + secret}, "/r"),
    ):
        token = api.token(**{claim: secret} | changes)
        text = repr(await _traced(api, target, token))
        assert secret not in text
        assert not any(part in text for part in token.split("."))


def test_trace_ends_after_100_entries() -> None:
    """An open connection validates its token again and again."""
    ticks = itertools.count()
    trace = Trace(lambda: float(next(ticks)))
    for _ in range(200):
        trace.passed(Step.TOKEN)
    assert len(trace) == 100
    assert trace[-1] == TraceEntry(Step.TOKEN, "", "", 1.0)


def test_request_that_is_not_known_is_not_traced() -> None:
    """Nor is one of a guard that does not trace."""
    error = InvalidToken(Reason.EXPIRED)
    request = ResourceRequest({"type": "http", "headers": []})
    assert trace_rejection(error, None, tracer({"debug": True})) is None
    assert trace_rejection(error, request, None) is None
    assert trace_rejection(error, request, tracer({"trace": True})) is None
    assert trace_rejection(error, request, tracer({"debug": True})) == request.trace


def test_detail_says_what_was_required() -> None:
    """And the rest is what was found, with its names."""
    trace = Trace()
    trace.rejected(InsufficientScope().about(required="role x", problem="y", found="z"))
    assert trace[0][1:3] == ("role x", "problem y, z")
    trace.authorized(Requirement())
    assert trace[1][1:3] == ("", "")


_ALL = list(STEPS)


def _outcomes(trace: Trace) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for each in trace.outcomes():
        found.setdefault(each.outcome, []).append(each.step)
    return found


@pytest.mark.parametrize(
    ("cached", "passed", "reason", "expected"),
    [
        pytest.param(
            True,
            [Step.MOMENT],
            None,
            {
                "passed": [Step.CREDENTIALS, Step.CACHE, Step.MOMENT],
                "not needed": [
                    *(Step.ISSUER, Step.TOKEN, Step.CLAIMS),
                    *(Step.POSSESSION, Step.REQUIREMENT),
                ],
            },
            id="cached",
        ),
        pytest.param(
            False,
            [Step.ISSUER],
            Reason.EXPIRED,
            {
                "passed": [Step.CREDENTIALS, Step.CACHE, Step.ISSUER],
                "not reached": [
                    Step.TOKEN,
                    *(Step.POSSESSION, Step.MOMENT, Step.REQUIREMENT),
                ],
                "rejected": [Step.CLAIMS],
            },
            id="claims before the signature",
        ),
        pytest.param(
            True,
            [],
            Reason.WRONG_CLAIM,
            {
                "passed": [Step.CREDENTIALS, Step.CACHE],
                "not needed": [Step.ISSUER, Step.TOKEN],
                "rejected": [Step.CLAIMS],
                "not reached": [Step.POSSESSION, Step.MOMENT, Step.REQUIREMENT],
            },
            id="function of the operator's, cached",
        ),
        pytest.param(
            False,
            [Step.ISSUER, Step.TOKEN, Step.CLAIMS, Step.MOMENT],
            Reason.INSUFFICIENT_SCOPE,
            {
                "passed": [*_ALL[:5], Step.MOMENT],
                "not needed": [Step.POSSESSION],
                "rejected": [Step.REQUIREMENT],
            },
            id="scope",
        ),
    ],
)
def test_each_step_has_one_outcome(
    cached: bool, passed: list[Step], reason: Reason | None, expected: dict[str, list[Step]]
) -> None:
    """In the order of the path."""
    trace = Trace()
    trace.read("Bearer", cached=cached)
    for step in passed:
        trace.passed(step)
    if reason is not None:
        trace.rejected(InvalidToken(reason))
    assert _outcomes(trace) == expected
    assert [each.step for each in trace.outcomes()] == _ALL


def test_step_that_was_taken_twice_has_the_last_outcome() -> None:
    """As for a malformed token, whose credentials were read before it was parsed."""
    trace = Trace()
    trace.read(None, cached=False)
    trace.rejected(InvalidToken(Reason.MALFORMED_CREDENTIALS))
    assert _outcomes(trace)["rejected"] == [Step.CREDENTIALS]


@pytest.mark.parametrize(
    ("cached", "passed", "step"),
    [
        (False, [Step.ISSUER], Step.TOKEN),
        (False, [Step.ISSUER, Step.TOKEN, Step.CLAIMS], Step.MOMENT),
        (True, [], Step.MOMENT),
        (True, [Step.MOMENT], Step.REQUIREMENT),
        (False, [Step.ISSUER, Step.TOKEN, Step.CLAIMS, Step.MOMENT], Step.REQUIREMENT),
    ],
)
def test_outage_after_the_validation_is_one_of_a_later_step(
    cached: bool, passed: list[Step], step: Step
) -> None:
    """A status list, a policy and an introspection by the route have the same reasons."""
    trace = Trace()
    trace.read("Bearer", cached=cached)
    for each in passed:
        trace.passed(each)
    trace.rejected(IssuerUnavailable(ISSUER, Reason.UNREACHABLE))
    assert trace[-1].step is step
