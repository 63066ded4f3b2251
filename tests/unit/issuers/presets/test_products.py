"""Each preset takes access tokens as its product issues them, and nothing else of that product."""

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
    for claim in product.without
]
_REFUSALS = {Reason.MISSING_CLAIM, Reason.WRONG_CLAIM, Reason.WRONG_CLIENT}


@EACH
async def test_a_token_is_read_as_the_product_means_it(product: Product) -> None:
    """Subject, client, scopes, roles, groups and entitlements are where it writes them."""
    identity = await product.verdict(product.token())
    assert isinstance(identity, Identity)
    nothing = {name: set[str]() for name in ("scopes", "roles", "groups", "entitlements")}
    wanted = {**nothing, **product.identity}
    assert {name: getattr(identity, name) for name in wanted} == wanted


@EACH
async def test_a_client_that_acts_for_itself_is_told_from_a_user(product: Product) -> None:
    """However the product marks it, so that a route for users refuses it."""
    if product is not GOOGLE:
        identity = await product.verdict(product.token())
        assert isinstance(identity, Identity)
        assert identity.kind == "user"
    identity = await product.verdict(product.token(**product.clients))
    assert isinstance(identity, Identity)
    assert identity.kind == "client"


@pytest.mark.parametrize(("product", "claim"), MISSING)
async def test_a_claim_that_every_access_token_has_is_required(
    product: Product, claim: str
) -> None:
    """What lacks it is another kind of token."""
    assert await product.verdict(product.token(**{claim: None})) in _REFUSALS


@EACH
async def test_a_token_of_another_kind_is_refused(product: Product) -> None:
    """By its type, by its marks, or by its audience."""
    odd = product.token(header={"typ": "logout+jwt"})
    assert await product.verdict(odd) == Reason.WRONG_TYPE
    assert await product.verdict(product.token(at_hash="x")) == Reason.WRONG_TYPE
    assert await product.verdict(product.token(aud="https://x")) == Reason.WRONG_AUDIENCE


@EACH
async def test_its_metadata_is_where_the_product_has_it(product: Product) -> None:
    """Asked for there, and nowhere else."""
    local = LocalIssuer(product.issuer)
    local.metadata_url = product.metadata_url
    issuer = product.make(http=local.http, keys=None)
    await issuer.load()
    assert local.requests == [product.metadata_url, local.metadata["jwks_uri"]]


@pytest.mark.parametrize(
    ("product", "header", "changes", "reason"),
    [
        pytest.param(KEYCLOAK, {"typ": "at+jwt"}, {}, None, id="Keycloak, as RFC 9068"),
        pytest.param(KEYCLOAK, {}, {"typ": "Refresh"}, Reason.WRONG_CLAIM, id="Keycloak, refresh"),
        pytest.param(KEYCLOAK, {}, {"typ": "ID"}, Reason.WRONG_TYPE, id="Keycloak, ID token"),
        pytest.param(
            AUTH0,
            {"typ": "at+jwt"},
            {"azp": None, "client_id": "c1"},
            None,
            id="Auth0, as RFC 9068",
        ),
        pytest.param(AUTH0, {}, {"sub": "auth0|x@clients"}, None, id="Auth0, a sly user"),
        pytest.param(ENTRA, {}, {"tid": "x"}, Reason.WRONG_CLAIM, id="Entra, another tenant"),
        pytest.param(ENTRA, {}, {"ver": "1.0"}, Reason.WRONG_CLAIM, id="Entra, another version"),
        pytest.param(OKTA, {"typ": "JWT"}, {}, None, id="Okta, typed"),
        pytest.param(
            OKTA, {"typ": "application/okta-internal-at+jwt"}, {}, None, id="Okta, its own"
        ),
        pytest.param(OKTA, {}, {"scp": "read"}, None, id="Okta, a string"),
        pytest.param(
            COGNITO, {}, {"client_id": "c9"}, Reason.WRONG_CLIENT, id="Cognito, a stranger"
        ),
        pytest.param(COGNITO, {}, {"aud": API}, None, id="Cognito, bound to a resource"),
        pytest.param(COGNITO, {}, {"token_use": "id"}, Reason.WRONG_TYPE, id="Cognito, ID token"),
        pytest.param(GOOGLE, {}, {"sub": "1078"}, Reason.WRONG_CLIENT, id="Google, a stranger"),
    ],
)
async def test_what_a_product_issues_in_other_ways(
    product: Product, header: dict[str, Any], changes: dict[str, Any], reason: Reason | None
) -> None:
    """Taken if it is an access token for us, and refused if not."""
    verdict = await product.verdict(product.token(header=header, **changes))
    if reason is None:
        assert isinstance(verdict, Identity)
    else:
        assert verdict == reason


async def test_roles_of_one_client_can_be_taken_from_keycloak() -> None:
    """Then those of the realm are not, since the names of both could meet."""
    identity = await KEYCLOAK.verdict(KEYCLOAK.token(), roles_of="api")
    assert isinstance(identity, Identity)
    assert identity.roles == {"editor"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: keycloak("sso.example.com"), "issuer must be an absolute https URL"),
        (
            lambda: auth0("https://acme.auth0.com/"),
            'domain must be a host name like "acme.eu.auth0.com"',
        ),
        (lambda: okta("https://acme.okta.com", audience="x"), "a custom authorization server"),
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
def test_a_wrong_configuration_says_what_to_write_instead(
    make: Callable[[], object], told: str
) -> None:
    """It fails while building."""
    with pytest.raises(ConfigurationError, match=told):
        make()


@pytest.mark.parametrize("pool", ["us-gov-west-1_Ab1", "ap-southeast-2_Ab1", "mx-central-1_Ab1"])
def test_a_user_pool_names_its_region(pool: str) -> None:
    """Wherever it is."""
    region = pool.partition("_")[0]
    issuer = cognito(pool, client_ids=["c1"]).issuer
    assert issuer == f"https://cognito-idp.{region}.amazonaws.com/{pool}"


async def test_a_preset_finds_nobody_at_an_address_that_is_down() -> None:
    """It is an issuer like any other."""
    local = LocalIssuer(OKTA.issuer)
    with pytest.raises(IssuerUnavailable):
        await OKTA.make(http=local.http, keys=None).load()
