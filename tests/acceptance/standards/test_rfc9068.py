"""RFC 9068, JWT access tokens: section 14 of the conformance matrix."""

import inspect
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.answer import body, http, run
from tests.acceptance.standards.api import RESOURCE, Api, bearer, handler
from tests.acceptance.standards.outcome import expect


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
async def test_the_type_is_an_access_token(api: Api, typ: str | None, outcome: str) -> None:
    """`typ` is compared as a media type, and nothing else is an access token."""
    expect(await api.get(token=api.token(header={"typ": typ})), outcome)


@pytest.mark.conformance("9068-02")
@pytest.mark.parametrize(
    "issuer", ["https://as.example.com/", "http://as.example.com", "https://evil.example"]
)
async def test_the_issuer_is_ours_character_by_character(api: Api, issuer: str) -> None:
    """A name that is not exactly a configured one is unknown, and nobody is asked."""
    expect(await api.get(token=api.token(iss=issuer)), "401 invalid_token")
    assert api.authority.requests == []


@pytest.mark.conformance("9068-03")
@pytest.mark.parametrize(
    ("resource", "outcome"), [("a", "401 invalid_token"), ("b", "200")], ids=["another", "its own"]
)
async def test_the_audience_is_the_resource_of_the_route(
    api: Api, resource: str, outcome: str
) -> None:
    """A token for one resource is no token for another in the same application."""
    guards = {
        prefix: Guard(f"{RESOURCE}{prefix}", [api.jwt_issuer()], clock=lambda: api.now)
        for prefix in ("/a", "/b", "/")
    }
    app = Starlette(routes=[Mount("/b", routes=[Route("/r", handler)])])
    request = http("GET", "/b/r", bearer(api.token(aud=f"{RESOURCE}/{resource}")))
    expect(await run(OAuthGuardMiddleware(app, guards), request, body()), outcome)


@pytest.mark.conformance("9068-04")
async def test_only_keys_of_the_issuer_verify(api: Api) -> None:
    """Another key that goes by the name of one of the issuer's is not the issuer's."""
    expect(await api.get(token=api.token(key=SigningKey("k1"))), "401 invalid_token")


@pytest.mark.conformance("9068-05")
@pytest.mark.parametrize("claim", ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])
async def test_each_claim_of_an_access_token_must_be_there(api: Api, claim: str) -> None:
    """A token without any one of the seven is none."""
    changes: dict[str, Any] = {claim: None}
    expect(await api.get(token=api.token(**changes)), "401 invalid_token")


@pytest.mark.conformance("9068-06")
async def test_encryption_can_not_be_agreed(api: Api) -> None:
    """The door is closed: nothing is decrypted, no option says so, and a plain token is good."""
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
    ids=["list", "none where one is asked", "none where none is asked"],
)
async def test_scope_is_one_string(
    api: Api, method: str, target: str, scope: object, outcome: str
) -> None:
    """A list is malformed; a token without `scope` grants none."""
    expect(await api.send(method, target, bearer(api.token(scope=scope))), outcome)


@pytest.mark.conformance("9068-08")
@pytest.mark.parametrize("claim", ["roles", "groups", "entitlements"])
@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (["ops"], "200"),
        (["devops"], "403 insufficient_scope"),
        ("ops", "401 invalid_token"),
    ],
    ids=str,
)
async def test_authorization_claims_are_matched_whole(
    claim: str, held: object, outcome: str
) -> None:
    """A policy asks for exact members of a list; anything but a list of strings is malformed."""
    asked: dict[str, Any] = {claim: ["ops"]}
    api = Api(routes=[Route("/ops", requires(**asked)(handler))])
    claims: dict[str, Any] = {claim: held}
    expect(await api.get("/ops", api.token(**claims)), outcome)
