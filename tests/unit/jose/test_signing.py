"""A private key signs JWTs that PyJWT verifies; unusable keys are rejected with a reason."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from oauth_guard.jose.signing import SigningKey
from oauth_guard.jose.thumbprint import jwk_thumbprint

CLAIMS = {"iss": "api", "exp": 2_000_000_000}


def pem(private: Any, encryption: KeySerializationEncryption | None = None) -> bytes:
    """Encode a private key as PEM."""
    encoded: bytes = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
    )
    return encoded


@pytest.mark.parametrize(
    ("private", "configured", "used"),
    [
        pytest.param(rsa.generate_private_key(65537, 2048), None, "RS256", id="RSA"),
        pytest.param(rsa.generate_private_key(65537, 2048), "PS256", "PS256", id="RSA, configured"),
        pytest.param(ec.generate_private_key(ec.SECP256R1()), None, "ES256", id="P-256"),
        pytest.param(ec.generate_private_key(ec.SECP384R1()), "ES384", "ES384", id="P-384"),
        pytest.param(ec.generate_private_key(ec.SECP521R1()), None, "ES512", id="P-521"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), None, "EdDSA", id="Ed25519"),
    ],
)
def test_signed_jwt_is_verified_by_pyjwt(private: Any, configured: str | None, used: str) -> None:
    """The algorithm is the configured one, or the first that fits the key."""
    key = SigningKey.from_pem(pem(private), algorithm=configured, key_id="k1")
    token = key.sign(CLAIMS)
    assert jwt.get_unverified_header(token) == {"alg": used, "typ": "JWT", "kid": "k1"}
    assert jwt.decode(token, private.public_key(), algorithms=[used]) == CLAIMS


def test_jwt_of_a_key_without_key_id_has_no_kid() -> None:
    """The header parameter is absent, not empty."""
    private = ec.generate_private_key(ec.SECP256R1())
    token = SigningKey.from_pem(pem(private), algorithm=None, key_id=None).sign(CLAIMS)
    assert "kid" not in jwt.get_unverified_header(token)


@pytest.mark.parametrize(
    "private",
    [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)],
    ids=["EC", "RSA"],
)
def test_published_key_verifies_what_the_key_signs_and_is_named_by_its_thumbprint(
    private: Any,
) -> None:
    """RFC 7638. No private member is published."""
    key = SigningKey.from_pem(pem(private), algorithm=None, key_id=None)
    assert "kid" not in key.public_jwk
    named = key.named_by_thumbprint()
    jwk = named.public_jwk
    assert jwk["kid"] == jwk_thumbprint(jwk)
    assert not {"d", "p", "q", "key_ops"} & jwk.keys()
    public = jwt.PyJWK(jwk)
    assert jwt.decode(named.sign(CLAIMS), public, algorithms=[named.algorithm]) == CLAIMS


WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be rejected
PUBLIC = ed25519.Ed25519PrivateKey.generate().public_key()


@pytest.mark.parametrize(
    ("data", "algorithm", "message"),
    [
        pytest.param(b"", None, "no private key in PEM", id="empty"),
        pytest.param(b"secret", None, "no private key in PEM", id="a secret"),
        pytest.param(
            PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            None,
            "no private key in PEM",
            id="a public key",
        ),
        pytest.param(
            pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"password")),
            None,
            "without a password",
            id="encrypted",
        ),
        pytest.param(pem(WEAK), None, "too weak", id="a short RSA key"),
        pytest.param(
            pem(ec.generate_private_key(ec.SECP256K1())),
            None,
            "too weak",
            id="an unsupported curve",
        ),
        pytest.param(pem(x25519.X25519PrivateKey.generate()), None, "can't sign", id="X25519"),
        pytest.param(
            pem(ec.generate_private_key(ec.SECP256R1())),
            "RS256",
            "it can only sign with ES256",
            id="an algorithm of another key type",
        ),
    ],
)
def test_unusable_private_key_is_rejected(data: bytes, algorithm: str | None, message: str) -> None:
    """The message states the fault, and quotes nothing of the key."""
    with pytest.raises(ValueError, match=message) as raised:
        SigningKey.from_pem(data, algorithm=algorithm, key_id=None)
    assert "PRIVATE" not in str(raised.value)


def test_repr_of_a_signing_key_has_no_key_material() -> None:
    """It is the default `repr`, so the object is safe to log."""
    private = ec.generate_private_key(ec.SECP256R1())
    text = repr(SigningKey.from_pem(pem(private), algorithm=None, key_id="k1"))
    assert text.startswith("<oauth_guard.jose.signing.SigningKey object at")


def test_generated_key_signs_for_its_public_jwk() -> None:
    """The JWK has no private member, and the header may have further ones."""
    key = SigningKey.generate()
    token = key.sign({"a": 1}, {"typ": "x+jwt"})
    assert "d" not in key.public_jwk
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "x+jwt"}
    assert jwt.decode(token, jwt.PyJWK(key.public_jwk).key, ["ES256"]) == {"a": 1}
