"""JWTIssuer with `introspection=`: signed tokens that are introspected for some routes."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError, IntrospectionIssuer, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey

CLIENT = ClientSecretBasic("api", "secret")
ACTIVE = {"active": True}


def introspecting(local: LocalIssuer, **settings: Any) -> IntrospectionIssuer:
    """Return an issuer that introspects at *local*."""
    return IntrospectionIssuer(local.issuer, client=CLIENT, http=local.http, **settings)


def both(local: LocalIssuer) -> JWTIssuer:
    """Return an issuer that verifies the signatures of *local*, and can introspect there."""
    return JWTIssuer(local.issuer, http=local.http, introspection=introspecting(local))


def caching(local: LocalIssuer) -> IntrospectionCache:
    """Return a cache in front of an issuer that introspects at *local*."""
    return IntrospectionCache(introspecting(local))


@pytest.fixture
def local() -> LocalIssuer:
    """Return an authorization server."""
    return LocalIssuer()


def introspections(local: LocalIssuer) -> int:
    """Return how many tokens were introspected at *local*."""
    return len(local.introspection.requests)


@pytest.mark.parametrize(
    ("issuer", "can_introspect"),
    [
        (both, True),
        (introspecting, True),
        (caching, True),
        (lambda local: JWTIssuer(local.issuer, http=local.http), False),
    ],
    ids=["a JWT issuer with introspection", "introspection", "a cache", "a JWT issuer"],
)
def test_router_lists_the_issuers_without_introspection(
    local: LocalIssuer, issuer: Callable[[LocalIssuer], Issuer], can_introspect: bool
) -> None:
    """So a guard can report it before the first request."""
    router = IssuerRouter([issuer(local)])
    assert router.without_introspection == (() if can_introspect else (local.issuer,))


@pytest.mark.parametrize("issuer", [introspecting, caching])
async def test_introspect_uses_no_cached_result(
    local: LocalIssuer, issuer: Callable[[LocalIssuer], Issuer]
) -> None:
    """A revoked token is rejected immediately."""
    router, token = IssuerRouter([issuer(local)]), RawToken(local.opaque_token("read"))
    for number in range(1, 4):
        assert (await router.validate(token, introspect=True)).token.scopes == {"read"}
        assert introspections(local) == number
    local.revoke(token.text)
    with pytest.raises(InvalidToken, match=Reason.INACTIVE):
        await router.validate(token, introspect=True)


async def test_signed_token_is_introspected_only_with_introspect(local: LocalIssuer) -> None:
    """Else its signature suffices; a claim of the response replaces the signed one."""
    router, text = IssuerRouter([both(local)]), local.token("read", "write", roles=["ops"])
    local.introspection.responses[text] = {**ACTIVE, "scope": "read", "username": "ada"}
    token = RawToken(text)
    signed = (await router.validate(token)).token
    assert introspections(local) == 0
    introspected = (await router.validate(token, introspect=True)).token
    assert introspections(local) == 1
    assert signed.scopes == {"read", "write"}
    assert introspected.scopes == {"read"}
    assert introspected.claims == {**signed.claims, "scope": "read", "username": "ada"}
    assert (introspected.roles, introspected.rules) == (signed.roles, signed.rules)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"active": False}, Reason.INACTIVE),
        ({**ACTIVE, "iss": "https://other.test"}, Reason.UNKNOWN_ISSUER),
        ({**ACTIVE, "token_type": "refresh_token"}, Reason.WRONG_TYPE),
    ],
    ids=str,
)
async def test_signed_token_is_rejected_if_its_introspection_fails(
    local: LocalIssuer, response: dict[str, Any], reason: Reason
) -> None:
    """A good signature does not outweigh the response."""
    token = local.token("read")
    local.introspection.responses[token] = response
    with pytest.raises(InvalidToken, match=reason):
        await both(local).validate(RawToken(token), introspect=True)


async def test_active_response_does_not_outweigh_a_bad_signature(local: LocalIssuer) -> None:
    """Such a token is not even introspected."""
    forger = LocalIssuer(key=SigningKey("k1"))
    token = forger.token("read")
    local.introspection.responses[token] = ACTIVE
    with pytest.raises(InvalidToken, match=Reason.BAD_SIGNATURE):
        await both(local).validate(RawToken(token), introspect=True)
    assert introspections(local) == 0


async def test_introspection_fails_while_the_issuer_is_unavailable(local: LocalIssuer) -> None:
    """Cached keys do not suffice here."""
    issuer, token = both(local), RawToken(local.token("read"))
    await issuer.load()
    local.outage = lambda _: httpx.Response(500)
    assert (await issuer.validate(token)).token.scopes == {"read"}
    with pytest.raises(IssuerUnavailable):
        await issuer.validate(token, introspect=True)


async def test_introspect_without_introspection_issuer_is_a_configuration_error(
    local: LocalIssuer,
) -> None:
    """It is the operator's fault, so the token is neither accepted nor rejected."""
    issuer, token = JWTIssuer(local.issuer, http=local.http), RawToken(local.token("read"))
    with pytest.raises(ConfigurationError, match=r"issuer\.test can't introspect: write introsp"):
        await issuer.validate(token, introspect=True)
    with pytest.raises(
        ConfigurationError, match=r"introspection, which https://issuer\.test lacks"
    ):
        await IssuerRouter([issuer]).validate(token, introspect=True)


async def test_tenant_is_introspected_if_its_issuer_can_introspect(local: LocalIssuer) -> None:
    """Whether a tenant can is known only when its token arrives."""
    silent = LocalIssuer("https://silent.test")
    issuers = {
        local.issuer: both(local),
        silent.issuer: JWTIssuer(silent.issuer, http=silent.http),
    }

    async def resolve(name: str) -> Issuer | None:
        return issuers.get(name)

    router, token = IssuerRouter([Tenants(resolve=resolve)]), local.token("read")
    assert router.without_introspection == ()
    local.introspection.responses[token] = ACTIVE
    assert (await router.validate(RawToken(token), introspect=True)).token.scopes == {"read"}
    with pytest.raises(ConfigurationError, match=r"introspection, which https://silent\.test"):
        await router.validate(RawToken(silent.token("read")), introspect=True)
    await router.aclose()


@pytest.mark.parametrize(
    ("introspection", "instead"),
    [
        (lambda local: JWTIssuer(local.issuer), "can introspect: write IntrospectionIssuer"),
        (lambda _: "https://issuer.test", "and str has no `issuer`: write IntrospectionIssuer"),
    ],
    ids=["a JWT issuer", "a string"],
)
def test_introspection_setting_that_can_not_introspect_is_rejected(
    local: LocalIssuer, introspection: Callable[[LocalIssuer], Any], instead: str
) -> None:
    """It is rejected when the issuer is built."""
    with pytest.raises(ConfigurationError, match=instead):
        JWTIssuer(local.issuer, introspection=introspection(local))


def test_introspection_at_another_issuer_is_rejected(local: LocalIssuer) -> None:
    """The issuer that signs must also be the one that introspects."""
    with pytest.raises(ConfigurationError, match=r"names https://other\.test, not https://issuer"):
        JWTIssuer(local.issuer, introspection=introspecting(LocalIssuer("https://other.test")))


async def test_introspection_issuer_starts_and_closes_with_its_issuer(local: LocalIssuer) -> None:
    """Its endpoint is found at start-up, and a failure of that is raised there."""
    endpoint = introspecting(local)
    issuer = JWTIssuer(local.issuer, keys=local.jwks, introspection=endpoint)
    issuer.start()
    await issuer.load()
    assert endpoint.ready
    await issuer.aclose()

    del local.metadata["introspection_endpoint"]
    lost = JWTIssuer(local.issuer, keys=local.jwks, introspection=introspecting(local))
    with pytest.raises(IssuerUnavailable, match=Reason.WRONG_METADATA):
        await lost.load()
    assert lost.ready
    await lost.aclose()
