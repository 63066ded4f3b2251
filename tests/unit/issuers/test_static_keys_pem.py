"""StaticKeySet: configured keys in PEM, one or several, with `kid` or without."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oauth_guard import ConfigurationError, JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey

ISSUER = "https://as.example.com"
KEYS = [SigningKey("k1", "RS256"), SigningKey("k2")]


def _pem(private: Any) -> str:
    pem: bytes = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


PEMS = [_pem(key.private) for key in KEYS]


@pytest.mark.parametrize(
    ("keys", "known"),
    [
        pytest.param(PEMS[0], [True, False], id="one, as text"),
        pytest.param(PEMS[1].encode(), [False, True], id="one, as bytes"),
        pytest.param(PEMS, [True, True], id="a list"),
        pytest.param(dict(zip(["k1", "k2"], PEMS, strict=True)), [True, True], id="by kid"),
        pytest.param({"k1": PEMS[0].encode()}, [True, False], id="one by kid, as bytes"),
        pytest.param({"keys": PEMS[0]}, [False, False], id="a kid with the name of a member"),
    ],
)
async def test_token_is_verified_with_configured_pem(keys: Any, known: list[bool]) -> None:
    """A key without `kid` matches every token of its algorithms, a key with one only its own."""
    issuer = JWTIssuer(ISSUER, keys=keys)
    for key, is_known in zip(KEYS, known, strict=True):
        token = RawToken(LocalIssuer(ISSUER, key=key).token("read"))
        if is_known:
            assert (await issuer.validate(token)).token.subject == "u1"
        else:
            with pytest.raises(InvalidToken, match=Reason.UNKNOWN_KEY):
                await issuer.validate(token)


@pytest.mark.parametrize("write", [lambda pem: pem, lambda pem: [pem], lambda pem: {"k1": pem}])
def test_weak_key_in_pem_is_rejected_like_a_weak_jwk(write: Callable[[str], Any]) -> None:
    """PEM takes the same path as a JWK set."""
    pem = _pem(rsa.generate_private_key(65537, 1024))  # noqa: S505 - it must be rejected
    with pytest.raises(ConfigurationError, match="an RSA key must have 2048 to 8192 bits"):
        JWTIssuer(ISSUER, keys=write(pem))
