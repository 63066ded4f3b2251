"""Shared Signals and CAEP, pushed by RFC 8935: section 30 of the matrix."""

import json
from typing import Any

import httpx
import pytest

from oauth_guard import ClientSecretBasic, IntrospectionIssuer
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, NOW
from tests.acceptance.standards.opaque import expect_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers
from tests.builders.event_api import CAEP, SET, USER, EventApi, OpaqueEventApi

JSON: Headers = ((b"content-type", b"application/json"),)


def session(identifier: str) -> dict[str, str]:
    """Return the subject that names a session."""
    return {"format": "opaque", "id": identifier}


@pytest.mark.conformance("SSF-01")
async def test_valid_event_is_acknowledged_without_a_body() -> None:
    """A repeated one too, and it has no new effect."""
    api = EventApi()
    event = api.event()
    for _ in range(2):
        response = await api.push(event)
        assert (response.status, response.body) == (202, b"")
        assert response.lines("cache-control") == ["no-store"]
    api.now += 10
    expect(await api.get("/r", api.token(iat=NOW + 7)), "200")


@pytest.mark.conformance("SSF-02")
@pytest.mark.parametrize(
    ("changes", "content", "headers", "error"),
    [
        ({}, None, JSON, "invalid_request"),
        ({}, None, (), "invalid_request"),
        ({}, None, (*SET, *SET), "invalid_request"),
        ({}, b"garbage", SET, "invalid_request"),
        ({}, b"\xff.a.b", SET, "invalid_request"),
        ({}, b"", SET, "invalid_request"),
        ({}, b"x" * 10_000_000, SET, "invalid_request"),
        ({"key": SigningKey("k1")}, None, SET, "invalid_key"),
        ({"key": SigningKey("k9")}, None, SET, "invalid_key"),
        ({"jti": None}, None, SET, "invalid_request"),
        ({"jti": 5}, None, SET, "invalid_request"),
        ({"iat": None}, None, SET, "invalid_request"),
        ({"iat": True}, None, SET, "invalid_request"),
        ({"iat": NOW + 90}, None, SET, "invalid_request"),
        ({"events": None}, None, SET, "invalid_request"),
        ({"events": {}}, None, SET, "invalid_request"),
        ({"events": {f"{CAEP}session-revoked": []}}, None, SET, "invalid_request"),
    ],
    ids=range(17),
)
async def test_invalid_request_is_rejected_with_an_error_code(
    changes: dict[str, Any], content: bytes | None, headers: Headers, error: str
) -> None:
    """It revokes nothing."""
    api = EventApi()
    response = await api.push(api.event(**changes) if content is None else content, headers)
    assert response.status == 400
    assert response.lines("content-type") == ["application/json"]
    assert json.loads(response.body)["err"] == error
    expect(await api.get("/r", api.token()), "200")


@pytest.mark.conformance("SSF-02")
@pytest.mark.parametrize("values", [[], [b"Bearer other"], [b"Bearer t", b"Bearer t"]], ids=str)
async def test_wrong_credentials_of_the_transmitter_are_rejected(values: list[bytes]) -> None:
    """If the stream was configured with some."""
    api = EventApi(authorization="Bearer t")
    fields = (*SET, *((b"authorization", value) for value in values))
    response = await api.push(api.event(), fields)
    assert json.loads(response.body)["err"] == "authentication_failed"
    expect(await api.get("/r", api.token()), "200")
    right = (*SET, (b"Authorization", b"Bearer t"))
    assert (await api.push(api.event(), right)).status == 202


@pytest.mark.conformance("SSF-03")
@pytest.mark.parametrize(
    "changes",
    [
        {"header": {"typ": "JWT"}},
        {"header": {}},
        {"header": {"typ": "logout+jwt"}},
        {"sub": "u1"},
        {"exp": NOW + 60},
    ],
    ids=str,
)
async def test_token_that_could_be_of_another_kind_is_rejected(changes: dict[str, Any]) -> None:
    """A security event token has its own type, and neither `sub` nor `exp`."""
    api = EventApi()
    assert (await api.push(api.event(**changes))).status == 400
    expect(await api.get("/r", api.token()), "200")


@pytest.mark.conformance("SSF-04")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "https://other.example.com"}, "invalid_issuer"),
        ({"iss": None}, "invalid_issuer"),
        ({"aud": "https://other.example.com"}, "invalid_audience"),
        ({"aud": ["https://other.example.com", 5]}, "invalid_audience"),
        ({"aud": None}, "invalid_audience"),
    ],
    ids=str,
)
async def test_event_of_another_stream_is_rejected(changes: dict[str, Any], error: str) -> None:
    """By issuer and by audience."""
    api = EventApi()
    response = await api.push(api.event(**changes))
    assert (response.status, json.loads(response.body)["err"]) == (400, error)
    expect(await api.get("/r", api.token()), "200")


IGNORED: dict[str, dict[str, Any]] = {
    "unknown event": {"events": {"https://example.com/event": {}}},
    "verification": {
        "events": {"https://schemas.openid.net/secevent/ssf/event-type/verification": {}}
    },
    "device compliance": {"name": "device-compliance-change"},
    "no subject": {"sub_id": None},
    "subject of another issuer": {"subject": {**USER, "iss": "https://other.example.com"}},
    "token of another issuer": {
        "subject": {"format": "jwt_id", "iss": "https://other.example.com", "jti": "j1"}
    },
    "subject by email": {"subject": {"format": "email", "email": "u1@example.com"}},
    "empty subject": {"subject": {**USER, "sub": " "}},
    "subject of another type": {"subject": {**USER, "sub": 5}},
    "subject that is no object": {"subject": "u1"},
    "complex subject without a known member": {"subject": {"format": "complex", "device": USER}},
    "user that is no object": {"subject": {"format": "complex", "user": "u1"}},
    "session that can't be compared": {"subject": {"user": USER, "session": USER}},
    "session with an empty id": {"subject": {"user": USER, "session": session("")}},
    "critical member": {"subject": {"user": USER, "tenant": session("t")}},
    "credential that was added": {
        "name": "credential-change",
        "members": {"change_type": "create"},
    },
    "higher assurance level": {
        "name": "assurance-level-change",
        "members": {"change_direction": "increase"},
    },
}


@pytest.mark.conformance("SSF-05")
@pytest.mark.parametrize("changes", IGNORED.values(), ids=list(IGNORED))
async def test_event_that_concerns_no_known_token_is_acknowledged_and_ignored(
    changes: dict[str, Any],
) -> None:
    """An unknown field of a known event is ignored as well."""
    api = EventApi(critical_subject_members=["tenant"])
    assert (await api.push(api.event(**changes))).status == 202
    expect(await api.get("/r", api.token(jti="j1", sid="s1")), "200")
    known = api.event(jti="e2", members={"unknown": 1}, further="claim")
    assert (await api.push(known)).status == 202
    expect(await api.get("/r", api.token()), "401 invalid_token")


@pytest.mark.conformance("SSF-06")
@pytest.mark.parametrize(
    "name",
    ["session-revoked", "token-claims-change", "credential-change", "assurance-level-change"],
)
@pytest.mark.parametrize(
    "subject", [USER, {"user": USER}, {"format": "complex", "user": USER}, session("u1")], ids=str
)
async def test_tokens_of_the_user_that_were_issued_before_are_rejected(
    name: str, subject: object
) -> None:
    """Cached ones too; a token that was issued after the event is accepted."""
    api = EventApi()
    before, other = api.token(), api.token(sub="u2")
    for token in (before, other):
        expect(await api.get("/r", token), "200")
    assert (await api.push(api.event(name, subject))).status == 202
    expect(await api.get("/r", before), "401 invalid_token")
    expect(await api.get("/r", other), "200")
    api.now += 10
    expect(await api.get("/r", api.token(iat=NOW + 6)), "200")


@pytest.mark.conformance("SSF-06")
async def test_all_members_of_a_subject_must_match() -> None:
    """Session and user, or the session alone."""
    api = EventApi()
    subject = {"user": USER, "session": session("s1"), "tenant": session("t")}
    assert (await api.push(api.event(subject=subject))).status == 202
    expect(await api.get("/r", api.token(sid="s1")), "401 invalid_token")
    expect(await api.get("/r", api.token(sid="s1", sub="u2")), "200")
    expect(await api.get("/r", api.token(sid="s2")), "200")
    alone = api.event(subject={"session": session("s1")}, jti="e2")
    assert (await api.push(alone)).status == 202
    expect(await api.get("/r", api.token(sid="s1", sub="u2")), "401 invalid_token")


@pytest.mark.conformance("SSF-06")
@pytest.mark.parametrize(
    ("timestamp", "cut_off"),
    [
        (NOW - 100, NOW - 95),
        ((NOW - 100) * 1000 + 643, NOW - 94),
        (NOW + 5000, NOW + 5),
        ("x", NOW + 5),
        (None, NOW + 5),
    ],
    ids=str,
)
async def test_time_of_the_event_is_the_cut_off(timestamp: object, cut_off: int) -> None:
    """In seconds, or in milliseconds as before CAEP was final; never later than its `iat`."""
    api = EventApi()
    event = api.event(members={"event_timestamp": timestamp})
    assert (await api.push(event)).status == 202
    api.now += 10
    expect(await api.get("/r", api.token(iat=cut_off)), "401 invalid_token")
    expect(await api.get("/r", api.token(iat=cut_off + 1)), "200")


async def test_subject_in_the_event_is_read_if_there_is_no_other() -> None:
    """As transmitters wrote it before SSF was final."""
    api = EventApi()
    event = api.event(sub_id=None, members={"subject": USER})
    assert (await api.push(event)).status == 202
    expect(await api.get("/r", api.token()), "401 invalid_token")


TOKEN = {"format": "jwt_id", "iss": ISSUER, "jti": "j1"}
CHANGE = "token-claims-change"


@pytest.mark.conformance("SSF-07")
@pytest.mark.parametrize(
    ("subject", "claims"),
    [
        (TOKEN, {}),
        (TOKEN, {"jti": None}),  # it may be the one that is named
        (USER, {}),
        (session("u1"), {}),
        ({"session": session("s1")}, {"sid": "s1"}),
        ({"user": USER, "session": session("s1")}, {"sid": "s1"}),
    ],
    ids=str,
)
async def test_token_whose_claims_changed_is_introspected_again(
    subject: object, claims: dict[str, Any]
) -> None:
    """A cached one; the new claims take effect, and are cached again after some seconds."""
    api = OpaqueEventApi()
    token, other = api.opaque(**claims), api.opaque(token="o2", sub="u2", jti="j2", sid="s1x")
    for each in (token, token, other):
        expect_identity(await api.get("/r", each), scope="read")
    api.opaque(**claims, scope="read admin")
    api.now += 1
    assert (await api.push(api.event(CHANGE, subject))).status == 202
    for _ in range(2):  # its result may be older than the change, as clocks differ
        expect_identity(await api.get("/admin", token), scope="read admin")
    assert len(api.introspection_requests) == 4
    expect_identity(await api.get("/r", other), scope="read")
    api.now += 6
    for _ in range(2):
        expect_identity(await api.get("/admin", token), scope="read admin")
    assert len(api.introspection_requests) == 5


@pytest.mark.conformance("SSF-07")
async def test_token_that_the_change_has_made_invalid_is_rejected() -> None:
    """Or that is for another resource by now; during an outage no older claim is used."""
    api = OpaqueEventApi()
    token = api.opaque()
    expect_identity(await api.get("/r", token), scope="read")
    assert (await api.push(api.event(CHANGE, TOKEN))).status == 202
    api.opaque(aud="https://other.example.com")
    expect(await api.get("/r", token), "401 invalid_token")
    api.authority.outage = lambda _: httpx.Response(500)
    expect(await api.get("/r", token), "503")
    api.authority.outage = None
    api.now += 30
    api.opaque_with({"active": False})
    expect(await api.get("/r", token), "401 invalid_token")


@pytest.mark.conformance("SSF-07")
@pytest.mark.parametrize(
    ("subject", "before", "after"),
    [
        (TOKEN, {}, {"jti": "j2"}),
        (TOKEN, {"iat": NOW + 6}, {"jti": "j2"}),  # a token has one time of issue
        (TOKEN, {"jti": None}, {"jti": None, "iat": NOW + 6}),
        (USER, {}, {"iat": NOW + 6}),
        (USER, {"iat": None}, {"iat": NOW + 6}),
        ({"session": session("s1")}, {"sid": "s1"}, {"sid": "s1", "iat": NOW + 6}),
    ],
    ids=str,
)
@pytest.mark.parametrize("introspects", [False, True], ids=["jwt", "introspected too"])
async def test_signed_claims_from_before_the_change_are_rejected(
    subject: object, before: dict[str, Any], after: dict[str, Any], *, introspects: bool
) -> None:
    """Cached ones too, and on a route that introspects: a response need not repeat each claim."""
    api = EventApi({"issuer": {"required_claims": ["exp"]}})
    if introspects:
        api = EventApi({"issuer": {"required_claims": ["exp"], "introspection": _introspection()}})
    api.now += 10
    token = api.token(**{"iat": NOW} | before)
    expect(await api.get("/r", token), "200")
    event = api.event(CHANGE, subject, members={"claims": {"role": "ro-admin"}})
    assert (await api.push(event)).status == 202
    for _ in range(2):
        response = await api.get("/r", token)
        expect(response, "401 invalid_token")
        assert "claims_changed" in response.log
    expect(await api.get("/r", api.token(**after)), "200")


def _introspection() -> IntrospectionIssuer:
    return IntrospectionIssuer(ISSUER, client=ClientSecretBasic("api", "secret"))


@pytest.mark.conformance("SSF-07")
async def test_change_that_is_reported_late_concerns_results_that_were_requested_since() -> None:
    """Their age is measured by the own clock; that of a signed token by the issuer's."""
    api = OpaqueEventApi()
    token = api.opaque()
    api.now += 100
    expect_identity(await api.get("/r", token), scope="read")
    event = api.event(CHANGE, USER, members={"event_timestamp": NOW})
    assert (await api.push(event)).status == 202
    expect_identity(await api.get("/r", token), scope="read")
    assert len(api.introspection_requests) == 2


@pytest.mark.conformance("SSF-07")
async def test_change_of_another_token_has_no_effect() -> None:
    """Nor has a revocation: the cached result stays in use."""
    api = OpaqueEventApi()
    token = api.opaque()
    expect_identity(await api.get("/r", token), scope="read")
    other = {**TOKEN, "jti": "j2"}
    assert (await api.push(api.event(CHANGE, other))).status == 202
    assert (await api.push(api.event("session-revoked", other, jti="e2"))).status == 202
    expect_identity(await api.get("/r", token), scope="read")
    assert len(api.introspection_requests) == 1


@pytest.mark.conformance("SSF-07")
async def test_token_that_is_introspected_on_each_request_is_not_rejected() -> None:
    """Its claims are those of now, whenever it was issued."""
    api = OpaqueEventApi(cached=False)
    token = api.opaque(iat=NOW - 50)
    assert (await api.push(api.event(CHANGE, TOKEN))).status == 202
    expect_identity(await api.get("/r", token), scope="read")
