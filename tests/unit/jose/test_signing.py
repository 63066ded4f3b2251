"""A private key of ours signs what PyJWT verifies, and odd keys are refused in words."""

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

CLAIMS = {"iss": "api", "exp": 2_000_000_000}


def pem(private: Any, encryption: KeySerializationEncryption | None = None) -> bytes:
    """Return a private key as it stands in a file."""
    encoded: bytes = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
    )
    return encoded


@pytest.mark.parametrize(
    ("private", "named", "used"),
    [
        pytest.param(rsa.generate_private_key(65537, 2048), None, "RS256", id="RSA"),
        pytest.param(rsa.generate_private_key(65537, 2048), "PS256", "PS256", id="RSA, named"),
        pytest.param(ec.generate_private_key(ec.SECP256R1()), None, "ES256", id="P-256"),
        pytest.param(ec.generate_private_key(ec.SECP384R1()), "ES384", "ES384", id="P-384"),
        pytest.param(ec.generate_private_key(ec.SECP521R1()), None, "ES512", id="P-521"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), None, "EdDSA", id="Ed25519"),
    ],
)
def test_what_it_signs_is_verified(private: Any, named: str | None, used: str) -> None:
    """The algorithm is the one that was named, or the first that fits."""
    key = SigningKey.from_pem(pem(private), algorithm=named, key_id="k1")
    token = key.sign(CLAIMS)
    assert jwt.get_unverified_header(token) == {"alg": used, "typ": "JWT", "kid": "k1"}
    assert jwt.decode(token, private.public_key(), algorithms=[used]) == CLAIMS


def test_a_key_without_a_name_has_none() -> None:
    """There is no empty `kid`."""
    private = ec.generate_private_key(ec.SECP256R1())
    token = SigningKey.from_pem(pem(private), algorithm=None, key_id=None).sign(CLAIMS)
    assert "kid" not in jwt.get_unverified_header(token)


WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused
PUBLIC = ed25519.Ed25519PrivateKey.generate().public_key()


@pytest.mark.parametrize(
    ("data", "algorithm", "text"),
    [
        pytest.param(b"", None, "no private key in PEM", id="nothing"),
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
            id="locked",
        ),
        pytest.param(pem(WEAK), None, "too weak", id="a short RSA key"),
        pytest.param(
            pem(ec.generate_private_key(ec.SECP256K1())), None, "too weak", id="an odd curve"
        ),
        pytest.param(pem(x25519.X25519PrivateKey.generate()), None, "can't sign", id="X25519"),
        pytest.param(
            pem(ec.generate_private_key(ec.SECP256R1())),
            "RS256",
            "it can sign by ES256 alone",
            id="another algorithm",
        ),
    ],
)
def test_an_odd_key_is_refused(data: bytes, algorithm: str | None, text: str) -> None:
    """The text says what is wrong, and quotes nothing of the key."""
    with pytest.raises(ValueError, match=text) as raised:
        SigningKey.from_pem(data, algorithm=algorithm, key_id=None)
    assert "PRIVATE" not in str(raised.value)


def test_its_repr_tells_nothing() -> None:
    """A log that shows the object shows no key."""
    private = ec.generate_private_key(ec.SECP256R1())
    text = repr(SigningKey.from_pem(pem(private), algorithm=None, key_id="k1"))
    assert text.startswith("<oauth_guard.jose.signing.SigningKey object at")
