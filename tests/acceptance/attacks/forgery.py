"""Forged tokens, of which every part can be chosen."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import Api, signing_keys

Sign: TypeAlias = Callable[[bytes], bytes]
"""Makes a signature over the first two segments of a token."""

HEADER = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def by(key: SigningKey) -> Sign:
    """Return the signature function of *key*."""
    algorithm = get_default_algorithms()[key.algorithm]
    return lambda message: bytes(algorithm.sign(message, key.private))


def by_k1(message: bytes) -> bytes:
    """Sign with the issuer's key."""
    return by(signing_keys()[0])(message)


def with_secret(secret: bytes) -> Sign:
    """Return an HMAC function; the attack is which bytes are used as the secret."""
    return lambda message: hmac.digest(secret, message, hashlib.sha256)


def always(signature: bytes) -> Sign:
    """Return a function that gives the same bytes for every input."""
    return lambda _: signature


def by_k1_as_der(message: bytes) -> bytes:
    """Sign with the issuer's key, in the DER format that X.509 uses."""
    signature = by_k1(message)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    return bytes(encode_dss_signature(r, s))


@cache
def attacker_key() -> SigningKey:
    """Return the attacker's key, which has the `kid` of the issuer's."""
    return SigningKey("k1")


@cache
def attacker_certificate() -> str:
    """Return a certificate that the attacker made for the attacker's key, for `x5c`."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "as.example.com")])
    private = attacker_key().private
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2036, 1, 1, tzinfo=dt.UTC))
        .sign(private, hashes.SHA256())
    )
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def public_k2(form: str) -> bytes:
    """Return the issuer's public RSA key in an encoding that may be mistaken for a secret."""
    key = signing_keys()[1]
    public = key.private.public_key()
    match form:
        case "PEM":
            return bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        case "DER":
            return bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        case "JWK":
            return json.dumps(key.jwk).encode()
        case _:
            return base64.urlsafe_b64decode(key.jwk["n"] + "==")


def forge(
    api: Api,
    *,
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
    edit: tuple[str, str] = ("", ""),
    sign: Sign = by_k1,
) -> str:
    """Return `T` with these changes; without changes it is valid.

    Args:
        api: Provides issuer and clock.
        header: Changes to header parameters.
        claims: Changes to claims; None becomes null.
        without: Header parameters and claims to remove.
        edit: A piece of the JSON of header or claims, and its replacement.
        sign: Makes the signature.
    """
    genuine = api.authority.claims(scope="read", jti="j1")
    members = ({**HEADER, **(header or {})}, {**genuine, **(claims or {})})
    texts = [json.dumps({n: v for n, v in each.items() if n not in without}) for each in members]
    if edit[0]:
        assert any(edit[0] in text for text in texts)
        texts = [text.replace(*edit) for text in texts]
    signed = ".".join(encode(text.encode("utf-8", "surrogatepass")) for text in texts)
    return f"{signed}.{encode(sign(signed.encode()))}"


def encode(data: bytes) -> str:
    """Return *data* in base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
