"""Presets of products: documented access tokens are accepted, other tokens are rejected."""

from collections.abc import Callable
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Identity
from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.issuers.presets.products import auth0, cognito, google, keycloak, okta
from oauth_guard.testing import LocalIssuer
from tests.unit.issuers.presets.documented_tokens import (
    API,
    AUTH0,
    COGNITO,
    ENTRA,
    GOOGLE,
    KEYCLOAK,
    OKTA,
    PRODUCTS,
    Product,
)

EACH = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
MISSING = [
    pytest.param(product, claim, id=f"{name} without {claim}")
    for name, product in PRODUCTS.items()
    for claim in product.required
]
_REFUSALS = {Reason.MISSING_CLAIM, Reason.WRONG_CLAIM, Reason.WRONG_CLIENT}


@EACH
async def test_documented_token_gives_the_expected_identity(product: Product) -> None:
    """Subject, client, scopes, roles, groups and entitlements are compared."""
    identity = await product.verdict(product.token())
    assert isinstance(identity, Identity)
    empty = {name: set[str]() for name in ("scopes", "roles", "groups", "entitlements")}
    expected = {**empty, **product.identity}
    assert {name: getattr(identity, name) for name in expected} == expected


@EACH
async def test_client_token_gives_an_identity_of_kind_client(product: Product) -> None:
    """A user's token gives kind `user`, except at Google, which has none."""
    if product is not GOOGLE:
        identity = await product.verdict(product.token())
        assert isinstance(identity, Identity)
        assert identity.kind == "user"
    identity = await product.verdict(product.token(**product.client_claims))
    assert isinstance(identity, Identity)
    assert identity.kind == "client"


@pytest.mark.parametrize(("product", "claim"), MISSING)
async def test_token_without_a_required_claim_is_rejected(product: Product, claim: str) -> None:
    """It is a token of another kind."""
    assert await product.verdict(product.token(**{claim: None})) in _REFUSALS


@EACH
async def test_token_with_another_type_or_audience_is_rejected(product: Product) -> None:
    """So are a logout token and an ID token."""
    other = product.token(header={"typ": "logout+jwt"})
    assert await product.verdict(other) == Reason.WRONG_TYPE
    assert await product.verdict(product.token(at_hash="x")) == Reason.WRONG_TYPE
    assert await product.verdict(product.token(aud="https://x")) == Reason.WRONG_AUDIENCE


@EACH
async def test_metadata_is_requested_at_the_documented_url_only(product: Product) -> None:
    """Then the keys are fetched."""
    local = LocalIssuer(product.issuer)
    local.metadata_url = product.metadata_url
    issuer = product.make(http=local.http, keys=None)
    await issuer.load()
    assert local.requests == [product.metadata_url, local.metadata["jwks_uri"]]


@pytest.mark.parametrize(
    ("product", "header", "changes", "reason"),
    [
        pytest.param(KEYCLOAK, {"typ": "at+jwt"}, {}, None, id="Keycloak, RFC 9068"),
        pytest.param(KEYCLOAK, {}, {"typ": "Refresh"}, Reason.WRONG_TYPE, id="Keycloak, refresh"),
        pytest.param(KEYCLOAK, {}, {"typ": "ID"}, Reason.WRONG_TYPE, id="Keycloak, ID token"),
        pytest.param(
            AUTH0,
            {"typ": "at+jwt"},
            {"azp": None, "client_id": "c1"},
            None,
            id="Auth0, RFC 9068",
        ),
        pytest.param(
            AUTH0, {}, {"sub": "auth0|x@clients"}, None, id="Auth0, user name like a client"
        ),
        pytest.param(ENTRA, {}, {"tid": "x"}, Reason.WRONG_CLAIM, id="Entra, another tenant"),
        pytest.param(ENTRA, {}, {"ver": "1.0"}, Reason.WRONG_CLAIM, id="Entra, another version"),
        pytest.param(OKTA, {"typ": "JWT"}, {}, None, id="Okta, type JWT"),
        pytest.param(
            OKTA, {"typ": "application/okta-internal-at+jwt"}, {}, None, id="Okta, its own type"
        ),
        pytest.param(OKTA, {}, {"scp": "read"}, None, id="Okta, scp a string"),
        pytest.param(
            COGNITO, {}, {"client_id": "c9"}, Reason.WRONG_CLIENT, id="Cognito, another client"
        ),
        pytest.param(COGNITO, {}, {"aud": API}, None, id="Cognito, bound to a resource"),
        pytest.param(COGNITO, {}, {"token_use": "id"}, Reason.WRONG_TYPE, id="Cognito, ID token"),
        pytest.param(
            GOOGLE, {}, {"sub": "1078"}, Reason.WRONG_CLIENT, id="Google, another account"
        ),
    ],
)
async def test_documented_variant_is_accepted_if_it_is_an_access_token_for_this_api(
    product: Product, header: dict[str, Any], changes: dict[str, Any], reason: Reason | None
) -> None:
    """Refresh, ID and foreign tokens are rejected."""
    verdict = await product.verdict(product.token(header=header, **changes))
    if reason is None:
        assert isinstance(verdict, Identity)
    else:
        assert verdict == reason


async def test_keycloak_roles_of_one_client_replace_the_realm_roles() -> None:
    """Two roles of the same name could have different meanings."""
    identity = await KEYCLOAK.verdict(KEYCLOAK.token(), roles_of="api")
    assert isinstance(identity, Identity)
    assert identity.roles == {"editor"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: keycloak("sso.example.com"), "issuer must be an absolute https URL"),
        (
            lambda: auth0("https://acme.auth0.com/"),
            'domain must be a host name like "acme.eu.auth0.com"',
        ),
        (lambda: okta("https://acme.okta.com", audience="x"), "a custom authorization server"),
        (lambda: keycloak("https://sso.example.com"), "the URL of a realm"),
        (lambda: keycloak("https://sso.example.com/realms"), "the URL of a realm"),
        (lambda: keycloak("https://sso.example.com/realms/"), "the URL of a realm"),
        (lambda: keycloak("https://sso.example.com/realms/a/"), "without a slash at its end"),
        (lambda: keycloak("https://sso.example.com/admin/a/console"), "the URL of a realm"),
        (
            lambda: keycloak("https://sso.example.com/realms/a/protocol/openid-connect/certs"),
            "the URL of a realm",
        ),
        (
            lambda: keycloak("https://sso.example.com/realms/a/.well-known/openid-configuration"),
            "the URL of a realm",
        ),
        (lambda: okta("https://acme.okta.com/oauth2/"), "a custom authorization server"),
        (lambda: okta("https://acme.okta.com/oauth2/default/"), "a custom authorization server"),
        (lambda: okta("https://acme.okta.com/oauth2/a/v1/keys"), "a custom authorization server"),
        (lambda: okta("acme.okta.com/oauth2/default"), "issuer must be an absolute https URL"),
        (lambda: cognito("a1B2", client_ids=["c1"]), "user_pool_id must be like"),
        (lambda: cognito("eu-west-1_a1B2", client_ids=[]), "clients= is empty"),
        (google, "Anyone can create a service account"),
        (
            lambda: google(clients=["1"], audience="9.apps.googleusercontent.com"),
            "audience= must be this API",
        ),
        (
            lambda: google(clients=["1"], audience=[API, "9.apps.googleusercontent.com"]),
            "audience= must be this API",
        ),
    ],
)
def test_invalid_setting_says_what_to_write_instead(
    make: Callable[[], object], message: str
) -> None:
    """The error is raised when the preset is called."""
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize("pool", ["us-gov-west-1_Ab1", "ap-southeast-2_Ab1", "mx-central-1_Ab1"])
def test_cognito_issuer_url_has_the_region_of_the_user_pool(pool: str) -> None:
    """Regions have two or more words."""
    region = pool.partition("_")[0]
    issuer = cognito(pool, client_ids=["c1"]).issuer
    assert issuer == f"https://cognito-idp.{region}.amazonaws.com/{pool}"


async def test_unreachable_product_is_an_outage() -> None:
    """As with any other issuer."""
    local = LocalIssuer(OKTA.issuer)
    with pytest.raises(IssuerUnavailable):
        await OKTA.make(http=local.http, keys=None).load()
