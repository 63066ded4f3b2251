"""Thumbprints of public keys, and their comparison in constant time (RFC 7638)."""

import base64
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

__all__ = ["encode_sha256", "jwk_thumbprint", "thumbprints_match"]

_REQUIRED_MEMBERS: Mapping[object, tuple[str, ...]] = {
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "OKP": ("crv", "kty", "x"),
    "AKP": ("alg", "kty", "pub"),
}
"""The members that a thumbprint covers (RFC 7638 §3.2, RFC 8037 §2, RFC 9964 §6), sorted."""


def jwk_thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public key, base64url (RFC 7638 §3).

    Only the required members count; their order in *jwk* and other members do not. Not checked:
    that the members are a key. `import_key` does that.

    Raises:
        ValueError: The type of the key is unknown or symmetric, or a required member is missing
            or not a string.
    """
    members = _REQUIRED_MEMBERS.get(kty) if isinstance(kty := jwk.get("kty"), str) else None
    if members is None:
        raise ValueError("the type of the key is unknown or symmetric")
    required = {name: jwk.get(name) for name in members}
    if not all(isinstance(value, str) for value in required.values()):
        raise ValueError("a required member of the key is missing or not a string")
    return encode_sha256(json.dumps(required, separators=(",", ":"), ensure_ascii=False).encode())


def encode_sha256(data: bytes) -> str:
    """Return the SHA-256 hash of *data*, base64url without padding: 43 characters."""
    return base64.urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode("ascii")


def thumbprints_match(computed: str, claimed: object) -> bool:
    """Return whether *claimed* is the string *computed*, compared in constant time.

    What is no string, or has a character outside ASCII, never matches.
    """
    if not (isinstance(claimed, str) and claimed.isascii()):
        return False
    return hmac.compare_digest(computed, claimed)
