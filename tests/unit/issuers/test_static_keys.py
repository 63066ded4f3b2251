"""StaticKeySet: verification with configured keys, and the checks of keys and secrets."""

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


def token_with_secret(
    algorithm: str = "HS256", secret: bytes = SECRET, key_id: str | None = None, **header: Any
) -> str:
    """Return an access token with an HMAC by *secret*."""
    headers = {"typ": "at+jwt", **({"kid": key_id} if key_id else {}), **header}
    return jwt.encode(LocalIssuer(ISSUER).claims("read"), secret, algorithm, headers)


async def verdict(issuer: JWTIssuer, token: str) -> str:
    """Return the subject of *token*, or the reason why *issuer* rejects it."""
    try:
        return str((await issuer.validate(RawToken(token))).token.subject)
    except InvalidToken as error:
        return error.reason


@pytest.mark.parametrize(
    ("settings", "token", "outcome"),
    [
        pytest.param({}, token_with_secret(), "u1", id="HS256 by default"),
        pytest.param({}, token_with_secret(key_id="2026-01"), "u1", id="any kid"),
        pytest.param(
            {"algorithms": ["HS256", "HS512"]},
            token_with_secret("HS512"),
            "u1",
            id="one of several",
        ),
        pytest.param(
            {}, token_with_secret("HS512"), Reason.ALGORITHM_NOT_ALLOWED, id="another algorithm"
        ),
        pytest.param(
            {}, token_with_secret(secret=bytes(64)), Reason.BAD_SIGNATURE, id="another secret"
        ),
        pytest.param(
            {}, SigningKey("k").sign(b"{}", {}), Reason.UNKNOWN_ISSUER, id="no issuer claim"
        ),
        pytest.param(
            {},
            LocalIssuer(ISSUER).token(),
            Reason.ALGORITHM_NOT_ALLOWED,
            id="a public key algorithm",
        ),
    ],
)
async def test_shared_secret_verifies_tokens_of_the_allowed_algorithms(
    settings: dict[str, Any], token: str, outcome: str
) -> None:
    """The `kid` does not matter."""
    issuer = JWTIssuer(ISSUER, secret=SECRET, **settings)
    assert issuer.ready
    assert await verdict(issuer, token) == outcome


async def test_public_key_is_not_accepted_as_an_hmac_secret() -> None:
    """This is the algorithm confusion attack (RFC 8725 §2.1)."""
    key = SigningKey("k1", "RS256")
    issuer = JWTIssuer(ISSUER, keys={"keys": [key.jwk]})
    token = token_with_secret(secret=key.jwk["n"].encode(), key_id="k1")
    assert await verdict(issuer, token) == Reason.ALGORITHM_NOT_ALLOWED
    with pytest.raises(InvalidToken, match=Reason.UNKNOWN_KEY):
        await StaticKeySet.from_jwks({"keys": [key.jwk]}).verify(parse_jws(token))


SHORT = "secret= is missing or too short: a secret for"


@pytest.mark.parametrize(
    ("settings", "message"),
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
def test_unusable_secret_is_a_configuration_error(settings: dict[str, Any], message: str) -> None:
    """The message does not contain the secret."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        JWTIssuer(ISSUER, **settings)
    assert repr(settings.get("secret", "nothing")) not in str(caught.value)


def test_secret_that_is_text_is_a_configuration_error() -> None:
    """Text has no bytes before an encoding is chosen."""
    secret: Any = "x" * 64
    with pytest.raises(ConfigurationError, match=r"write secret=text.encode\(\)"):
        StaticKeySet.from_secret(secret, frozenset({"HS256"}))


def test_more_than_100_configured_keys_are_a_configuration_error() -> None:
    """The operator wrote them, so none is left out silently."""
    with pytest.raises(ConfigurationError, match="at most 100 keys"):
        JWTIssuer(ISSUER, keys={"keys": [SigningKey("k1").jwk] * 101})


async def test_start_load_and_aclose_have_no_effect() -> None:
    """Static keys are ready without them."""
    keys = StaticKeySet.from_jwks({"keys": [SigningKey("k1").jwk]})
    keys.start()
    await keys.load()
    await keys.aclose()
    assert keys.ready
