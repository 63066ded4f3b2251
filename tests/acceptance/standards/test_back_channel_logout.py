"""OpenID Connect Back-Channel Logout 1.0: section 29 of the matrix."""

from typing import Any
from urllib.parse import urlencode

import pytest

from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import NOW
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers
from tests.builders.logout_api import CLIENT, EVENT, LogoutApi

JSON: Headers = ((b"content-type", b"application/json"),)
EVENT_URI = next(iter(EVENT))


@pytest.mark.conformance("BCL-01")
async def test_logout_token_is_accepted_in_one_form_parameter_only() -> None:
    """No access token is needed, and no response may be cached."""
    api = LogoutApi()
    token = api.logout_token()
    form = urlencode({"logout_token": token}).encode()
    responses = {
        200: [await api.send_logout(form)],
        405: [await api.send_logout(b"", (), "GET")],
        400: [
            await api.send_logout(form, JSON),
            await api.send_logout(form, ()),
            await api.send_logout(form + b"&" + form),
            await api.send_logout(b"token=" + token.encode()),
            await api.send_logout(b"logout_token=\xff"),
            await api.send_logout(b"logout_token=" + b"x" * 70_000),
            await api.send_logout(form + b"&a=b" * 200),
        ],
    }
    for status, each in responses.items():
        assert [response.status for response in each] == [status] * len(each)
        assert all(response.lines("cache-control") == ["no-store"] for response in each)
    assert responses[405][0].lines("allow") == ["POST"]
    assert responses[400][0].body == b'{"error":"invalid_request"}'


BROKEN: dict[str, dict[str, Any]] = {
    "another key": {"key": SigningKey("k1")},
    "another algorithm": {"key": SigningKey("k1", "ES384")},
    "another issuer": {"iss": "https://other.example.com"},
    "no issuer": {"iss": None},
    "another client": {"aud": "other"},
    "other clients": {"aud": ["other", 5]},
    "no audience": {"aud": None},
    "no iat": {"iat": None},
    "iat in the future": {"iat": NOW + 60},
    "iat of another type": {"iat": "now"},
    "iat that is no number": {"iat": True},
    "no exp": {"exp": None},
    "expired": {"iat": NOW - 120, "exp": NOW - 5},
    "issued for more than a day": {"exp": NOW + 90_000},
    "no jti": {"jti": None},
    "empty jti": {"jti": ""},
    "jti of another type": {"jti": 5},
}


@pytest.mark.conformance("BCL-02")
@pytest.mark.parametrize("changes", BROKEN.values(), ids=list(BROKEN))
async def test_invalid_logout_token_revokes_nothing(changes: dict[str, Any]) -> None:
    """The reason is logged, and neither sent nor accompanied by a value."""
    api = LogoutApi()
    response = await api.log_out(api.logout_token(**changes))
    assert (response.status, response.body) == (400, b'{"error":"invalid_request"}')
    assert "a logout token was rejected" in response.log
    expect(await api.get("/r", api.token(sid="s1")), "200")


@pytest.mark.conformance("BCL-03")
@pytest.mark.parametrize(
    "changes",
    [
        {"sid": None},
        {"sid": ""},
        {"sid": 5},
        {"sub": " "},
        {"events": [EVENT_URI]},
        {"events": {}},
        {"events": {EVENT_URI: None}},
        {"events": None},
        {"nonce": "n"},
    ],
    ids=str,
)
async def test_logout_token_of_another_form_is_rejected(changes: dict[str, Any]) -> None:
    """It names a subject or a session, has the event, and has no nonce."""
    api = LogoutApi()
    assert (await api.log_out(api.logout_token(**changes))).status == 400
    expect(await api.get("/r", api.token(sid="s1")), "200")


@pytest.mark.conformance("BCL-04")
async def test_tokens_of_the_session_are_rejected_from_then_on() -> None:
    """Cached ones too; those of another session are not affected."""
    api = LogoutApi()
    first, second = api.token(sid="s1"), api.token(sid="s2")
    for token in (first, second, first, second):
        expect(await api.get("/r", token), "200")
    assert (await api.log_out(api.logout_token(sub="u1", aud=["x", CLIENT]))).status == 200
    expect(await api.get("/r", first), "401 invalid_token")
    expect(await api.get("/r", second), "200")


@pytest.mark.conformance("BCL-04")
@pytest.mark.parametrize(
    ("settings", "session"), [({}, None), ({"revoke_subject": True}, "s9")], ids=["sub", "both"]
)
async def test_tokens_of_the_subject_are_rejected_if_issued_before(
    settings: dict[str, Any], session: str | None
) -> None:
    """A later login of the same subject, and the subject of that name elsewhere, is accepted."""
    api = LogoutApi(**settings)
    before = api.token()
    assert (await api.log_out(api.logout_token(sub="u1", sid=session))).status == 200
    expect(await api.get("/r", before), "401 invalid_token")
    api.now += 10
    expect(await api.get("/r", api.token(iat=NOW + 6)), "200")
    expect(await api.get("/r", api.token(sub="u2")), "200")


@pytest.mark.conformance("BCL-05")
async def test_other_tokens_and_replays_are_rejected() -> None:
    """An ID token has a nonce and no event; `typ`, if present, is `logout+jwt`."""
    api = LogoutApi()
    id_token = api.logout_token(header={"typ": "JWT"}, events=None, nonce="n")
    for token in (id_token, api.logout_token(header={"typ": "JWT"}), api.token(), "x", "a.b.c"):
        assert (await api.log_out(token)).status == 400
    typed, untyped = api.logout_token(), api.logout_token(jti="l2", header={"typ": ""})
    responses = [await api.log_out(token) for token in (typed, typed, untyped)]
    assert [response.status for response in responses] == [200, 400, 200]
    assert "replayed_logout" in responses[1].log
