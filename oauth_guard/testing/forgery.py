"""forge(): tokens of a local issuer of which every part can be chosen, for attacks."""

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
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from oauth_guard.testing.issuer import LocalIssuer, SigningKey

__all__ = [
    "Sign",
    "always",
    "attacker_certificate",
    "attacker_key",
    "by_attacker",
    "by_issuer",
    "encode",
    "forge",
    "with_public_key_as_secret",
]

Sign: TypeAlias = Callable[[LocalIssuer, bytes], bytes]
"""Makes a signature over the first two segments of a token."""

_ALGORITHMS = get_default_algorithms()


def by_issuer(issuer: LocalIssuer, message: bytes) -> bytes:
    """Sign with the issuer's key."""
    return _signature(issuer.keys[0], message)


def by_attacker(issuer: LocalIssuer, message: bytes) -> bytes:
    """Sign with the attacker's key, by the algorithm of the issuer's."""
    return _signature(attacker_key(issuer.keys[0].algorithm), message)


def always(signature: bytes) -> Sign:
    """Return a function that gives the same bytes for every input."""
    return lambda _issuer, _message: signature


def with_public_key_as_secret(form: str) -> Sign:
    """Return an HMAC function whose secret is the issuer's public key, as PEM, DER or JWK."""

    def sign(issuer: LocalIssuer, message: bytes) -> bytes:
        public = issuer.keys[0].private.public_key()
        secrets = {
            "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "JWK": json.dumps(issuer.keys[0].jwk).encode(),
        }
        return hmac.digest(secrets[form], message, hashlib.sha256)

    return sign


@cache
def attacker_key(algorithm: str) -> SigningKey:
    """Return a key of *algorithm* that no issuer publishes."""
    return SigningKey("attacker", algorithm)


@cache
def attacker_certificate(algorithm: str) -> str:
    """Return a certificate that the attacker made for the attacker's key, for `x5c`."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "attacker")])
    private = attacker_key(algorithm).private
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2036, 1, 1, tzinfo=dt.UTC))
        .sign(private, hashes.SHA256() if algorithm[:2] in {"ES", "RS", "PS"} else None)
    )
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def forge(  # noqa: PLR0913 - the parts of a token, each by keyword and with a default
    issuer: LocalIssuer,
    claims: Mapping[str, Any],
    *,
    header: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
    edit: tuple[str, str] = ("", ""),
    sign: Sign = by_issuer,
) -> str:
    """Return a token of *issuer* with *claims*; without changes it is valid.

    Args:
        issuer: Signs, and names key and type.
        claims: All claims; None becomes null.
        header: Changes to header parameters.
        without: Header parameters and claims to remove.
        edit: A piece of the JSON of header or claims, and its replacement.
        sign: Makes the signature.
    """
    key = issuer.keys[0]
    genuine = {"alg": key.algorithm, "kid": key.key_id, "typ": issuer.typ}
    members = ({**genuine, **(header or {})}, claims)
    texts = [json.dumps({n: v for n, v in each.items() if n not in without}) for each in members]
    texts = [text.replace(*edit, 1) if edit[0] else text for text in texts]
    signed = ".".join(encode(text.encode("utf-8", "surrogatepass")) for text in texts)
    return f"{signed}.{encode(sign(issuer, signed.encode()))}"


def encode(data: bytes) -> str:
    """Return *data* in base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(key: SigningKey, message: bytes) -> bytes:
    algorithm = _ALGORITHMS.get(key.algorithm)  # PyJWT does not know ML-DSA
    return bytes(algorithm.sign(message, key.private) if algorithm else key.private.sign(message))
