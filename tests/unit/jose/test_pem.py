"""jwk_from_pem: which PEM blocks are keys, and the JWK of each."""

import datetime as dt
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from oauth_guard.jose.jwk import import_key
from oauth_guard.jose.pem import jwk_from_pem
from oauth_guard.testing import SigningKey

_KEYS = {name: SigningKey("k1", name) for name in ("RS256", "ES256", "ES384", "ES512", "EdDSA")}
_RSA = _KEYS["RS256"].private
_PRIVATE_FORMS = {
    "PKCS 8": PrivateFormat.PKCS8,
    "PKCS 1": PrivateFormat.TraditionalOpenSSL,
}
_UNSUPPORTED: dict[str, Callable[[], Any]] = {
    "Ed448": ed448.Ed448PrivateKey.generate,
    "DSA": lambda: dsa.generate_private_key(2048),
    "another curve": lambda: ec.generate_private_key(ec.SECP256K1()),
}


def _public(private: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    pem: bytes = private.public_key().public_bytes(Encoding.PEM, form)
    return pem.decode()


def _private(private: Any, form: PrivateFormat) -> str:
    pem: bytes = private.private_bytes(Encoding.PEM, form, NoEncryption())
    return pem.decode()


def _certificate(private: Any) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1, begin, begin)
    digest = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(private, digest).public_bytes(Encoding.PEM).decode()


def _with_version_11() -> str:
    pem = _certificate(_RSA)
    der = b64decode("".join(pem.splitlines()[1:-1]))
    changed = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x0a", 1)
    return "\n".join([pem.splitlines()[0], b64encode(changed).decode(), pem.splitlines()[-1], ""])


@pytest.mark.parametrize("write", [_public, _certificate], ids=["public key", "certificate"])
@pytest.mark.parametrize("name", _KEYS)
def test_pem_has_the_members_of_the_published_jwk(name: str, write: Callable[[Any], str]) -> None:
    """As text and as bytes. The dates of a certificate are not checked."""
    key, pem = _KEYS[name], write(_KEYS[name].private)
    published = {k: v for k, v in key.jwk.items() if k not in {"kid", "use", "alg"}}
    assert jwk_from_pem(pem) == jwk_from_pem(pem.encode()) == published


def test_pkcs1_public_key_is_read() -> None:
    """Its label is RSA PUBLIC KEY; line breaks may be those of Windows."""
    pem = _public(_RSA, PublicFormat.PKCS1).replace("\n", "\r\n")
    assert jwk_from_pem(pem) == jwk_from_pem(_public(_RSA))


def test_coordinates_have_the_length_of_the_curve() -> None:
    """Leading zeros are written (RFC 7518 section 6.2.1.2)."""
    for number in range(1, 600):
        private = ec.derive_private_key(number, ec.SECP256R1())
        import_key(jwk_from_pem(_public(private)))


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        pytest.param("", "write one block", id="empty"),
        pytest.param(_public(_RSA).split("-----")[2], "write one block", id="no label"),
        pytest.param(_public(_RSA) * 2, "write one block", id="two blocks"),
        pytest.param(_public(_RSA).replace("\n", "\\n"), "the block is no", id="escaped breaks"),
        pytest.param(_public(_RSA)[:200], "the block is no public key", id="cut off"),
        pytest.param(
            _public(_RSA).replace("PUBLIC KEY", "X509 CRL"), "the block is no", id="another label"
        ),
        pytest.param(
            _public(_RSA).replace("PUBLIC KEY", "CERTIFICATE"), "the block is no", id="wrong label"
        ),
        *(
            pytest.param(_private(_RSA, form), "the key is private", id=f"private {name}")
            for name, form in _PRIVATE_FORMS.items()
        ),
        pytest.param(
            _public(_RSA) + _private(_RSA, PrivateFormat.PKCS8), "is private", id="with its private"
        ),
        *(
            pytest.param(_public(make()), "the block is no public key or", id=name)
            for name, make in _UNSUPPORTED.items()
        ),
        pytest.param(_with_version_11(), "the block is no", id="version 11 of X.509"),
    ],
)
def test_pem_that_is_not_one_usable_public_key_is_rejected(pem: str, problem: str) -> None:
    """The text says what to write, and quotes nothing of the PEM."""
    with pytest.raises(ValueError, match=problem) as rejected:
        jwk_from_pem(pem)
    assert not any(line in str(rejected.value) for line in pem.split() if len(line) > 20)
