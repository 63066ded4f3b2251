"""A token that names no issuer goes where it belongs, or nowhere."""

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


class Scene:
    """Two issuers that are asked, and one whose signature is enough."""

    def __init__(self) -> None:
        self.a = LocalIssuer(A)
        self.b = LocalIssuer(B)
        self.signs = LocalIssuer(SIGNS)

    def asked(
        self, local: LocalIssuer, *, accepts_unnamed_jwts: bool = False
    ) -> IntrospectionIssuer:
        """Return what asks *local*."""
        return IntrospectionIssuer(
            local.issuer, client=CLIENT, http=local.http, accepts_unnamed_jwts=accepts_unnamed_jwts
        )

    @property
    def signing(self) -> JWTIssuer:
        """What trusts the signature of the third."""
        return JWTIssuer(SIGNS, http=self.signs.http)

    @property
    def questions(self) -> tuple[int, int]:
        """How often each of the two was asked."""
        return len(self.a.introspection.requests), len(self.b.introspection.requests)


class OnlyJWTs(JWTIssuer):
    """An issuer that takes JWTs which name nobody, but no opaque tokens."""

    accepts_unnamed_jwts = True


class AskedAboutJWTs(IntrospectionIssuer):
    """An issuer that is asked, but about no opaque tokens."""

    accepts_opaque = False


async def verdict(issuers: Sequence[Issuer], token: str, *, share: bool = False) -> str:
    """Return who vouches for *token*, or why nobody does."""
    router = IssuerRouter(issuers, share_tokens=share)
    try:
        return (await router.validate(RawToken(token))).token.issuer
    except (InvalidToken, IssuerUnavailable) as error:
        return error.reason


def jwe() -> str:
    """Return a token in the shape of an encrypted JWT."""
    header = base64.urlsafe_b64encode(b'{"alg":"RSA-OAEP","enc":"A256GCM"}').decode().rstrip("=")
    return f"{header}.a.b.c.d"


async def test_opaque_tokens_go_to_the_one_that_takes_them() -> None:
    """And JWTs to the one that they name."""
    scene = Scene()
    issuers: list[Issuer] = [scene.signing, scene.asked(scene.a)]
    assert await verdict(issuers, scene.a.opaque_token()) == A
    assert await verdict(issuers, scene.signs.token()) == SIGNS
    assert scene.questions == (1, 0)


async def test_a_jwt_that_names_an_asked_issuer_goes_there() -> None:
    """Whatever its form, it is that issuer's to judge."""
    scene = Scene()
    token = scene.a.token()
    scene.a.introspection.responses[token] = {"active": True}
    assert await verdict([scene.asked(scene.a)], token) == A


@pytest.mark.parametrize("order", [1, -1], ids=["signing first", "asked first"])
async def test_one_issuer_may_have_tokens_of_both_kinds(order: int) -> None:
    """Its signature is enough for its JWTs, and it is asked about the others."""
    scene = Scene()
    both: list[Issuer] = [JWTIssuer(A, http=scene.a.http), scene.asked(scene.a)]
    issuers = both[::order]
    assert await verdict(issuers, scene.a.token()) == A
    assert scene.questions == (0, 0)
    assert await verdict(issuers, scene.a.opaque_token()) == A
    assert scene.questions == (1, 0)
    assert IssuerRouter(issuers).names == (A,)


def test_an_issuer_stands_there_once_of_a_kind() -> None:
    """The second would never be asked."""
    scene = Scene()
    for twice in ([scene.signing] * 2, [scene.asked(scene.a)] * 2):
        with pytest.raises(ConfigurationError, match="twice"):
            IssuerRouter(twice, share_tokens=True)


async def test_without_anybody_to_ask_an_opaque_token_is_malformed() -> None:
    """Nothing changes where every issuer signs."""
    scene = Scene()
    assert await verdict([scene.signing], "opaque") == Reason.MALFORMED_TOKEN
    assert await verdict([scene.signing], jwe()) == Reason.ENCRYPTED_TOKEN


async def test_who_takes_jwts_alone_is_asked_about_encrypted_ones() -> None:
    """Though it takes no opaque tokens."""
    scene = Scene()
    scene.a.introspection.responses[jwe()] = {"active": True}
    asked = AskedAboutJWTs(A, client=CLIENT, http=scene.a.http, accepts_unnamed_jwts=True)
    assert await verdict([asked], jwe()) == A
    assert await verdict([asked], "opaque") == Reason.MALFORMED_TOKEN


@pytest.mark.parametrize("accepts_unnamed_jwts", [False, True])
async def test_a_jwt_of_an_unknown_issuer_is_sent_nowhere(accepts_unnamed_jwts: bool) -> None:
    """It may be good elsewhere, so nobody is to see it; nor one that can't be read."""
    scene = Scene()
    issuers: list[Issuer] = [
        scene.asked(scene.a, accepts_unnamed_jwts=accepts_unnamed_jwts),
        scene.signing,
    ]
    foreign = scene.b.token()
    assert await verdict(issuers, foreign) == Reason.UNKNOWN_ISSUER
    assert await verdict(issuers, scene.b.token(iss=7)) == Reason.UNKNOWN_ISSUER
    assert await verdict(issuers, f"{foreign}=") == Reason.MALFORMED_TOKEN
    assert scene.questions == (0, 0)


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
async def test_a_jwt_that_names_no_issuer_wants_one_that_takes_it(kind: str) -> None:
    """By default nobody does."""
    scene = Scene()
    token = jwe() if kind == "encrypted" else scene.a.token(iss=None)
    scene.a.introspection.responses[token] = {"active": True}
    refusal = Reason.ENCRYPTED_TOKEN if kind == "encrypted" else Reason.UNKNOWN_ISSUER
    assert await verdict([scene.asked(scene.a)], token) == refusal
    assert scene.questions == (0, 0)
    assert await verdict([scene.asked(scene.a, accepts_unnamed_jwts=True)], token) == A


def test_several_that_take_opaque_tokens_want_consent() -> None:
    """Each would see the tokens of the other."""
    scene = Scene()
    issuers: list[Issuer] = [scene.asked(scene.a), scene.asked(scene.b)]
    with pytest.raises(ConfigurationError, match=f"{A} and {B} accept .* share_tokens=True"):
        IssuerRouter(issuers)
    assert IssuerRouter(issuers, share_tokens=True).names == (A, B)


def test_those_that_would_share_are_named() -> None:
    """Not one that takes tokens of another kind alone."""
    scene = Scene()
    accepts_unnamed_jwts: list[Issuer] = [
        OnlyJWTs(SIGNS),
        scene.asked(scene.b, accepts_unnamed_jwts=True),
    ]
    with pytest.raises(ConfigurationError, match=f"^{SIGNS} and {B} accept "):
        IssuerRouter(accepts_unnamed_jwts)


def test_consent_is_given_to_the_guard() -> None:
    """Where the issuers are listed."""
    scene = Scene()
    issuers = [scene.asked(scene.a), scene.asked(scene.b)]
    with pytest.raises(ConfigurationError, match="share_tokens=True"):
        Guard("https://api.test", issuers)
    assert Guard("https://api.test", issuers, share_tokens=True).ready is False


async def test_with_consent_they_are_asked_in_order() -> None:
    """Until one vouches for the token."""
    scene = Scene()
    issuers: list[Issuer] = [scene.asked(scene.a), scene.asked(scene.b)]
    assert await verdict(issuers, scene.a.opaque_token(), share=True) == A
    assert scene.questions == (1, 0)
    assert await verdict(issuers, scene.b.opaque_token(), share=True) == B
    assert scene.questions == (2, 1)
    assert await verdict(issuers, "unknown", share=True) == Reason.INACTIVE


async def test_one_that_is_down_does_not_stand_in_the_way() -> None:
    """A token that nobody else vouches for may be its own, so that is an outage, not a refusal."""
    scene = Scene()
    issuers: list[Issuer] = [scene.asked(scene.a), scene.asked(scene.b)]
    scene.a.outage = lambda _: httpx.Response(500)
    assert await verdict(issuers, scene.b.opaque_token(), share=True) == B
    assert await verdict(issuers, "unknown", share=True) == Reason.WRONG_METADATA


async def test_a_jwt_that_names_an_issuer_is_shared_with_nobody() -> None:
    """Consent is for tokens that name none."""
    scene = Scene()
    issuers: list[Issuer] = [
        scene.asked(scene.a, accepts_unnamed_jwts=True),
        scene.asked(scene.b, accepts_unnamed_jwts=True),
    ]
    assert await verdict(issuers, scene.b.token(), share=True) == Reason.INACTIVE
    assert scene.questions == (0, 1)


async def test_a_claim_that_is_null_names_somebody_else() -> None:
    """Only a JWT without `iss` names no issuer."""
    scene = Scene()
    payload = json.dumps({"iss": None}).encode()
    token = scene.a.keys[0].sign(payload, {"typ": "at+jwt"})
    assert (
        await verdict([scene.asked(scene.a, accepts_unnamed_jwts=True)], token)
        == Reason.UNKNOWN_ISSUER
    )


async def test_loading_waits_for_all() -> None:
    """Each finds its endpoint or its keys."""
    scene = Scene()
    router = IssuerRouter([scene.asked(scene.a), scene.signing])
    assert not router.ready
    await router.load()
    assert router.ready
    scene.signs.outage = lambda _: httpx.Response(500)
    with pytest.raises(IssuerUnavailable):
        await IssuerRouter([scene.asked(scene.a), scene.signing]).load()
    await router.aclose()
