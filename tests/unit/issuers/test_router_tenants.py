"""Tenants stand behind the issuers that are named, and are trusted like them."""

from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, ConfigurationError, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.builders.jwt_issuer import wait_for_background_tasks

API = "https://api.test"
FIXED, TENANT, ASKED = "https://fixed.example", "https://tenant.example", "https://asked.example"
CLIENT = ClientSecretBasic("api", "secret")


class Scene:
    """One issuer that is named, and tenants of both kinds that are looked up.

    Attributes:
        fixed: The issuer that is named.
        signs: A tenant whose signature is enough.
        asks: A tenant that is asked about tokens.
        names: What was looked up.
    """

    def __init__(self) -> None:
        self.fixed, self.signs, self.asks = map(LocalIssuer, (FIXED, TENANT, ASKED))
        self.names: list[str] = []
        self.tenants: dict[str, Issuer] = {
            TENANT: JWTIssuer(TENANT, http=self.signs.http),
            ASKED: IntrospectionIssuer(ASKED, client=CLIENT, http=self.asks.http),
        }

    async def resolve(self, name: str) -> Issuer | None:
        """Look *name* up."""
        self.names.append(name)
        return self.tenants.get(name)

    @property
    def issuers(self) -> list[Issuer | Tenants]:
        """What a guard is given."""
        return [Tenants(resolve=self.resolve), JWTIssuer(FIXED, http=self.fixed.http)]


async def verdict(router: IssuerRouter, token: str, *, introspect: bool = False) -> str:
    """Return who vouches for *token*, or why nobody does."""
    try:
        return (await router.validate(RawToken(token), introspect=introspect)).token.issuer
    except (InvalidToken, IssuerUnavailable) as error:
        return error.reason


async def test_who_is_named_is_not_looked_up() -> None:
    """Wherever the tenants stand in the list."""
    scene = Scene()
    router = IssuerRouter(scene.issuers)
    assert await verdict(router, scene.fixed.token()) == FIXED
    assert not scene.names
    assert await verdict(router, scene.signs.token()) == TENANT
    assert scene.names == [TENANT]


@pytest.mark.parametrize("name", [None, 5, True, [TENANT], {TENANT: 1}, "", "tenant"], ids=repr)
async def test_what_is_no_name_is_not_looked_up(name: Any) -> None:
    """It is an unknown issuer as ever."""
    scene = Scene()
    token = scene.signs.token(iss=name)
    assert await verdict(IssuerRouter(scene.issuers), token) == Reason.UNKNOWN_ISSUER
    assert not scene.names


async def test_a_tenant_vouches_for_its_own_tokens_alone() -> None:
    """One that names another by its own key is refused."""
    scene = Scene()
    router = IssuerRouter(scene.issuers)
    forged = scene.signs.token(iss=FIXED)
    assert await verdict(router, forged) == Reason.BAD_SIGNATURE
    assert await verdict(router, scene.fixed.token(iss=TENANT)) == Reason.BAD_SIGNATURE


async def test_an_opaque_token_is_no_tenants() -> None:
    """It names none, so it is shown to none."""
    scene = Scene()
    router = IssuerRouter(scene.issuers)
    assert await verdict(router, scene.asks.opaque_token()) == Reason.MALFORMED_TOKEN
    assert not scene.names


async def test_several_may_know_tenants() -> None:
    """They are asked in order until one knows the name."""
    scene = Scene()

    async def nobody(_: str) -> Issuer | None:
        return None

    router = IssuerRouter([Tenants(resolve=nobody), Tenants(resolve=scene.resolve)])
    assert await verdict(router, scene.signs.token()) == TENANT
    assert await verdict(router, scene.fixed.token()) == Reason.UNKNOWN_ISSUER


async def test_tenants_are_enough() -> None:
    """No issuer must be named beside them, and none is told in the metadata."""
    scene = Scene()
    async with Guard(API, [Tenants(resolve=scene.resolve)]) as guard:
        assert guard.ready
        identity = await guard.authenticate(_request(scene.signs.token("read")))
        assert identity.issuer == TENANT
    assert b"authorization_servers" not in guard.metadata_document


async def test_the_metadata_lists_those_that_are_named() -> None:
    """Tenants may be many, and whose they are is nobody's business."""
    scene = Scene()
    guard = Guard(API, scene.issuers)
    await guard.authenticate(_request(scene.signs.token("read")))
    assert FIXED.encode() in guard.metadata_document
    assert TENANT.encode() not in guard.metadata_document
    assert repr(guard) == f"Guard('{API}', ['{FIXED}'])"
    await guard.aclose()


async def test_what_a_tenant_says_is_remembered() -> None:
    """As with any issuer that is asked, and it can be asked anew."""
    scene = Scene()
    token = scene.asks.token("read")
    scene.asks.introspection.responses[token] = {"active": True, "aud": API, "sub": "u1"}
    guard = Guard(API, scene.issuers)
    for _ in range(3):
        assert (await guard.authenticate(_request(token))).issuer == ASKED
    assert len(scene.asks.introspection.requests) == 1
    await guard.authenticate(_request(token), introspect=True)
    assert len(scene.asks.introspection.requests) == 2
    await guard.aclose()


async def test_a_tenant_that_cant_be_asked_anew_is_told_at_the_request() -> None:
    """Before, nobody could know."""
    scene = Scene()
    with pytest.raises(ConfigurationError, match=f"introspection, which {TENANT} lacks"):
        await verdict(IssuerRouter(scene.issuers), scene.signs.token(), introspect=True)


async def test_a_tenant_is_started_when_it_is_found_and_closed_with_the_guard() -> None:
    """Its keys are on their way before its first token is judged, and wait for nobody after."""
    scene = Scene()
    guard = Guard(API, scene.issuers)
    with pytest.raises(InvalidToken):  # malformed, so that nothing but the start asks for keys
        await guard.authenticate(_request(scene.signs.token(sub=5)))
    await wait_for_background_tasks()
    assert scene.tenants[TENANT].ready
    await guard.aclose()
    await guard.authenticate(_request(scene.signs.token("read")))
    assert scene.names == [TENANT, TENANT]
    await guard.aclose()


async def test_an_outage_of_who_is_asked_is_a_503_without_a_name() -> None:
    """What a token names is for no log and no answer."""

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
