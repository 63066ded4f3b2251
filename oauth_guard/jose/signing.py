"""SigningKey: a private key that signs JWTs (RFC 7515 §5.1).

No other file of the library uses PyJWT.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from oauth_guard.jose.thumbprint import jwk_thumbprint

__all__ = ["SigningKey"]

_MIN_RSA_BITS = 2048
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_EDDSA = ("EdDSA", "Ed25519")
_CURVES = {"secp256r1": ("ES256",), "secp384r1": ("ES384",), "secp521r1": ("ES512",)}


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key and the algorithm that it signs with."""

    algorithm: str
    key_id: str | None
    private: Any

    @classmethod
    def from_pem(cls, pem: bytes, *, algorithm: str | None, key_id: str | None) -> Self:
        """Read a private key.

        Args:
            pem: The key as PEM, not encrypted.
            algorithm: The algorithm to sign with; None takes the first one that fits the key.
            key_id: The `kid` of the JWTs; None leaves it out.

        Raises:
            ValueError: *pem* is not a private key in PEM, is encrypted with a password, or can't
                sign with *algorithm*.
        """
        try:
            private = load_pem_private_key(pem, password=None)
        except (TypeError, ValueError, UnsupportedAlgorithm):  # their text may quote the input
            raise ValueError("it is no private key in PEM without a password") from None
        supported = _supported_algorithms(private)
        if not supported:
            raise ValueError("it is too weak, or of a type that can't sign")
        if algorithm is not None and algorithm not in supported:
            raise ValueError(f"it can only sign with {', '.join(supported)}")
        return cls(algorithm or supported[0], key_id, private)

    @classmethod
    def generate(cls) -> Self:
        """Return a new key for ES256, which only this process has."""
        return cls("ES256", None, generate_private_key(SECP256R1()))

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public key as a JWK, with its `kid` if it has one (RFC 7517 §4)."""
        jwk = _signers()[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        jwk.pop("key_ops", None)  # `use` is sufficient
        named = {} if self.key_id is None else {"kid": self.key_id}
        return {**jwk, **named, "alg": self.algorithm, "use": "sig"}

    def to_pem(self) -> bytes:
        """Return the private key as PEM, without a password (PKCS #8)."""
        pem: bytes = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem

    def named_by_thumbprint(self) -> Self:
        """Return this key with its thumbprint as `kid` (RFC 7638)."""
        return replace(self, key_id=jwk_thumbprint(self.public_jwk))

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """Return *claims* as a signed JWT, in the compact serialization.

        The members of *header* are added, and may replace `typ`.
        """
        members = {"alg": self.algorithm, "typ": "JWT", **(header or {})}
        if self.key_id is not None:
            members["kid"] = self.key_id
        signing_input = b".".join(_encode(json.dumps(part).encode()) for part in (members, claims))
        signature = _signers()[self.algorithm].sign(signing_input, self.private)
        return b".".join((signing_input, _encode(signature))).decode("ascii")


@cache
def _signers() -> Mapping[str, Any]:
    from jwt.algorithms import get_default_algorithms  # noqa: PLC0415 - 20 ms, for few applications

    signers = get_default_algorithms()
    # RFC 9864 names the curve. PyJWT knows the algorithm by its older name alone.
    signers["Ed25519"] = signers["EdDSA"]
    return signers


def _supported_algorithms(private: object) -> tuple[str, ...]:
    match private:
        case RSAPrivateKey() if private.key_size >= _MIN_RSA_BITS:
            return _RSA
        case EllipticCurvePrivateKey():
            return _CURVES.get(private.curve.name, ())
        case Ed25519PrivateKey():
            return _EDDSA
    return ()


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
