"""Presets of Entra ID: one tenant by its ID, and any tenant with shared keys."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.issuers.presets.entra import EntraCloud, entra, entra_any_tenant
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.unit.issuers.presets.documented_tokens import ENTRA, TENANT, Product
from tests.unit.issuers.threads import Threads

OTHER = "82229342-1101-4ab6-817b-70c0747630f3"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
KEYS = "https://login.microsoftonline.com/common/discovery/v2.0/keys"
UNTYPED: Callable[..., object] = entra  # without types, as an untyped caller uses it
UNTYPED_ANY: Callable[..., object] = entra_any_tenant


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: entra("common", audience="x"), "tenant must be a tenant ID"),
        (lambda: entra("acme.onmicrosoft.com", audience="x"), "tenant must be a tenant ID"),
        (lambda: entra(TENANT.upper(), audience="x"), "in lower case"),
        (lambda: entra(f"{TENANT}\n", audience="x"), "write entra_any_tenant"),
        (lambda: entra(TENANT), "audience= is required: the client ID of the API"),
        (lambda: UNTYPED(TENANT, audience="x", version="3.0"), 'version= must be "2.0" or "1.0"'),
        (
            lambda: UNTYPED(TENANT, audience="x", cloud="germany"),
            "cloud= takes 'public' or 'us gov",
        ),
        (lambda: EntraCloud("https://login.example.com", "sts.example.com"), "without https://"),
        (lambda: EntraCloud("login.example.com", "sts.example.com/"), "without a path"),
        (lambda: EntraCloud("login.example.com\n", "sts.example.com"), "takes host names"),
        (lambda: UNTYPED_ANY(audience="x", cloud="germany"), "cloud= takes 'public' or 'us gov"),
        (lambda: UNTYPED_ANY(audience="x", version="3.0"), 'version= must be "2.0" or "1.0"'),
        (entra_any_tenant, "audience= is required: the client ID of the API"),
        (lambda: entra_any_tenant(audience="x", leeway=-1), "leeway= is in seconds"),
        (lambda: entra_any_tenant(audience="x", jwks_uri=KEYS), "jwks_uri= is for a single tenant"),
        (lambda: entra_any_tenant(audience="x", keys={"keys": []}), "keys= is for a single tenant"),
    ],
)
def test_invalid_setting_says_what_to_write_instead(
    make: Callable[[], object], message: str
) -> None:
    """The error is raised when the preset is called."""
    with pytest.raises(ConfigurationError, match=message):
        make()


class AnyTenantHarness:
    """A router that trusts any tenant, and the key set that Entra ID publishes.

    Attributes:
        fetched: The URLs requested, in order.
        keys: The member `keys` of the key set.
    """

    def __init__(self, **settings: Any) -> None:
        self.fetched: list[str] = []
        self.shared = SigningKey("any", "RS256")
        self.personal = SigningKey("personal", "RS256")
        self.keys: Any = [
            {**self.shared.jwk, "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
            {**self.personal.jwk, "issuer": _issuer_of(PERSONAL)},
            "no key",
        ]
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.respond))
        self.router = IssuerRouter([entra_any_tenant(audience="6e74172b", http=http, **settings)])

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Send the key set."""
        self.fetched.append(str(request.url))
        return httpx.Response(200, json={"keys": self.keys})

    async def verdict(self, tenant: str, key: SigningKey | None = None, **changes: Any) -> str:
        """Return the issuer of a token of *tenant*, or the reason why it is rejected."""
        product: Product = ENTRA._replace(issuer=_issuer_of(tenant))
        local = LocalIssuer(product.issuer, key=key or self.shared)
        claims = {**product.claims, "tid": tenant, "client_id": None, "jti": None, **changes}
        token = local.token(header=product.header, **claims)
        try:
            access_token = (await self.router.validate(RawToken(token))).token
            access_token.check_claims("https://api.example.com", local.claims()["iat"])
        except (InvalidToken, IssuerUnavailable) as error:
            return error.reason
        return access_token.issuer


def _issuer_of(tenant: str) -> str:
    return f"https://login.microsoftonline.com/{tenant}/v2.0"


async def test_tokens_of_two_tenants_are_accepted_with_one_fetch_of_the_keys() -> None:
    """The tenants share the keys."""
    harness = AnyTenantHarness()
    assert await harness.verdict(TENANT) == _issuer_of(TENANT)
    assert await harness.verdict(OTHER) == _issuer_of(OTHER)
    assert harness.fetched == [KEYS]
    await harness.router.aclose()


async def test_signatures_of_all_tenants_are_verified_in_the_executor() -> None:
    """They are verified by the shared key set."""
    with Threads() as threads:
        harness = AnyTenantHarness(executor=threads)
        assert await harness.verdict(TENANT) == _issuer_of(TENANT)
        assert await harness.verdict(OTHER) == _issuer_of(OTHER)
        assert threads.done == ["checks_0"] * 2
        await harness.router.aclose()


async def test_token_whose_tid_is_not_the_tenant_of_its_issuer_is_rejected() -> None:
    """Therefore the application can rely on `tid`."""
    assert await AnyTenantHarness().verdict(TENANT, tid=OTHER) == Reason.WRONG_CLAIM


async def test_key_of_one_tenant_is_not_used_for_another() -> None:
    """Nor for its own: personal accounts are rejected with any key."""
    harness = AnyTenantHarness()
    assert await harness.verdict(TENANT, harness.personal) == Reason.UNKNOWN_KEY
    assert await harness.verdict(PERSONAL, harness.personal) == Reason.UNKNOWN_ISSUER
    assert await harness.verdict(PERSONAL) == Reason.UNKNOWN_ISSUER


@pytest.mark.parametrize("tenant", ["common", "organizations", "{tenantid}", TENANT.upper(), ""])
async def test_issuer_without_a_valid_tenant_id_is_unknown(tenant: str) -> None:
    """No request is sent for it."""
    harness = AnyTenantHarness()
    assert await harness.verdict(tenant) == Reason.UNKNOWN_ISSUER
    assert not harness.fetched


@pytest.mark.parametrize(
    "keys",
    [None, {}, [], [{"kty": "RSA"}]],
    ids=["null", "an object", "empty", "no key for any tenant"],
)
async def test_key_set_without_keys_for_any_tenant_is_an_outage(keys: Any) -> None:
    """Tokens of further tenants do not cause a fetch during the back-off."""
    harness = AnyTenantHarness()
    harness.keys = keys
    assert await harness.verdict(TENANT) == Reason.NO_USABLE_KEYS
    assert await harness.verdict(OTHER) == Reason.NO_USABLE_KEYS
    assert len(harness.fetched) == 1


async def test_closing_one_tenant_does_not_close_the_shared_keys() -> None:
    """An evicted tenant is closed."""
    harness = AnyTenantHarness()
    issuer = await entra_any_tenant(
        audience="x", http=httpx.AsyncClient(transport=httpx.MockTransport(harness.respond))
    ).resolve(_issuer_of(TENANT))
    assert issuer is not None
    issuer.start()
    assert not issuer.ready
    await issuer.load()
    assert issuer.ready
    await issuer.aclose()
    assert issuer.ready


async def test_request_waiting_for_the_shared_keys_at_aclose_gets_an_outage() -> None:
    """Its token is not rejected."""
    request_received = asyncio.Event()

    async def wait(_: httpx.Request) -> httpx.Response:
        request_received.set()
        await asyncio.Event().wait()
        return httpx.Response(500)

    http = httpx.AsyncClient(transport=httpx.MockTransport(wait))
    tenants = entra_any_tenant(audience="x", http=http)
    issuer = await tenants.resolve(_issuer_of(TENANT))
    assert issuer is not None
    waiting = asyncio.create_task(issuer.load())
    await request_received.wait()
    assert tenants.aclose is not None
    await tenants.aclose()
    with pytest.raises(IssuerUnavailable):
        await waiting


CLOUDS = {
    "public": ("login.microsoftonline.com", "sts.windows.net"),
    "us government": ("login.microsoftonline.us", "sts.windows.net"),
    "china": ("login.partner.microsoftonline.cn", "sts.chinacloudapi.cn"),
    EntraCloud("login.cloud.example", "sts.cloud.example"): (
        "login.cloud.example",
        "sts.cloud.example",
    ),
}
CLOUD_IDS = ["public", "us government", "china", "of the operator"]


def _name_of(version: str, cloud: Any, tenant: str) -> str:
    login, sts = CLOUDS[cloud]
    return f"https://{login}/{tenant}/v2.0" if version == "2.0" else f"https://{sts}/{tenant}/"


def _token(version: str, cloud: Any, tenant: str, key: SigningKey) -> str:
    client = {"2.0": "azp", "1.0": "appid"}[version]
    claims = {"tid": tenant, "ver": version, client: "c1", "aud": "api", "scp": "read"}
    local = LocalIssuer(_name_of(version, cloud, tenant), key=key)
    return local.token(header={"typ": "JWT"}, **claims)


@pytest.mark.parametrize("version", ["2.0", "1.0"])
@pytest.mark.parametrize("cloud", CLOUDS, ids=CLOUD_IDS)
async def test_any_tenant_of_a_cloud_is_trusted_with_the_keys_of_that_cloud(
    cloud: Any, version: Any
) -> None:
    """Tokens of another cloud or version have another issuer, and other keys."""
    login, key = CLOUDS[cloud][0], SigningKey("any", "RS256")
    fetched: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        fetched.append(str(request.url))
        shared = {**key.jwk, "issuer": f"https://{login}/{{tenantid}}/v2.0"}
        return httpx.Response(200, json={"keys": [shared]})

    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    tenants = entra_any_tenant(audience="api", version=version, cloud=cloud, http=http)
    router = IssuerRouter([tenants])
    for tenant in (TENANT, OTHER):
        validation = await router.validate(RawToken(_token(version, cloud, tenant, key)))
        assert validation.token.issuer == _name_of(version, cloud, tenant)
        assert validation.token.client_id == "c1"
    assert fetched == [f"https://{login}/common/discovery/v2.0/keys"]
    other_version = "1.0" if version == "2.0" else "2.0"
    for token in (
        _token(other_version, cloud, TENANT, key),
        _token(version, cloud, PERSONAL, key),
        _token("2.0", "china" if cloud == "public" else "public", TENANT, key),
    ):
        with pytest.raises(InvalidToken, match=Reason.UNKNOWN_ISSUER):
            await router.validate(RawToken(token))
    await router.aclose()


async def test_keys_of_another_cloud_are_not_used() -> None:
    """A key names the issuer that it is for."""
    key = SigningKey("any", "RS256")
    shared = {**key.jwk, "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"keys": [shared]}))
    tenants = entra_any_tenant(
        audience="api", cloud="china", http=httpx.AsyncClient(transport=transport)
    )
    router = IssuerRouter([tenants])
    with pytest.raises(IssuerUnavailable, match=Reason.NO_USABLE_KEYS):
        await router.validate(RawToken(_token("2.0", "china", TENANT, key)))
    await router.aclose()


@pytest.mark.parametrize("version", ["2.0", "1.0"])
@pytest.mark.parametrize("cloud", CLOUDS, ids=CLOUD_IDS)
async def test_tenant_of_a_cloud_is_found_at_the_urls_of_that_cloud(
    cloud: Any, version: Any
) -> None:
    """Its metadata has the issuer of the version."""
    key, fetched = SigningKey("one", "RS256"), list[str]()
    name, login = _name_of(version, cloud, TENANT), CLOUDS[cloud][0]

    def respond(request: httpx.Request) -> httpx.Response:
        fetched.append(str(request.url))
        if "openid-configuration" in fetched[-1]:
            return httpx.Response(200, json={"issuer": name, "jwks_uri": f"https://{login}/keys"})
        return httpx.Response(200, json={"keys": [key.jwk]})

    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    issuer = entra(TENANT, audience="api", version=version, cloud=cloud, http=http)
    validation = await issuer.validate(RawToken(_token(version, cloud, TENANT, key)))
    assert validation.token.issuer == name
    path = f"{TENANT}/v2.0" if version == "2.0" else TENANT
    assert fetched[0] == f"https://{login}/{path}/.well-known/openid-configuration"
    await issuer.aclose()
