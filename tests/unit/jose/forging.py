"""Builds tokens with a valid signature over any bytes, so that a test can vary the form alone."""

import base64
import json
from functools import cache
from typing import Any

from jwt.algorithms import get_default_algorithms

from oauth_guard.testing import SigningKey

__all__ = ["CLAIMS", "HEADER", "decode", "forge", "key_for", "segment", "sign"]

HEADER = {"alg": "ES256", "kid": "ES256", "typ": "at+jwt"}
CLAIMS = {
    "iss": "https://as.example.com",
    "aud": "https://api.example.com",
    "sub": "u1",
    "client_id": "c1",
    "jti": "j1",
    "iat": 1_700_000_000,
    "exp": 1_700_000_300,
    "scope": "read",
}

_ALGORITHMS = get_default_algorithms()


@cache
def key_for(algorithm: str) -> SigningKey:
    """Return the test key of *algorithm*, whose `kid` is the name of the algorithm."""
    return SigningKey(algorithm, algorithm)


def segment(value: Any) -> str:
    """Encode *value* as a segment: bytes unchanged, anything else as JSON."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(encoded: str) -> bytes:
    """Decode a segment, with or without padding."""
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def sign(header: str, payload: str, algorithm: str = "ES256") -> str:
    """Sign two encoded segments, valid or not."""
    signing_input = f"{header}.{payload}".encode()
    private = key_for(algorithm).private
    signature: bytes = _ALGORITHMS[algorithm].sign(signing_input, private)
    return f"{header}.{payload}.{segment(signature)}"


def forge(header: Any = HEADER, claims: Any = CLAIMS, algorithm: str = "ES256") -> str:
    """Return a token with a valid signature over *header* and *claims*, JSON or bytes."""
    return sign(segment(header), segment(claims), algorithm)
