"""introspect=True: each request introspects its token, and the result is checked."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from oauth_guard.errors import Reason
from tests.acceptance.standards.api import NOW
from tests.acceptance.standards.outcome import expect
from tests.builders.introspecting_api import PATHS, IntrospectingApi


@pytest.mark.parametrize("path", PATHS)
async def test_each_request_introspects(kind: str, path: str) -> None:
    """Three requests cause three introspections, though the token is cached."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    for _ in range(3):
        before = api.introspections
        assert (await api.request(token)).status == 200
        assert api.introspections == before + 1


@pytest.mark.parametrize("path", PATHS)
async def test_revoked_token_is_rejected_immediately(kind: str, path: str) -> None:
    """With the challenge of any invalid token; other routes accept it while it is cached."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    api.authority.revoke(token)
    if path != "/middleware":  # which introspects on each request
        assert (await api.get("/r", token)).status == 200
    response = await api.request(token)
    expect(response, "401 invalid_token")
    assert response.challenges == (await api.get("/r", "unknown")).challenges
    assert f"rejected with 401: {Reason.INACTIVE}" in response.log


@pytest.mark.parametrize(("kind_of", "status"), [("jwt", 200), ("opaque", 401)])
async def test_introspection_result_is_cached_for_other_routes(kind_of: str, status: int) -> None:
    """For an opaque token; for a JWT the signature suffices there."""
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
        ({"active": "true"}, "503", Reason.UNCLEAR_ACTIVE),
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
async def test_introspection_result_is_checked_like_any_token(
    kind: str, path: str, said: Mapping[str, Any], outcome: str, reason: Reason
) -> None:
    """Audience, times, binding, scope, and that the caller is the same."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    api.set_introspection(token, **said)
    response = await api.request(token)
    expect(response, outcome)
    assert f": {reason}\n" in response.log


async def test_introspection_result_may_have_fewer_claims_than_the_jwt() -> None:
    """The others are those of the JWT."""
    api = IntrospectingApi("jwt")
    token = await api.cached_token()
    api.authority.introspection.responses[token] = {"active": True}
    assert (await api.request(token)).status == 200


async def test_opaque_token_without_its_former_subject_is_rejected() -> None:
    """Nothing else identifies the caller."""
    api = IntrospectingApi("opaque")
    token = await api.cached_token()
    api.set_introspection(token, sub=None)
    expect(await api.request(token), "401 invalid_token")


@pytest.mark.parametrize("path", PATHS)
async def test_issuer_that_is_down_is_an_outage(kind: str, path: str) -> None:
    """No challenge, but a time to retry."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token()
    api.authority.outage = lambda _: httpx.Response(500)
    response = await api.request(token)
    assert response.status == 503
    assert response.lines("retry-after") == ["5"]
    assert not response.challenges
    assert "WARNING oauth_guard" in response.log


@pytest.mark.parametrize("path", PATHS)
async def test_request_without_the_scope_causes_no_introspection(path: str) -> None:
    """Nor does one without a token."""
    api = IntrospectingApi("jwt", path)
    expect(await api.request(api.token(scope="write")), "403 insufficient_scope")
    expect(await api.request(None), "401 none")
    assert api.introspections == 0
