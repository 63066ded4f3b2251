"""Entra ID: one tenant is named by its ID, and any tenant only where that was said."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.issuers.presets.entra import entra, entra_any_tenant
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.unit.issuers.presets.documented_tokens import ENTRA, TENANT, Product
from tests.unit.issuers.threads import Threads

OTHER = "82229342-1101-4ab6-817b-70c0747630f3"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
KEYS = "https://login.microsoftonline.com/common/discovery/v2.0/keys"
UNTYPED: Callable[..., object] = entra  # as somebody calls it who checks no types


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: entra("common", audience="x"), "tenant must be a tenant ID"),
        (lambda: entra("acme.onmicrosoft.com", audience="x"), "tenant must be a tenant ID"),
        (lambda: entra(TENANT.upper(), audience="x"), "in lower case"),
        (lambda: entra(f"{TENANT}\n", audience="x"), "write entra_any_tenant"),
        (lambda: entra(TENANT), "audience= is required: the client ID of the API"),
        (lambda: UNTYPED(TENANT, audience="x", version="3.0"), 'version= must be "2.0" or "1.0"'),
        (entra_any_tenant, "audience= is required: the client ID of the API"),
        (lambda: entra_any_tenant(audience="x", leeway=-1), "leeway= is in seconds"),
        (lambda: entra_any_tenant(audience="x", jwks_uri=KEYS), "jwks_uri= is for a single tenant"),
        (lambda: entra_any_tenant(audience="x", keys={"keys": []}), "keys= is for a single tenant"),
    ],
)
def test_a_wrong_configuration_says_what_to_write_instead(
    make: Callable[[], object], told: str
) -> None:
    """It fails while building."""
    with pytest.raises(ConfigurationError, match=told):
        make()


class AnyTenant:
    """A guard's issuers that trust any tenant, and the keys that Entra ID publishes.

    Attributes:
        keys: The keys of the document, as it has them.
    """

    def __init__(self, **settings: Any) -> None:
        self.fetched: list[str] = []
        self.template = SigningKey("any", "RS256")
        self.personal = SigningKey("personal", "RS256")
        self.keys: Any = [
            {**self.template.jwk, "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
            {**self.personal.jwk, "issuer": _named(PERSONAL)},
            "odd",
        ]
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        self.router = IssuerRouter([entra_any_tenant(audience="6e74172b", http=http, **settings)])

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer for Entra ID."""
        self.fetched.append(str(request.url))
        return httpx.Response(200, json={"keys": self.keys})

    async def verdict(self, tenant: str, key: SigningKey | None = None, **changes: Any) -> str:
        """Return who vouches for a token of *tenant*, or why nobody does."""
        product: Product = ENTRA._replace(issuer=_named(tenant))
        local = LocalIssuer(product.issuer, key=key or self.template)
        claims = {**product.claims, "tid": tenant, "client_id": None, "jti": None, **changes}
        token = local.token(header=product.header, **claims)
        try:
            access_token = (await self.router.validate(RawToken(token))).token
            access_token.check_claims("https://api.example.com", local.claims()["iat"])
        except (InvalidToken, IssuerUnavailable) as error:
            return error.reason
        return access_token.issuer


def _named(tenant: str) -> str:
    return f"https://login.microsoftonline.com/{tenant}/v2.0"


async def test_any_tenant_vouches_for_its_own_people() -> None:
    """By keys that are fetched once for all."""
    scene = AnyTenant()
    assert await scene.verdict(TENANT) == _named(TENANT)
    assert await scene.verdict(OTHER) == _named(OTHER)
    assert scene.fetched == [KEYS]
    await scene.router.aclose()


async def test_signatures_of_any_tenant_may_be_checked_in_threads() -> None:
    """Those of every tenant, by the keys that they share."""
    with Threads() as threads:
        scene = AnyTenant(executor=threads)
        assert await scene.verdict(TENANT) == _named(TENANT)
        assert await scene.verdict(OTHER) == _named(OTHER)
        assert threads.done == ["checks_0"] * 2
        await scene.router.aclose()


async def test_the_tenant_must_be_the_one_that_the_issuer_names() -> None:
    """So `tid` can be relied upon."""
    assert await AnyTenant().verdict(TENANT, tid=OTHER) == Reason.WRONG_CLAIM


async def test_a_key_that_is_for_one_tenant_vouches_for_no_other() -> None:
    """A key for personal accounts must not make a token of a company's tenant."""
    scene = AnyTenant()
    assert await scene.verdict(TENANT, scene.personal) == Reason.UNKNOWN_KEY
    assert await scene.verdict(PERSONAL, scene.personal) == Reason.UNKNOWN_ISSUER
    assert await scene.verdict(PERSONAL) == Reason.UNKNOWN_ISSUER


@pytest.mark.parametrize("tenant", ["common", "organizations", "{tenantid}", TENANT.upper(), ""])
async def test_what_is_no_tenant_is_nobody(tenant: str) -> None:
    """And nothing is fetched for it."""
    scene = AnyTenant()
    assert await scene.verdict(tenant) == Reason.UNKNOWN_ISSUER
    assert not scene.fetched


@pytest.mark.parametrize("keys", [None, {}, [], [{"kty": "RSA"}]], ids=repr)
async def test_a_document_without_such_keys_is_an_outage(keys: Any) -> None:
    """However many tenants come, it is left alone for a while."""
    scene = AnyTenant()
    scene.keys = keys
    assert await scene.verdict(TENANT) == Reason.NO_USABLE_KEYS
    assert await scene.verdict(OTHER) == Reason.NO_USABLE_KEYS
    assert len(scene.fetched) == 1


async def test_the_keys_are_those_of_all_and_no_tenant_closes_them() -> None:
    """A tenant that is pushed out takes nothing along."""
    scene = AnyTenant()
    issuer = await entra_any_tenant(
        audience="x", http=httpx.AsyncClient(transport=httpx.MockTransport(scene.answer))
    ).resolve(_named(TENANT))
    assert issuer is not None
    issuer.start()
    assert not issuer.ready
    await issuer.load()
    assert issuer.ready
    await issuer.aclose()
    assert issuer.ready


async def test_the_keys_are_let_go_of_with_the_guard() -> None:
    """Who waits for them then is told that nobody can say."""
    asked = asyncio.Event()

    async def hold(_: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.Event().wait()
        return httpx.Response(500)

    http = httpx.AsyncClient(transport=httpx.MockTransport(hold))
    tenants = entra_any_tenant(audience="x", http=http)
    issuer = await tenants.resolve(_named(TENANT))
    assert issuer is not None
    waiting = asyncio.create_task(issuer.load())
    await asked.wait()
    assert tenants.aclose is not None
    await tenants.aclose()
    with pytest.raises(IssuerUnavailable):
        await waiting
