"""Signature verification for each JWS algorithm (RFC 7518 §3, RFC 8037 §3.1, RFC 9864, 9964)."""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from oauth_guard.jose.ml_dsa import ML_DSA

__all__ = ["ASYMMETRIC", "EDDSA", "HASH_BYTES", "RSA", "SYMMETRIC", "VERIFIERS", "der_signature"]

RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
EDDSA = frozenset({"EdDSA", "Ed25519"})

ASYMMETRIC = RSA | EDDSA | {"ES256", "ES384", "ES512"} | frozenset(ML_DSA)
"""The signature algorithms of issuers that publish keys; the default."""

HASH_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
SYMMETRIC = frozenset(HASH_BYTES)
"""The MAC algorithms, for a secret shared with the issuer. No published key verifies them."""

_DER_LONG = 0x80  # from here on, a length takes one byte more (X.690 §8.1.3)

Verifier: TypeAlias = Callable[[Any, bytes, bytes], bool]
"""Returns whether a key, which it does not check, verifies a signature of a signing input."""


def _rsa(padding: AsymmetricPadding, digest: HashAlgorithm) -> Verifier:
    def verify(key: Any, signature: bytes, signing_input: bytes) -> bool:
        try:
            key.verify(signature, signing_input, padding, digest)
        except InvalidSignature:
            return False
        return True

    return verify


def _pss(digest: HashAlgorithm) -> Verifier:
    return _rsa(PSS(MGF1(digest), digest.digest_size), digest)


def _ecdsa(digest: HashAlgorithm, size: int) -> Verifier:
    """Return a verifier of signatures that are r and s in *size* bytes each (RFC 7518 §3.4)."""
    scheme = ECDSA(digest)

    def verify(key: Any, signature: bytes, signing_input: bytes) -> bool:
        if len(signature) != 2 * size:
            return False
        try:
            key.verify(der_signature(signature), signing_input, scheme)
        except InvalidSignature:
            return False
        return True

    return verify


def der_signature(signature: bytes) -> bytes:
    """Return an ECDSA *signature* of r and s, of at most 66 bytes each, in DER (RFC 3279 §2.2.3).

    The two numbers are not checked.
    """
    size = len(signature) // 2
    numbers = _der_integer(signature[:size]) + _der_integer(signature[size:])
    head = b"0" if len(numbers) < _DER_LONG else b"0\x81"
    return b"%b%c%b" % (head, len(numbers), numbers)


def _der_integer(number: bytes) -> bytes:
    """Return an unsigned *number* as a DER integer: as short as it can be, and not negative."""
    digits = number.lstrip(b"\0")
    if not digits or digits[0] & 0x80:
        digits = b"\0" + digits
    return b"\x02%c%b" % (len(digits), digits)


def _plain(key: Any, signature: bytes, signing_input: bytes) -> bool:
    try:
        key.verify(signature, signing_input)
    except InvalidSignature:
        return False
    return True


def _hmac(digest: str) -> Verifier:
    def verify(key: bytes, signature: bytes, signing_input: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(key, signing_input, digest), signature)

    return verify


# Padding and hash objects are built once, because building them costs up to 3 µs.
VERIFIERS: Mapping[str, Verifier] = {
    "RS256": _rsa(PKCS1v15(), SHA256()),
    "RS384": _rsa(PKCS1v15(), SHA384()),
    "RS512": _rsa(PKCS1v15(), SHA512()),
    "PS256": _pss(SHA256()),
    "PS384": _pss(SHA384()),
    "PS512": _pss(SHA512()),
    "ES256": _ecdsa(SHA256(), 32),
    "ES384": _ecdsa(SHA384(), 48),
    "ES512": _ecdsa(SHA512(), 66),
    "EdDSA": _plain,
    "Ed25519": _plain,
    "HS256": _hmac("sha256"),
    "HS384": _hmac("sha384"),
    "HS512": _hmac("sha512"),
    **dict.fromkeys(ML_DSA, _plain),
}
"""The verifier of each supported algorithm. `none` is not supported."""
