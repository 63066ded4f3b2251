"""How each algorithm tells a good signature (RFC 7518 §3, RFC 8037 §3.1, RFC 9864 §2)."""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

__all__ = ["ASYMMETRIC", "CHECKS", "EDWARDS", "HASH_BYTES", "RSA", "SYMMETRIC"]

RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
EDWARDS = frozenset({"EdDSA", "Ed25519"})

ASYMMETRIC = RSA | EDWARDS | {"ES256", "ES384", "ES512"}
"""The signature algorithms of issuers that publish keys; the default."""

HASH_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
SYMMETRIC = frozenset(HASH_BYTES)
"""The algorithms of a secret that the issuer shares; no published key ever verifies one."""

Check: TypeAlias = Callable[[Any, bytes, bytes], None]
"""Holds a signature, by a key that fits, to what was signed; raises `InvalidSignature`."""


def _rsa(padding: AsymmetricPadding, digest: HashAlgorithm) -> Check:
    def check(key: Any, signature: bytes, signed: bytes) -> None:
        key.verify(signature, signed, padding, digest)

    return check


def _pss(digest: HashAlgorithm) -> Check:
    return _rsa(PSS(MGF1(digest), digest.digest_size), digest)


def _ecdsa(digest: HashAlgorithm, size: int) -> Check:
    """Take r and s as RFC 7518 §3.4 writes them, in *size* bytes each."""
    scheme = ECDSA(digest)

    def check(key: Any, signature: bytes, signed: bytes) -> None:
        if len(signature) != 2 * size:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        key.verify(encode_dss_signature(r, s), signed, scheme)

    return check


def _eddsa(key: Any, signature: bytes, signed: bytes) -> None:
    key.verify(signature, signed)


def _mac(digest: str) -> Check:
    def check(key: bytes, signature: bytes, signed: bytes) -> None:
        if not hmac.compare_digest(hmac.digest(key, signed, digest), signature):
            raise InvalidSignature

    return check


# Padding and hash are made here, once, since making them costs up to 3 µs.
CHECKS: Mapping[str, Check] = {
    "RS256": _rsa(PKCS1v15(), SHA256()),
    "RS384": _rsa(PKCS1v15(), SHA384()),
    "RS512": _rsa(PKCS1v15(), SHA512()),
    "PS256": _pss(SHA256()),
    "PS384": _pss(SHA384()),
    "PS512": _pss(SHA512()),
    "ES256": _ecdsa(SHA256(), 32),
    "ES384": _ecdsa(SHA384(), 48),
    "ES512": _ecdsa(SHA512(), 66),
    "EdDSA": _eddsa,
    "Ed25519": _eddsa,
    "HS256": _mac("sha256"),
    "HS384": _mac("sha384"),
    "HS512": _mac("sha512"),
}
"""The check of each algorithm that we know; `none` is none of them."""
