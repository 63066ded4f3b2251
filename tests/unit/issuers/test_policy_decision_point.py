"""PolicyDecisionPoint: what is sent, which response permits, and what is cached, over HTTP."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, ConfigurationError
from oauth_guard.errors import (
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    OAuthGuardError,
    Reason,
)
from oauth_guard.issuers.client_auth import BearerToken
from oauth_guard.issuers.policy_decision_point import AccessEvaluation, PolicyDecisionPoint
from oauth_guard.jose.frozen import FrozenDict
from oauth_guard.protocol.access_target import AccessTarget
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from tests.builders.clock import FakeClock
from tests.builders.policy_server import PolicyServer, policy_server

ISSUER, RESOURCE = "https://login.example.com", "https://api.test"
ALICE = Identity(issuer=ISSUER, subject="alice", client_id="app", scopes=frozenset({"read"}))
TARGET = AccessTarget("GET", "/orders/42")
REQUEST = ResourceRequest({"type": "http", "path": "/orders/42", "headers": [(b"x-area", b"7")]})


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    """Run a policy decision point."""
    with policy_server() as server:
        yield server


@pytest.fixture
async def opened() -> AsyncIterator[list[PolicyDecisionPoint]]:
    """Yield a list whose members are closed in the end."""
    points: list[PolicyDecisionPoint] = []
    yield points
    for each in points:
        await each.aclose()


@pytest.fixture
def build(
    server: PolicyServer, opened: list[PolicyDecisionPoint]
) -> Callable[..., PolicyDecisionPoint]:
    """Return a function that builds the client of the server."""

    def build_one(**settings: Any) -> PolicyDecisionPoint:
        opened.append(PolicyDecisionPoint(server.url, **settings))
        return opened[-1]

    return build_one


async def check(point: PolicyDecisionPoint, **changes: Any) -> None:
    """Check an access with *changes*."""
    facts = {"policy": "order", "identity": ALICE, "target": TARGET, "request": REQUEST}
    await point.check(**{**facts, **changes}, resource=RESOURCE)


async def outcome(point: PolicyDecisionPoint, **changes: Any) -> Reason | str:
    """Return "permitted", or the reason of the error."""
    try:
        await check(point, **changes)
    except (InsufficientScope, IssuerUnavailable) as error:
        return error.reason if isinstance(error, InsufficientScope) else f"503 {error.reason}"
    return "permitted"


@pytest.mark.conformance("AZ-01", "AZ-02")
async def test_evaluation_is_sent_as_the_standard_says(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """The server checks each member."""
    point = build()
    assert await outcome(point) == "permitted"
    assert server.faults == []
    assert server.evaluations == [
        {
            "subject": {
                "type": "user",
                "id": f"{ISSUER}#alice",
                "properties": {
                    "issuer": ISSUER,
                    "subject": "alice",
                    "client_id": "app",
                    "scopes": ["read"],
                },
            },
            "action": {"name": "GET"},
            "resource": {"type": "order", "id": "/orders/42", "properties": {"resource": RESOURCE}},
        }
    ]
    assert "authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("client", "field"),
    [
        (ClientSecretBasic("api", "secret"), "Basic YXBpOnNlY3JldA=="),
        (BearerToken("api", lambda: "t0"), "Bearer t0"),
    ],
    ids=["basic", "bearer"],
)
@pytest.mark.conformance("AZ-23")
async def test_client_authenticates_in_a_field(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint], client: Any, field: str
) -> None:
    """Each time."""
    await check(build(client=client))
    assert server.headers[0]["authorization"] == field


async def test_denial_is_403_with_the_name_of_the_policy(
    build: Callable[..., PolicyDecisionPoint],
) -> None:
    """A scope would not help, so it has none."""
    with pytest.raises(InsufficientScope) as caught:
        await check(build(), target=AccessTarget("DELETE", "/orders/42"))
    error = caught.value
    assert (error.reason, error.scope) == (Reason.POLICY_DENIED, None)
    assert error.detail == {"policy": "order"}


def _response(status: int = 200, **changes: Any) -> dict[str, Any]:
    return {"status": status, "body": b'{"decision": true}', **changes}


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        *[
            pytest.param(_response(status), f"503 {Reason.BAD_RESPONSE}", id=str(status))
            for status in (201, 206, 302, 400, 404, 429, 500, 503)
        ],
        pytest.param(_response(204, body=b""), f"503 {Reason.BAD_RESPONSE}", id="204"),
        pytest.param(_response(401), f"503 {Reason.CLIENT_REFUSED}", id="401"),
        pytest.param(_response(403), f"503 {Reason.CLIENT_REFUSED}", id="403"),
        pytest.param(
            _response(media_type="text/html"), f"503 {Reason.BAD_RESPONSE}", id="media type"
        ),
        pytest.param(
            _response(fields={"content-encoding": "gzip"}),
            f"503 {Reason.BAD_RESPONSE}",
            id="compressed",
        ),
        *[
            pytest.param(_response(body=body), f"503 {Reason.BAD_RESPONSE}", id=name)
            for name, body in {
                "a number": b'{"decision": 1}',
                "a text": b'{"decision": "true"}',
                "missing": b"{}",
                "an array": b'[{"decision": true}]',
                "empty": b" ",
                "two decisions": b'{"decision": false, "decision": true}',
                "context": b'{"decision": true, "context": 1}',
                "64 KiB and 1": b'{"decision": true' + b" " * (64 * 1024 - 17) + b"}",
            }.items()
        ],
        pytest.param(
            _response(body=b'{"decision": true' + b" " * (64 * 1024 - 18) + b"}"),
            "permitted",
            id="64 KiB",
        ),
        pytest.param(
            _response(media_type="Application/JSON; charset=utf-8"), "permitted", id="parameter"
        ),
        pytest.param(
            _response(body=b'{"decision": true, "context": {"obligations": [{"id": "1"}]}}'),
            Reason.POLICY_OBLIGATION,
            id="an obligation",
        ),
    ],
)
@pytest.mark.conformance("AZ-07", "AZ-09", "AZ-10", "AZ-12", "AZ-13", "AZ-14")
async def test_only_the_response_200_with_true_permits(
    server: PolicyServer,
    build: Callable[..., PolicyDecisionPoint],
    response: Mapping[str, Any],
    reason: Reason | str,
) -> None:
    """Everything else is an outage, and is not cached."""
    for name, value in response.items():
        setattr(server, name, value)
    point = build(cache_for=60)
    assert await outcome(point) == reason
    server.status, server.body, server.media_type, server.fields = 200, None, "application/json", {}
    if str(reason).startswith("503"):
        await asyncio.sleep(0)
        fresh = await outcome(point, target=AccessTarget("GET", "/orders/43"))
        assert fresh == "permitted"


@pytest.mark.conformance("AZ-15")
async def test_decision_point_that_can_not_be_reached_is_an_outage(
    opened: list[PolicyDecisionPoint],
) -> None:
    """Nobody is listening at the port 1."""
    opened.append(PolicyDecisionPoint("http://127.0.0.1:1"))
    assert await outcome(opened[0]) == f"503 {Reason.UNREACHABLE}"


@pytest.mark.conformance("AZ-15")
async def test_decision_point_that_does_not_respond_is_an_outage(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """After two seconds."""
    server.silent = True
    assert await outcome(build()) == f"503 {Reason.TIMED_OUT}"


@pytest.mark.parametrize(
    ("metadata", "sent"),
    [
        ({"policy_decision_point": "https://evil.test"}, 0),
        ({"access_evaluation_endpoint": "https://127.0.0.1:1/v1"}, 0),
        (None, 1),
    ],
    ids=["another identifier", "a loopback address", "none"],
)
@pytest.mark.conformance("AZ-17", "AZ-18", "AZ-22")
async def test_metadata_decides_where_evaluations_are_sent(
    server: PolicyServer,
    build: Callable[..., PolicyDecisionPoint],
    metadata: Mapping[str, Any] | None,
    sent: int,
) -> None:
    """An address that is not public is used only if it is configured."""
    server.metadata = None if metadata is None else {**(server.metadata or {}), **metadata}
    assert (await outcome(build()) == "permitted") == bool(sent)
    assert len(server.evaluations) == sent


@pytest.mark.conformance("AZ-22")
async def test_endpoint_at_another_address_of_the_own_network_gets_nothing(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """Metadata can't direct requests there; only what is configured may be on loopback."""
    with policy_server() as other:
        endpoint = f"{other.url}/access/v1/evaluation"
        server.metadata = {**(server.metadata or {}), "access_evaluation_endpoint": endpoint}
        assert await outcome(build()) == f"503 {Reason.UNREACHABLE}"
        assert other.evaluations == []
        assert await outcome(build(endpoint=endpoint)) == "permitted"


@pytest.mark.parametrize(
    ("fields", "cache_for", "seconds"),
    [
        pytest.param({}, 0, 0, id="no lifetime"),
        pytest.param({}, 60, 60, id="the configured lifetime"),
        pytest.param({"cache-control": "max-age=30"}, 60, 30, id="its own lifetime"),
        pytest.param({"cache-control": "max-age=86400"}, 0, 300, id="five minutes at most"),
        pytest.param({"cache-control": "max-age=30", "age": "10"}, 0, 20, id="age"),
        pytest.param({"cache-control": "no-store"}, 60, 0, id="no-store"),
        pytest.param({"cache-control": "no-cache"}, 60, 0, id="no-cache"),
        pytest.param({"cache-control": "max-age=0"}, 60, 0, id="max-age=0"),
    ],
)
@pytest.mark.parametrize("action", ["GET", "DELETE"])
@pytest.mark.conformance("AZ-19")
async def test_decision_is_cached_as_its_response_allows(
    server: PolicyServer,
    build: Callable[..., PolicyDecisionPoint],
    fields: Mapping[str, str],
    cache_for: float,
    seconds: float,
    action: str,
) -> None:
    """Denials too."""
    clock = FakeClock()
    server.fields = fields
    point = build(cache_for=cache_for, monotonic=clock)
    target = AccessTarget(action, "/orders/42")
    first = await outcome(point, target=target)
    clock.advance(max(seconds - 0.5, 0))
    assert await outcome(point, target=target) == first
    assert len(server.evaluations) == (1 if seconds else 2)
    clock.advance(1)
    server.decide = lambda _: action != "GET"
    assert await outcome(point, target=target) != first
    assert len(server.evaluations) == (2 if seconds else 3)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"identity": replace(ALICE, subject="bob")}, id="subject"),
        pytest.param({"identity": replace(ALICE, issuer="https://b.test")}, id="issuer"),
        pytest.param({"identity": replace(ALICE, scopes=frozenset())}, id="scopes"),
        pytest.param({"target": AccessTarget("PUT", "/orders/42")}, id="action"),
        pytest.param({"target": AccessTarget("GET", "/orders/43")}, id="resource"),
        pytest.param({"target": AccessTarget("GET", "/orders/42", {"a": 1})}, id="properties"),
        pytest.param({"policy": "invoice"}, id="policy"),
        pytest.param({"request": ResourceRequest({"path": "/", "headers": []})}, id="context"),
    ],
)
@pytest.mark.conformance("AZ-20")
async def test_cached_decision_is_used_for_the_same_evaluation_only(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint], changes: dict[str, Any]
) -> None:
    """The context has a header field of the request."""
    point = build(cache_for=60, map_evaluation=with_area)
    assert await outcome(point) == await outcome(point) == "permitted"
    assert len(server.evaluations) == 1
    server.decide = lambda _: False
    assert await outcome(point, **changes) == Reason.POLICY_DENIED
    assert len(server.evaluations) == 2
    assert await outcome(point) == "permitted"


def with_area(
    evaluation: AccessEvaluation, identity: Identity, request: ResourceRequest
) -> AccessEvaluation:
    """Return *evaluation* with a context."""
    assert identity.issuer is not None
    return replace(
        evaluation, context={"areas": [v.decode() for v in request.values_of(b"x-area")]}
    )


@pytest.mark.conformance("AZ-21")
async def test_concurrent_requests_for_one_decision_share_one(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """Without a cache too; each waiting caller receives an error of its own."""
    point = build()
    assert set(await asyncio.gather(*(outcome(point) for _ in range(20)))) == {"permitted"}
    assert len(server.evaluations) == 1
    server.body = b"{}"
    errors = await asyncio.gather(*(check(point) for _ in range(5)), return_exceptions=True)
    assert len({id(each) for each in errors}) == 5
    assert {type(each) for each in errors} == {IssuerUnavailable}
    assert all(isinstance(each, OAuthGuardError) and each.detail for each in errors)


@pytest.mark.conformance("AZ-04")
async def test_function_of_the_operator_changes_what_is_sent(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """Here the context."""
    await check(build(map_evaluation=with_area))
    assert server.evaluations[0]["context"] == {"areas": ["7"]}
    assert server.faults == []


def _raise(error: Exception) -> Callable[..., Any]:
    def function(*_: Any) -> Any:
        raise error

    return function


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(_raise(KeyError("s3cret")), id="raises"),
        pytest.param(_raise(ConfigurationError("s3cret")), id="raises ConfigurationError"),
        pytest.param(lambda *_: None, id="returns None"),
        pytest.param(lambda *_: True, id="returns True"),
        pytest.param(lambda each, *_: replace(each, context={"a": "\ud800"}), id="surrogate"),
        pytest.param(lambda each, *_: replace(each, context={"a": {1}}), id="no JSON"),
        pytest.param(lambda each, *_: replace(each, context={"a": float("inf")}), id="infinite"),
    ],
)
@pytest.mark.conformance("AZ-03")
async def test_function_that_fails_is_an_outage_and_no_permission(
    server: PolicyServer,
    build: Callable[..., PolicyDecisionPoint],
    function: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its text may have a claim in it, so only its type is in the log."""
    with pytest.raises(IssuerUnavailable) as caught:
        await check(build(map_evaluation=function))
    assert caught.value.reason == Reason.POLICY_FUNCTION
    assert caught.value.__context__ is None
    assert server.evaluations == []
    assert "map_evaluation= raised" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("raised", "received"),
    [
        (InvalidRequest(Reason.AMBIGUOUS_PATH), InvalidRequest),
        (InvalidToken(), InvalidToken),
        (IssuerUnavailable("x", Reason.BUSY), IssuerUnavailable),
        (MissingCredentials(), InsufficientScope),
    ],
    ids=["400", "401", "503", "no credentials"],
)
async def test_rejection_by_the_function_is_sent(
    build: Callable[..., PolicyDecisionPoint], raised: Exception, received: type[Exception]
) -> None:
    """`MissingCredentials` would let the caller pass as anonymous elsewhere."""
    with pytest.raises(received):
        await check(build(map_evaluation=_raise(raised)))


@pytest.mark.conformance("AZ-11")
async def test_reasons_of_a_denial_are_in_the_log_without_the_subject(
    server: PolicyServer,
    build: Callable[..., PolicyDecisionPoint],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line, once for a cached decision."""
    caplog.set_level(logging.INFO, "oauth_guard")
    reasons = {"id": "C076", "reason_admin": {"403": "alice is not in sales"}}
    server.decide = lambda _: {"decision": False, "context": reasons}
    point = build(cache_for=60)
    for _ in range(2):
        with pytest.raises(InsufficientScope) as caught:
            await check(point)
        assert "C076" not in str(caught.value.detail)
    lines = [each.getMessage() for each in caplog.records if each.name == "oauth_guard"]
    denied = f"{server.url}: the policy order denies a request"
    assert lines == [f"{denied}: id C076, reason_admin *** is not in sales"]


async def test_failing_decision_point_gets_few_requests(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """After a failure no request is sent for the same evaluation for some seconds."""
    server.status = 500
    point = build(monotonic=FakeClock())
    assert await outcome(point) == f"503 {Reason.BAD_RESPONSE}"
    assert await outcome(point) == f"503 {Reason.BACKING_OFF}"
    assert len(server.evaluations) == 1


async def test_decision_point_that_fails_for_many_is_probed_with_a_random_subject(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """So that its return is noticed without the request of a caller."""
    server.status = 500
    point = build()
    for number in range(10):
        await outcome(point, policy=f"p{number}")
    async with asyncio.timeout(10):
        while not server.canaries:  # noqa: ASYNC110 - the server runs in a thread
            await asyncio.sleep(0.01)
    assert server.canaries[0]["action"] == {"name": "GET"}
    assert len(server.canaries[0]["subject"]["id"]) > 32
    assert server.faults == []


@pytest.mark.parametrize("permits", [True, False])
async def test_random_subject_is_evaluated_each_time(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint], permits: bool
) -> None:
    """No decision about it is cached or counted."""
    server.decide = lambda _: permits
    point = build(cache_for=60)
    assert [await point.permits_random_subject() for _ in range(2)] == [permits, permits]
    subjects = {each["subject"]["id"] for each in server.canaries}
    assert len(subjects) == 2
    assert {each.value for each in point.measurements()} == {0}


async def test_measurements_are_named_and_counted(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """By the identifier of the decision point."""
    point = build(cache_for=60)
    await check(point)
    await check(point)
    assert {each.name: each.value for each in point.measurements()} == {
        "policy_decision_point_down": 0,
        "policy_evaluations_in_flight": 0,
        "policy_evaluations": 1,
        "policy_decisions_reused": 1,
    }
    assert {each.issuer for each in point.measurements()} == {server.url}


async def test_endpoint_is_looked_up_in_the_background(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """So a decision point that is down delays no start."""
    server.metadata = {}
    await build().load()
    server.metadata = None


@pytest.mark.parametrize(
    "settings",
    [
        {"cache_for": -1},
        {"cache_for": 301},
        {"map_evaluation": test_measurements_are_named_and_counted},
    ],
    ids=["negative", "too long", "async"],
)
def test_setting_that_can_not_work_is_rejected(settings: dict[str, Any]) -> None:
    """When it is built."""
    with pytest.raises(ConfigurationError):
        PolicyDecisionPoint("https://pdp.example.com", **settings)


def test_repr_has_no_secret() -> None:
    """It may be in a log."""
    client = ClientSecretBasic("api", "s3cret")
    text = repr(PolicyDecisionPoint("https://pdp.example.com", client=client))
    assert "https://pdp.example.com" in text
    assert "s3cret" not in text


async def test_subject_of_a_claim_is_sent_unchanged(
    server: PolicyServer, build: Callable[..., PolicyDecisionPoint]
) -> None:
    """In UTF-8."""
    caller = replace(ALICE, subject='Ω\n"x"', claims=FrozenDict({"email": "a@example.com"}))
    await check(build(), identity=caller)
    assert server.evaluations[0]["subject"]["id"] == f'{ISSUER}#Ω\n"x"'
    assert "a@example.com" not in json.dumps(server.evaluations)
