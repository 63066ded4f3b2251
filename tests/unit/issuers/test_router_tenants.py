"""IssuerRouter with tenants: looked up after the listed issuers, and trusted like them."""

from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, ConfigurationError, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.builders.jwt_issuer import wait_for_background_tasks

API = "https://api.test"
FIXED, TENANT, INTROSPECTS = (
    "https://fixed.example",
    "https://tenant.example",
    "https://introspects.example",
)
CLIENT = ClientSecretBasic("api", "secret")


class Servers:
    """A listed issuer, and a tenant of each kind.

    Attributes:
        fixed: The listed issuer.
        signs: A tenant whose signatures are verified.
        introspects: A tenant at which tokens are introspected.
        names: The names that were looked up.
    """

    def __init__(self) -> None:
        self.fixed, self.signs, self.introspects = map(LocalIssuer, (FIXED, TENANT, INTROSPECTS))
        self.names: list[str] = []
        self.tenants: dict[str, Issuer] = {
            TENANT: JWTIssuer(TENANT, http=self.signs.http),
            INTROSPECTS: IntrospectionIssuer(
                INTROSPECTS, client=CLIENT, http=self.introspects.http
            ),
        }

    async def resolve(self, name: str) -> Issuer | None:
        """Look *name* up."""
        self.names.append(name)
        return self.tenants.get(name)

    @property
    def issuers(self) -> list[Issuer | Tenants]:
        """The issuers of a guard."""
        return [Tenants(resolve=self.resolve), JWTIssuer(FIXED, http=self.fixed.http)]


async def verdict(router: IssuerRouter, token: str, *, introspect: bool = False) -> str:
    """Return the issuer that accepts *token*, or the reason why none does."""
    try:
        return (await router.validate(RawToken(token), introspect=introspect)).token.issuer
    except (InvalidToken, IssuerUnavailable) as error:
        return error.reason


async def test_listed_issuer_is_not_looked_up() -> None:
    """Wherever the tenants are in the list."""
    servers = Servers()
    router = IssuerRouter(servers.issuers)
    assert await verdict(router, servers.fixed.token()) == FIXED
    assert not servers.names
    assert await verdict(router, servers.signs.token()) == TENANT
    assert servers.names == [TENANT]


@pytest.mark.parametrize("name", [None, 5, True, [TENANT], {TENANT: 1}, "", "tenant"], ids=repr)
async def test_value_that_is_no_issuer_identifier_is_not_looked_up(name: Any) -> None:
    """The token is rejected as one of an unknown issuer."""
    servers = Servers()
    token = servers.signs.token(iss=name)
    assert await verdict(IssuerRouter(servers.issuers), token) == Reason.UNKNOWN_ISSUER
    assert not servers.names


async def test_tenant_accepts_only_its_own_tokens() -> None:
    """A token by its key that names another issuer is rejected."""
    servers = Servers()
    router = IssuerRouter(servers.issuers)
    forged = servers.signs.token(iss=FIXED)
    assert await verdict(router, forged) == Reason.BAD_SIGNATURE
    assert await verdict(router, servers.fixed.token(iss=TENANT)) == Reason.BAD_SIGNATURE


async def test_opaque_token_is_sent_to_no_tenant() -> None:
    """It names no issuer."""
    servers = Servers()
    router = IssuerRouter(servers.issuers)
    assert await verdict(router, servers.introspects.opaque_token()) == Reason.MALFORMED_TOKEN
    assert not servers.names


async def test_several_resolvers_are_called_in_order() -> None:
    """Until one knows the name."""
    servers = Servers()

    async def resolve_none(_: str) -> Issuer | None:
        return None

    router = IssuerRouter([Tenants(resolve=resolve_none), Tenants(resolve=servers.resolve)])
    assert await verdict(router, servers.signs.token()) == TENANT
    assert await verdict(router, servers.fixed.token()) == Reason.UNKNOWN_ISSUER


async def test_guard_may_have_tenants_only() -> None:
    """Then the metadata lists no authorization server."""
    servers = Servers()
    async with Guard(API, [Tenants(resolve=servers.resolve)]) as guard:
        assert guard.ready
        identity = await guard.authenticate(_request(servers.signs.token("read")))
        assert identity.issuer == TENANT
    assert b"authorization_servers" not in guard.metadata_document


async def test_metadata_lists_the_listed_issuers_only() -> None:
    """Tenants may be many, and are not published."""
    servers = Servers()
    guard = Guard(API, servers.issuers)
    await guard.authenticate(_request(servers.signs.token("read")))
    assert FIXED.encode() in guard.metadata_document
    assert TENANT.encode() not in guard.metadata_document
    assert repr(guard) == f"Guard('{API}', ['{FIXED}'])"
    await guard.aclose()


async def test_introspection_result_of_a_tenant_is_cached() -> None:
    """As that of any issuer; `introspect` uses no cached result, nor does a change of claims."""
    servers = Servers()
    token = servers.introspects.token("read")
    servers.introspects.introspection.responses[token] = {"active": True, "aud": API, "sub": "u1"}
    guard = Guard(API, servers.issuers, deny_list=DenyList())
    for _ in range(3):
        assert (await guard.authenticate(_request(token))).issuer == INTROSPECTS
    assert len(servers.introspects.introspection.requests) == 1
    await guard.authenticate(_request(token), introspect=True)
    assert len(servers.introspects.introspection.requests) == 2
    await guard.claims_changed(INTROSPECTS, subject="u1")
    await guard.authenticate(_request(token))
    assert len(servers.introspects.introspection.requests) == 3
    await guard.aclose()


async def test_introspect_for_a_tenant_without_introspection_is_a_configuration_error() -> None:
    """It is not known before the request."""
    servers = Servers()
    with pytest.raises(ConfigurationError, match=f"introspection, which {TENANT} lacks"):
        await verdict(IssuerRouter(servers.issuers), servers.signs.token(), introspect=True)


async def test_tenant_is_started_when_found_and_closed_with_the_guard() -> None:
    """Its keys are being fetched before its first token is verified."""
    servers = Servers()
    guard = Guard(API, servers.issuers)
    with pytest.raises(
        InvalidToken
    ):  # malformed, so that nothing but the start introspects for keys
        await guard.authenticate(_request(servers.signs.token(sub=5)))
    await wait_for_background_tasks()
    assert servers.tenants[TENANT].ready
    await guard.aclose()
    await guard.authenticate(_request(servers.signs.token("read")))
    assert servers.names == [TENANT, TENANT]
    await guard.aclose()


async def test_failure_of_the_resolver_is_a_503_without_the_name() -> None:
    """The name in a token is written neither to the log nor to the response."""

    async def fail(_: str) -> Issuer | None:
        raise OSError

    guard = Guard(API, [Tenants(resolve=fail)])
    with pytest.raises(IssuerUnavailable) as caught:
        await guard.authenticate(_request(LocalIssuer(TENANT).token("read")))
    rejection = guard.reject(caught.value)
    assert rejection.status == 503
    assert TENANT not in f"{caught.value} {rejection}"


def _request(token: str) -> ResourceRequest:
    return ResourceRequest({"headers": [(b"authorization", f"Bearer {token}".encode())]})
