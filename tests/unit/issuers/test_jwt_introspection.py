"""A token can be asked about now, past every memory, where its issuer was set up for that."""

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


def asked(local: LocalIssuer, **settings: Any) -> IntrospectionIssuer:
    """Return what asks *local*."""
    return IntrospectionIssuer(local.issuer, client=CLIENT, http=local.http, **settings)


def both(local: LocalIssuer) -> JWTIssuer:
    """Return what trusts the signature of *local*, and can ask it."""
    return JWTIssuer(local.issuer, http=local.http, introspection=asked(local))


def remembered(local: LocalIssuer) -> IntrospectionCache:
    """Return what asks *local* once in a while."""
    return IntrospectionCache(asked(local))


@pytest.fixture
def local() -> LocalIssuer:
    """Return an authorization server."""
    return LocalIssuer()


def questions(local: LocalIssuer) -> int:
    """Return how often *local* was asked about a token."""
    return len(local.introspection.requests)


@pytest.mark.parametrize(
    ("issuer", "confirms"),
    [
        (both, True),
        (asked, True),
        (remembered, True),
        (lambda local: JWTIssuer(local.issuer, http=local.http), False),
    ],
    ids=["a JWT issuer with introspection", "introspection", "remembered", "a JWT issuer"],
)
def test_a_router_knows_who_can_be_asked(
    local: LocalIssuer, issuer: Callable[[LocalIssuer], Issuer], confirms: bool
) -> None:
    """So that a guard can say at start what no request could have."""
    router = IssuerRouter([issuer(local)])
    assert router.without_introspection == (() if confirms else (local.issuer,))


@pytest.mark.parametrize("issuer", [asked, remembered])
async def test_an_issuer_that_is_asked_anyway_is_asked_each_time(
    local: LocalIssuer, issuer: Callable[[LocalIssuer], Issuer]
) -> None:
    """What is remembered does not count, and a revoked token is refused at once."""
    router, token = IssuerRouter([issuer(local)]), RawToken(local.opaque_token("read"))
    for number in range(1, 4):
        assert (await router.validate(token, introspect=True)).token.scopes == {"read"}
        assert questions(local) == number
    local.revoke(token.text)
    with pytest.raises(InvalidToken, match=Reason.INACTIVE):
        await router.validate(token, introspect=True)


async def test_a_signed_token_is_asked_about_only_to_confirm_it(local: LocalIssuer) -> None:
    """Else its signature is enough; the answer takes the place of what was signed."""
    router, text = IssuerRouter([both(local)]), local.token("read", "write", roles=["ops"])
    local.introspection.responses[text] = {**ACTIVE, "scope": "read", "username": "ada"}
    token = RawToken(text)
    signed = (await router.validate(token)).token
    assert questions(local) == 0
    confirmed = (await router.validate(token, introspect=True)).token
    assert questions(local) == 1
    assert signed.scopes == {"read", "write"}
    assert confirmed.scopes == {"read"}
    assert confirmed.claims == {**signed.claims, "scope": "read", "username": "ada"}
    assert (confirmed.roles, confirmed.rules) == (signed.roles, signed.rules)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"active": False}, Reason.INACTIVE),
        ({"active": "true"}, Reason.UNCLEAR_ACTIVE),
        ({**ACTIVE, "iss": "https://other.test"}, Reason.UNKNOWN_ISSUER),
        ({**ACTIVE, "token_type": "refresh_token"}, Reason.WRONG_TYPE),
        ({**ACTIVE, "exp": "soon"}, Reason.MALFORMED_CLAIM),
    ],
    ids=str,
)
async def test_a_signed_token_is_held_to_the_answer(
    local: LocalIssuer, answer: dict[str, Any], reason: Reason
) -> None:
    """A signature that is good does not outweigh a no."""
    token = local.token("read")
    local.introspection.responses[token] = answer
    with pytest.raises(InvalidToken, match=reason):
        await both(local).validate(RawToken(token), introspect=True)


async def test_an_answer_does_not_outweigh_a_bad_signature(local: LocalIssuer) -> None:
    """The issuer is not even asked."""
    forger = LocalIssuer(key=SigningKey("k1"))
    token = forger.token("read")
    local.introspection.responses[token] = ACTIVE
    with pytest.raises(InvalidToken, match=Reason.BAD_SIGNATURE):
        await both(local).validate(RawToken(token), introspect=True)
    assert questions(local) == 0


async def test_an_issuer_that_is_down_confirms_nothing(local: LocalIssuer) -> None:
    """Known keys are not enough here."""
    issuer, token = both(local), RawToken(local.token("read"))
    await issuer.load()
    local.outage = lambda _: httpx.Response(500)
    assert (await issuer.validate(token)).token.scopes == {"read"}
    with pytest.raises(IssuerUnavailable):
        await issuer.validate(token, introspect=True)


async def test_who_was_not_set_up_to_be_asked_can_not_be(local: LocalIssuer) -> None:
    """That is the operator's fault: neither a yes nor a no."""
    issuer, token = JWTIssuer(local.issuer, http=local.http), RawToken(local.token("read"))
    with pytest.raises(ConfigurationError, match=r"issuer\.test can't introspect: write introsp"):
        await issuer.validate(token, introspect=True)
    with pytest.raises(
        ConfigurationError, match=r"introspection, which https://issuer\.test lacks"
    ):
        await IssuerRouter([issuer]).validate(token, introspect=True)


async def test_a_tenant_is_asked_where_it_was_set_up_for_that(local: LocalIssuer) -> None:
    """What a tenant can is known when its token comes, so nothing is said at start."""
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


def test_one_issuer_does_not_speak_for_another(local: LocalIssuer) -> None:
    """Whoever signs is also whoever is asked."""
    with pytest.raises(ConfigurationError, match=r"names https://other\.test, not https://issuer"):
        JWTIssuer(local.issuer, introspection=asked(LocalIssuer("https://other.test")))


async def test_what_can_be_asked_starts_and_ends_with_the_issuer(local: LocalIssuer) -> None:
    """Its endpoint is looked for at start-up, and an outage of that is told there."""
    endpoint = asked(local)
    issuer = JWTIssuer(local.issuer, keys=local.jwks, introspection=endpoint)
    issuer.start()
    await issuer.load()
    assert endpoint.ready
    await issuer.aclose()

    del local.metadata["introspection_endpoint"]
    lost = JWTIssuer(local.issuer, keys=local.jwks, introspection=asked(local))
    with pytest.raises(IssuerUnavailable, match=Reason.WRONG_METADATA):
        await lost.load()
    assert lost.ready
    await lost.aclose()
