"""A route may ask the authorization server now, past every memory; the answer is judged."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from oauth_guard.errors import Reason
from tests.acceptance.standards.api import NOW
from tests.acceptance.standards.outcome import expect
from tests.builders.introspecting_api import PATHS, IntrospectingApi


@pytest.mark.parametrize("path", PATHS)
async def test_each_request_asks(kind: str, path: str) -> None:
    """Three requests are three questions, though the token is known."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    for _ in range(3):
        before = api.introspections
        assert (await api.request(token)).status == 200
        assert api.introspections == before + 1


@pytest.mark.parametrize("path", PATHS)
async def test_a_revoked_token_is_refused_at_once(kind: str, path: str) -> None:
    """With the challenge of any bad token; elsewhere it is good as long as it is remembered."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    api.authority.revoke(token)
    if path != "/middleware":  # which asks about each request
        assert (await api.get("/r", token)).status == 200
    answer = await api.request(token)
    expect(answer, "401 invalid_token")
    assert answer.challenges == (await api.get("/r", "unknown")).challenges
    assert f"rejected with 401: {Reason.INACTIVE}" in answer.log


@pytest.mark.parametrize(("kind_of", "status"), [("jwt", 200), ("opaque", 401)])
async def test_what_is_learnt_is_remembered_where_answers_are(kind_of: str, status: int) -> None:
    """Other routes know it too; a signature goes on to be enough for them."""
    api = IntrospectingApi(kind_of)
    token = await api.cached_token()
    api.authority.revoke(token)
    await api.request(token)
    before = api.introspections
    assert (await api.get("/r", token)).status == status
    assert api.introspections == before


@pytest.mark.parametrize(
    ("said", "outcome", "reason"),
    [
        ({"active": "true"}, "401 invalid_token", Reason.UNCLEAR_ACTIVE),
        ({"iss": "https://other.example.com"}, "401 invalid_token", Reason.UNKNOWN_ISSUER),
        ({"aud": "https://other.example.com"}, "401 invalid_token", Reason.WRONG_AUDIENCE),
        ({"exp": NOW}, "401 invalid_token", Reason.EXPIRED),
        ({"nbf": NOW + 1}, "401 invalid_token", Reason.NOT_YET_VALID),
        ({"iat": NOW + 3600}, "401 invalid_token", Reason.ISSUED_IN_FUTURE),
        ({"cnf": {"jkt": "thumbprint"}}, "401 invalid_token", Reason.BOUND_TOKEN),
        ({"token_type": "refresh_token"}, "401 invalid_token", Reason.WRONG_TYPE),
        ({"sub": "u2"}, "401 invalid_token", Reason.ANOTHER_CALLER),
        ({"client_id": "c2"}, "401 invalid_token", Reason.ANOTHER_CALLER),
        ({"scope": "write"}, "403 insufficient_scope", Reason.INSUFFICIENT_SCOPE),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/starlette", "/fastapi/it", "/middleware"])
async def test_the_answer_is_judged_like_any_token(
    kind: str, path: str, said: Mapping[str, Any], outcome: str, reason: Reason
) -> None:
    """For whom, when, with whose key, for what, and still of the same caller."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    api.set_introspection(token, **said)
    answer = await api.request(token)
    expect(answer, outcome)
    assert f": {reason}\n" in answer.log


async def test_an_answer_may_say_less_than_a_signed_token() -> None:
    """What it does not say is as it was signed."""
    api = IntrospectingApi("jwt")
    token = await api.cached_token()
    api.authority.introspection.responses[token] = {"active": True}
    assert (await api.request(token)).status == 200


async def test_an_opaque_token_that_lost_its_subject_is_not_that_caller_s() -> None:
    """Nothing else tells who that is."""
    api = IntrospectingApi("opaque")
    token = await api.cached_token()
    api.set_introspection(token, sub=None)
    expect(await api.request(token), "401 invalid_token")


@pytest.mark.parametrize("path", PATHS)
async def test_an_issuer_that_is_down_is_an_outage(kind: str, path: str) -> None:
    """The client did nothing wrong: no challenge, and when to come back."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    api.authority.outage = lambda _: httpx.Response(500)
    answer = await api.request(token)
    assert answer.status == 503
    assert answer.lines("retry-after") == ["1"]
    assert not answer.challenges
    assert "WARNING oauth_guard" in answer.log


@pytest.mark.parametrize("path", PATHS)
async def test_who_may_not_pass_anyway_costs_no_question(path: str) -> None:
    """Nobody is asked about a token that grants too little, nor about none."""
    api = IntrospectingApi("jwt", path)
    expect(await api.request(api.token(scope="write")), "403 insufficient_scope")
    expect(await api.request(None), "401 none")
    assert api.introspections == 0
