"""IssuerRouter: several entries for one issuer, each with its own algorithms."""

from typing import Any

import jwt
import pytest

from oauth_guard import ClientSecretBasic, ConfigurationError, IntrospectionIssuer, JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey

ISSUER = "https://as.example.com"
SECRET = bytes(range(32))
KEYS = {name: SigningKey(name, name) for name in ("ES256", "RS256")}


def _signed(*algorithms: str, **settings: Any) -> JWTIssuer:
    keys = {"keys": [KEYS[name].jwk for name in algorithms]}
    return JWTIssuer(ISSUER, keys=keys, **settings)


def _introspecting() -> IntrospectionIssuer:
    return IntrospectionIssuer(
        ISSUER, client=ClientSecretBasic("api", "secret"), http=LocalIssuer(ISSUER).http
    )


def _with_secret(secret: bytes = SECRET, **header: str) -> str:
    claims = LocalIssuer(ISSUER).claims("read")
    return jwt.encode(claims, secret, "HS256", {"typ": "at+jwt", **header})


def _token(algorithm: str) -> str:
    return LocalIssuer(ISSUER, key=KEYS[algorithm]).token("read")


def _issuers() -> list[JWTIssuer]:
    """Return three entries for one issuer, which together accept three algorithms."""
    return [
        JWTIssuer(ISSUER, secret=SECRET),
        _signed("ES256", algorithms=["ES256"]),
        _signed("RS256", algorithms=["RS256"]),
    ]


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("introspecting", [False, True])
async def test_token_is_validated_by_the_entry_that_accepts_its_algorithm(
    first: int, introspecting: bool
) -> None:
    """In any order of the entries, and beside one that introspects opaque tokens."""
    listed = [*_issuers()[first:], *_issuers()[:first]]
    router = IssuerRouter([*listed, *([_introspecting()] if introspecting else [])])
    for token in (_with_secret(), _token("ES256"), _token("RS256")):
        assert (await router.validate(RawToken(token))).token.issuer == ISSUER
    assert router.names == (ISSUER,)


@pytest.mark.conformance("8725-01")
@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(_with_secret(bytes(32)), Reason.BAD_SIGNATURE, id="an HMAC by another secret"),
        pytest.param(
            _with_secret(KEYS["ES256"].jwk["x"].encode(), kid="ES256"),
            Reason.BAD_SIGNATURE,
            id="an HMAC by a public key",
        ),
        pytest.param(
            LocalIssuer(ISSUER, key=SigningKey("ES256")).token(),
            Reason.BAD_SIGNATURE,
            id="a key that is not published",
        ),
        pytest.param(
            LocalIssuer(ISSUER, key=SigningKey("k", "ES384")).token(),
            Reason.ALGORITHM_NOT_ALLOWED,
            id="an algorithm of no entry",
        ),
    ],
)
async def test_each_algorithm_is_verified_with_its_own_keys_only(
    token: str, reason: Reason
) -> None:
    """A public key is never the secret of an HMAC (RFC 8725 section 2.1)."""
    with pytest.raises(InvalidToken, match=reason):
        await IssuerRouter(_issuers()).validate(RawToken(token))


@pytest.mark.parametrize(
    "issuers",
    [
        pytest.param(lambda: [_signed("ES256"), _signed("RS256")], id="every algorithm"),
        pytest.param(
            lambda: [_signed("ES256"), _signed("ES256", algorithms=["ES256"])], id="one in common"
        ),
        pytest.param(
            lambda: [JWTIssuer(ISSUER, secret=SECRET), JWTIssuer(ISSUER, secret=bytes(32))],
            id="two secrets",
        ),
        pytest.param(lambda: [_introspecting(), _introspecting()], id="two that introspect"),
        pytest.param(
            lambda: [_introspecting(), _signed("ES256"), _introspecting()],
            id="two that introspect, and one that verifies",
        ),
    ],
)
def test_entries_that_accept_the_same_token_are_rejected(issuers: Any) -> None:
    """It would be undefined which of them validates it."""
    with pytest.raises(ConfigurationError, match="twice: list it once, or for two kinds of keys"):
        IssuerRouter(issuers(), share_tokens=True)
