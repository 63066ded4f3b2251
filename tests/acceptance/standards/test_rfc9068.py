"""RFC 9068, JWT access tokens: section 14 of the conformance matrix."""

import inspect
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import RESOURCE, Api, bearer, handler
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import body, http, run


@pytest.mark.conformance("9068-01")
@pytest.mark.parametrize(
    ("typ", "outcome"),
    [
        ("at+jwt", "200"),
        ("application/at+jwt", "200"),
        ("at+JWT", "200"),
        (None, "401 invalid_token"),
        ("JWT", "401 invalid_token"),
        ("at+jwtx", "401 invalid_token"),
    ],
)
async def test_typ_must_be_an_access_token(api: Api, typ: str | None, outcome: str) -> None:
    """`typ` is compared as a media type."""
    expect(await api.get(token=api.token(header={"typ": typ})), outcome)


@pytest.mark.conformance("9068-02")
@pytest.mark.parametrize(
    "issuer", ["https://as.example.com/", "http://as.example.com", "https://evil.example"]
)
async def test_issuer_must_match_exactly(api: Api, issuer: str) -> None:
    """A token of any other issuer causes no request."""
    expect(await api.get(token=api.token(iss=issuer)), "401 invalid_token")
    assert api.authority.requests == []


@pytest.mark.conformance("9068-03")
@pytest.mark.parametrize(
    ("resource", "outcome"), [("a", "401 invalid_token"), ("b", "200")], ids=["another", "its own"]
)
async def test_audience_must_be_the_resource_of_the_route(
    api: Api, resource: str, outcome: str
) -> None:
    """One application may hold several resources."""
    guards = {
        prefix: Guard(f"{RESOURCE}{prefix}", [api.jwt_issuer()], clock=lambda: api.now)
        for prefix in ("/a", "/b", "/")
    }
    app = Starlette(routes=[Mount("/b", routes=[Route("/r", handler)])])
    request = http("GET", "/b/r", bearer(api.token(aud=f"{RESOURCE}/{resource}")))
    expect(await run(OAuthGuardMiddleware(app, guards), request, body()), outcome)


@pytest.mark.conformance("9068-04")
async def test_key_of_another_party_with_the_same_kid_is_rejected(api: Api) -> None:
    """The `kid` does not make it the issuer's key."""
    expect(await api.get(token=api.token(key=SigningKey("k1"))), "401 invalid_token")


@pytest.mark.conformance("9068-05")
@pytest.mark.parametrize("claim", ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])
async def test_token_without_a_required_claim_is_rejected(api: Api, claim: str) -> None:
    """RFC 9068 requires seven claims."""
    changes: dict[str, Any] = {claim: None}
    expect(await api.get(token=api.token(**changes)), "401 invalid_token")


@pytest.mark.conformance("9068-06")
async def test_encryption_can_not_be_configured(api: Api) -> None:
    """No option enables decryption, and an unencrypted token is accepted."""
    options = inspect.signature(JWTIssuer).parameters
    assert not [name for name in options if "crypt" in name]
    with pytest.raises(ConfigurationError, match="encryption_required= is no setting"):
        api.jwt_issuer(encryption_required=True)
    expect(await api.get(token=api.token()), "200")
    expect(await api.get(token=f"{api.token()}.AAAA.AAAA"), "401 invalid_token")


@pytest.mark.conformance("9068-07")
@pytest.mark.parametrize(
    ("method", "target", "scope", "outcome"),
    [
        ("GET", "/r", ["read", "write"], "401 invalid_token"),
        ("POST", "/w", None, "403 insufficient_scope"),
        ("GET", "/r", None, "200"),
    ],
    ids=["list", "none where one is required", "none where none is required"],
)
async def test_scope_must_be_one_string(
    api: Api, method: str, target: str, scope: object, outcome: str
) -> None:
    """A list is malformed; a token without `scope` grants none."""
    expect(await api.send(method, target, bearer(api.token(scope=scope))), outcome)


@pytest.mark.conformance("9068-08")
@pytest.mark.parametrize("claim", ["roles", "groups", "entitlements"])
@pytest.mark.parametrize(
    ("presented", "outcome"),
    [
        (["ops"], "200"),
        (["devops"], "403 insufficient_scope"),
        ("ops", "200"),
        ("devops ops", "403 insufficient_scope"),
        ([{"value": "ops", "display": "Operations"}], "200"),
        ([{"value": "devops", "display": "ops"}], "403 insufficient_scope"),
        ([{"name": "ops"}, 7], "200"),
        ({"ops": True}, "403 insufficient_scope"),
        (7, "403 insufficient_scope"),
    ],
    ids=str,
)
async def test_authorization_claims_must_match_exactly(
    claim: str, presented: Any, outcome: str
) -> None:
    """A form that can't be read grants nothing, and is logged once."""
    required: dict[str, Any] = {claim: ["ops"]}
    api = Api(routes=[Route("/ops", requires(**required)(handler))])
    claims: dict[str, Any] = {claim: presented}
    response = await api.get("/ops", api.token(**claims))
    expect(response, outcome)
    unread = presented == 7 or isinstance(presented, dict) or (7 in list(presented))
    assert ("a token was accepted without a part of it" in response.log) is unread
