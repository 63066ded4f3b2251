"""IssuerRouter: a token that names no issuer is validated only by an issuer that accepts it."""

import base64
import json
from collections.abc import Sequence

import httpx
import pytest

from oauth_guard import ConfigurationError, Guard, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer

A, B, SIGNS = "https://a.example.com", "https://b.example.com", "https://signs.example.com"
CLIENT = ClientSecretBasic("api", "secret")


class Servers:
    """Two servers for introspection, and one whose signatures are verified."""

    def __init__(self) -> None:
        self.a = LocalIssuer(A)
        self.b = LocalIssuer(B)
        self.signs = LocalIssuer(SIGNS)

    def introspecting(
        self, local: LocalIssuer, *, accepts_unnamed_jwts: bool = False
    ) -> IntrospectionIssuer:
        """Return an issuer that introspects at *local*."""
        return IntrospectionIssuer(
            local.issuer, client=CLIENT, http=local.http, accepts_unnamed_jwts=accepts_unnamed_jwts
        )

    @property
    def signing(self) -> JWTIssuer:
        """Return an issuer that verifies the signatures of the third server."""
        return JWTIssuer(SIGNS, http=self.signs.http)

    @property
    def introspections(self) -> tuple[int, int]:
        """How many tokens were introspected at each of the first two servers."""
        return len(self.a.introspection.requests), len(self.b.introspection.requests)


class OnlyJWTs(JWTIssuer):
    """An issuer that accepts JWTs without a name, but no opaque tokens."""

    accepts_unnamed_jwts = True


class IntrospectsJWTs(IntrospectionIssuer):
    """An issuer that introspects, but accepts no opaque tokens."""

    accepts_opaque = False


async def verdict(issuers: Sequence[Issuer], token: str, *, share: bool = False) -> str:
    """Return the issuer that accepts *token*, or the reason why none does."""
    router = IssuerRouter(issuers, share_tokens=share)
    try:
        return (await router.validate(RawToken(token))).token.issuer
    except (InvalidToken, IssuerUnavailable) as error:
        return error.reason


def jwe() -> str:
    """Return a token in the form of an encrypted JWT."""
    header = base64.urlsafe_b64encode(b'{"alg":"RSA-OAEP","enc":"A256GCM"}').decode().rstrip("=")
    return f"{header}.a.b.c.d"


async def test_opaque_token_goes_to_the_issuer_that_accepts_opaque_tokens() -> None:
    """A JWT goes to the issuer that it names."""
    servers = Servers()
    issuers: list[Issuer] = [servers.signing, servers.introspecting(servers.a)]
    assert await verdict(issuers, servers.a.opaque_token()) == A
    assert await verdict(issuers, servers.signs.token()) == SIGNS
    assert servers.introspections == (1, 0)


async def test_jwt_that_names_an_introspecting_issuer_is_introspected() -> None:
    """Its form does not matter."""
    servers = Servers()
    token = servers.a.token()
    servers.a.introspection.responses[token] = {"active": True}
    assert await verdict([servers.introspecting(servers.a)], token) == A


@pytest.mark.parametrize("order", [1, -1], ids=["signing first", "introspecting first"])
async def test_issuer_of_both_kinds_verifies_jwts_and_introspects_the_others(order: int) -> None:
    """It is listed twice, in either order."""
    servers = Servers()
    both: list[Issuer] = [JWTIssuer(A, http=servers.a.http), servers.introspecting(servers.a)]
    issuers = both[::order]
    assert await verdict(issuers, servers.a.token()) == A
    assert servers.introspections == (0, 0)
    assert await verdict(issuers, servers.a.opaque_token()) == A
    assert servers.introspections == (1, 0)
    assert IssuerRouter(issuers).names == (A,)


def test_issuer_that_is_listed_twice_with_one_kind_is_rejected() -> None:
    """The second entry would never be used."""
    servers = Servers()
    for twice in ([servers.signing] * 2, [servers.introspecting(servers.a)] * 2):
        with pytest.raises(ConfigurationError, match="twice"):
            IssuerRouter(twice, share_tokens=True)


async def test_opaque_token_is_malformed_if_no_issuer_introspects() -> None:
    """An encrypted one is rejected as such."""
    servers = Servers()
    assert await verdict([servers.signing], "opaque") == Reason.MALFORMED_TOKEN
    assert await verdict([servers.signing], jwe()) == Reason.ENCRYPTED_TOKEN


async def test_issuer_of_unnamed_jwts_validates_encrypted_tokens() -> None:
    """Though it accepts no opaque tokens."""
    servers = Servers()
    servers.a.introspection.responses[jwe()] = {"active": True}
    issuer = IntrospectsJWTs(A, client=CLIENT, http=servers.a.http, accepts_unnamed_jwts=True)
    assert await verdict([issuer], jwe()) == A
    assert await verdict([issuer], "opaque") == Reason.MALFORMED_TOKEN


@pytest.mark.parametrize("accepts_unnamed_jwts", [False, True])
async def test_jwt_of_an_unknown_issuer_is_sent_to_no_issuer(accepts_unnamed_jwts: bool) -> None:
    """It may be valid elsewhere. The same holds for one that can't be parsed."""
    servers = Servers()
    issuers: list[Issuer] = [
        servers.introspecting(servers.a, accepts_unnamed_jwts=accepts_unnamed_jwts),
        servers.signing,
    ]
    foreign = servers.b.token()
    assert await verdict(issuers, foreign) == Reason.UNKNOWN_ISSUER
    assert await verdict(issuers, servers.b.token(iss=7)) == Reason.UNKNOWN_ISSUER
    assert await verdict(issuers, f"{foreign}=") == Reason.MALFORMED_TOKEN
    assert servers.introspections == (0, 0)


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
async def test_jwt_without_issuer_is_rejected_unless_an_issuer_accepts_it(kind: str) -> None:
    """By default none does."""
    servers = Servers()
    token = jwe() if kind == "encrypted" else servers.a.token(iss=None)
    servers.a.introspection.responses[token] = {"active": True}
    reason = Reason.ENCRYPTED_TOKEN if kind == "encrypted" else Reason.UNKNOWN_ISSUER
    assert await verdict([servers.introspecting(servers.a)], token) == reason
    assert servers.introspections == (0, 0)
    assert await verdict([servers.introspecting(servers.a, accepts_unnamed_jwts=True)], token) == A


def test_several_issuers_of_opaque_tokens_are_rejected_without_consent() -> None:
    """Each would receive the tokens of the other."""
    servers = Servers()
    issuers: list[Issuer] = [servers.introspecting(servers.a), servers.introspecting(servers.b)]
    with pytest.raises(ConfigurationError, match=f"{A} and {B} accept .* share_tokens=True"):
        IssuerRouter(issuers)
    assert IssuerRouter(issuers, share_tokens=True).names == (A, B)


def test_message_names_the_issuers_that_would_share_tokens() -> None:
    """An issuer that accepts another kind only is not named."""
    servers = Servers()
    accepts_unnamed_jwts: list[Issuer] = [
        OnlyJWTs(SIGNS),
        servers.introspecting(servers.b, accepts_unnamed_jwts=True),
    ]
    with pytest.raises(ConfigurationError, match=f"^{SIGNS} and {B} accept "):
        IssuerRouter(accepts_unnamed_jwts)


def test_guard_accepts_consent_to_share_tokens() -> None:
    """It is a setting beside the list of issuers."""
    servers = Servers()
    issuers = [servers.introspecting(servers.a), servers.introspecting(servers.b)]
    with pytest.raises(ConfigurationError, match="share_tokens=True"):
        Guard("https://api.test", issuers)
    assert Guard("https://api.test", issuers, share_tokens=True).ready is False


async def test_issuers_that_share_tokens_are_tried_in_order() -> None:
    """Until one accepts the token."""
    servers = Servers()
    issuers: list[Issuer] = [servers.introspecting(servers.a), servers.introspecting(servers.b)]
    assert await verdict(issuers, servers.a.opaque_token(), share=True) == A
    assert servers.introspections == (1, 0)
    assert await verdict(issuers, servers.b.opaque_token(), share=True) == B
    assert servers.introspections == (2, 1)
    assert await verdict(issuers, "unknown", share=True) == Reason.INACTIVE


async def test_unavailable_issuer_does_not_prevent_the_next_from_accepting() -> None:
    """If none accepts the token, it may be valid at the first: that is an outage."""
    servers = Servers()
    issuers: list[Issuer] = [servers.introspecting(servers.a), servers.introspecting(servers.b)]
    servers.a.outage = lambda _: httpx.Response(500)
    assert await verdict(issuers, servers.b.opaque_token(), share=True) == B
    assert await verdict(issuers, "unknown", share=True) == Reason.WRONG_METADATA


async def test_jwt_that_names_an_issuer_is_not_shared() -> None:
    """Consent is for tokens that name no issuer."""
    servers = Servers()
    issuers: list[Issuer] = [
        servers.introspecting(servers.a, accepts_unnamed_jwts=True),
        servers.introspecting(servers.b, accepts_unnamed_jwts=True),
    ]
    assert await verdict(issuers, servers.b.token(), share=True) == B
    assert servers.introspections == (0, 1)


async def test_jwt_with_null_issuer_is_rejected() -> None:
    """Only a JWT without `iss` names no issuer."""
    servers = Servers()
    payload = json.dumps({"iss": None}).encode()
    token = servers.a.keys[0].sign(payload, {"typ": "at+jwt"})
    assert (
        await verdict([servers.introspecting(servers.a, accepts_unnamed_jwts=True)], token)
        == Reason.UNKNOWN_ISSUER
    )


async def test_load_waits_for_endpoints_and_keys() -> None:
    """A failure of one is raised."""
    servers = Servers()
    router = IssuerRouter([servers.introspecting(servers.a), servers.signing])
    assert not router.ready
    await router.load()
    assert router.ready
    servers.signs.outage = lambda _: httpx.Response(500)
    with pytest.raises(IssuerUnavailable):
        await IssuerRouter([servers.introspecting(servers.a), servers.signing]).load()
    await router.aclose()
