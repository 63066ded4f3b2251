"""Keys that were configured verify what fits them, and are refused at once where none would."""

from typing import Any

import jwt
import pytest

from oauth_guard import ConfigurationError, JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.jose.jws import parse_jws
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey

ISSUER = "https://as.example.com"
SECRET = bytes(range(64))


def shared(
    algorithm: str = "HS256", secret: bytes = SECRET, key_id: str | None = None, **header: Any
) -> str:
    """Return an access token that was authenticated with *secret*."""
    named = {"typ": "at+jwt", **({"kid": key_id} if key_id else {}), **header}
    return jwt.encode(LocalIssuer(ISSUER).claims("read"), secret, algorithm, named)


async def verdict(issuer: JWTIssuer, token: str) -> str:
    """Return what *issuer* makes of *token*: the subject, or the reason why not."""
    try:
        return str((await issuer.validate(RawToken(token))).token.subject)
    except InvalidToken as error:
        return error.reason


@pytest.mark.parametrize(
    ("settings", "token", "outcome"),
    [
        pytest.param({}, shared(), "u1", id="HS256 unless told otherwise"),
        pytest.param({}, shared(key_id="2026-01"), "u1", id="by any name"),
        pytest.param(
            {"algorithms": ["HS256", "HS512"]}, shared("HS512"), "u1", id="one of several"
        ),
        pytest.param({}, shared("HS512"), Reason.ALGORITHM_NOT_ALLOWED, id="another algorithm"),
        pytest.param({}, shared(secret=bytes(64)), Reason.BAD_SIGNATURE, id="another secret"),
        pytest.param(
            {}, SigningKey("k").sign(b"{}", {}), Reason.UNKNOWN_ISSUER, id="another's key"
        ),
        pytest.param(
            {},
            LocalIssuer(ISSUER).token(),
            Reason.ALGORITHM_NOT_ALLOWED,
            id="a key that is published",
        ),
    ],
)
async def test_a_shared_secret_verifies(settings: dict[str, Any], token: str, outcome: str) -> None:
    """Only by the algorithms that were chosen for it, and whatever the issuer calls it."""
    issuer = JWTIssuer(ISSUER, secret=SECRET, **settings)
    assert issuer.ready
    assert await verdict(issuer, token) == outcome


async def test_a_published_key_is_no_secret() -> None:
    """A token that was authenticated with the text of a public key is refused."""
    key = SigningKey("k1", "RS256")
    issuer = JWTIssuer(ISSUER, keys={"keys": [key.jwk]})
    token = shared(secret=key.jwk["n"].encode(), key_id="k1")
    assert await verdict(issuer, token) == Reason.ALGORITHM_NOT_ALLOWED
    with pytest.raises(InvalidToken, match=Reason.UNKNOWN_KEY):
        await StaticKeySet.from_jwks({"keys": [key.jwk]}).verify(parse_jws(token))


SHORT = "secret= is missing or too short: a secret for"


@pytest.mark.parametrize(
    ("settings", "instead"),
    [
        ({"secret": bytes(31)}, f"{SHORT} HS256 has at least 32 bytes"),
        ({"secret": b""}, f"{SHORT} HS256 has at least 32 bytes"),
        ({"algorithms": ["HS384"]}, f"{SHORT} HS384 has at least 48 bytes"),
        (
            {"secret": bytes(63), "algorithms": ["HS256", "HS512"]},
            f"{SHORT} HS256, HS512 has at least 64 bytes",
        ),
        ({"secret": "x" * 64}, r"secret= takes bytes: write secret=text.encode\(\)"),
        ({"secret": SECRET, "algorithms": ["ES256"]}, r'is for algorithms=\["HS256"\], HS384 or'),
        ({"secret": SECRET, "algorithms": ["ES256", "HS256"]}, "algorithms= mixes HS algorithms"),
        ({"secret": SECRET, "keys": {"keys": [SigningKey("k").jwk]}}, "leave out keys and threads"),
        ({"secret": SECRET, "jwks_uri": f"{ISSUER}/jwks"}, "leave out keys and threads"),
        ({"secret": SECRET, "metadata_url": f"{ISSUER}/x"}, "leave out keys and threads"),
        ({"algorithms": ["HS256"], "jwks_uri": f"{ISSUER}/jwks"}, "leave out keys and threads"),
    ],
)
def test_a_secret_that_would_not_do_is_refused(settings: dict[str, Any], instead: str) -> None:
    """It is long enough, for the algorithms that were chosen, and all there is."""
    with pytest.raises(ConfigurationError, match=instead) as caught:
        JWTIssuer(ISSUER, **settings)
    assert repr(settings.get("secret", "nothing")) not in str(caught.value)


async def test_keys_that_are_here_need_no_start() -> None:
    """Starting, loading and closing them do nothing."""
    keys = StaticKeySet.from_jwks({"keys": [SigningKey("k1").jwk]})
    keys.start()
    await keys.load()
    await keys.aclose()
    assert keys.ready
