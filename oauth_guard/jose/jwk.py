"""Key: a JSON Web Key and the algorithms that it may verify with (RFC 7517 §4, 7518, 9964)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from oauth_guard.jose.algorithms import EDDSA, HASH_BYTES, RSA, VERIFIERS
from oauth_guard.jose.base64url import decode_base64url
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.ml_dsa import ML_DSA
from oauth_guard.jose.weak_keys import has_roca_mark, has_small_order

__all__ = ["Key", "import_key", "import_secret"]

# The curve, its algorithm, and the cost of one verification (see `Key.cost`).
_CURVES: Mapping[str, tuple[ec.EllipticCurve, str, float]] = {
    "P-256": (ec.SECP256R1(), "ES256", 3),
    "P-384": (ec.SECP384R1(), "ES384", 20),
    "P-521": (ec.SECP521R1(), "ES512", 20),
}

_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_MIN_RSA_EXPONENT, _MAX_RSA_EXPONENT_BITS = 3, 32
_ED25519_BYTES, _ED25519_COST = 32, 4
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "priv"})


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A verification key.

    Attributes:
        key_id: `kid`, if it has one.
        algorithms: The algorithms that it may verify with; each fits its type and curve.
        material: The public key as `cryptography` has it, or the bytes of a secret.
        cost: How long one verification takes; 1 is an RSA key of 2048 bits, about 17 µs.
    """

    key_id: str | None
    algorithms: frozenset[str]
    material: Any
    cost: float = field(default=1, compare=False)

    def verifies(self, token: JWS) -> bool:
        """Return whether the signature of *token* is valid for this key, by one of its algorithms.

        `kid` is not compared.
        """
        algorithm = token.header.algorithm
        return algorithm in self.algorithms and VERIFIERS[algorithm](
            self.material, token.signature, token.signing_input
        )


def import_key(jwk: Mapping[str, Any]) -> Key:
    """Import a public JWK that may verify signatures (RFC 7517 §4).

    A member that is null, an empty string or an empty array counts as absent, since serializers
    write so what is not set. A private member counts as present whatever its value.

    A certificate chain in `x5c` is neither used nor checked.

    Raises:
        ValueError: The key is private, symmetric, for another use, too weak, too costly to
            verify with, of an unknown type or malformed. The text says which, and quotes no
            value.
    """
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise ValueError("the key is private: it was published, so anyone can sign with it")
    members = {name: value for name, value in jwk.items() if value not in (None, "", [])}
    key_id = members.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise ValueError("kid is not a string")
    if members.get("use", "sig") != "sig":
        raise ValueError("the key is not for signatures")
    if "verify" not in _strings(members.get("key_ops", ["verify"])):
        raise ValueError("the key is not for verification")
    public, algorithms, cost = _import_public(members)
    if "alg" in members:
        algorithms &= {members["alg"]} if isinstance(members["alg"], str) else frozenset()
    if not algorithms:
        raise ValueError("alg does not fit the key")
    return Key(key_id, algorithms, public, cost)


def import_secret(secret: bytes, algorithms: frozenset[str]) -> Key:
    """Import a shared secret for the symmetric *algorithms* (RFC 7518 §3.2).

    Raises:
        ValueError: *secret* is shorter than the hash of one of the algorithms.
    """
    minimum = max(HASH_BYTES[name] for name in algorithms)
    if len(secret) < minimum:
        raise ValueError(
            f"a secret for {', '.join(sorted(algorithms))} has at least {minimum} bytes"
        )
    return Key(None, algorithms, secret)


def _import_public(jwk: Mapping[str, Any]) -> tuple[Any, frozenset[str], float]:
    match jwk.get("kty"), jwk.get("alg" if jwk.get("kty") == "AKP" else "crv"):
        case "RSA", _:
            numbers = _rsa_numbers(jwk)
            cost = (numbers.n.bit_length() / _MIN_RSA_BITS) ** 2
            return _build(numbers.public_key), RSA, cost
        case "EC", str(crv) if crv in _CURVES:
            curve, algorithm, cost = _CURVES[crv]
            return _build(_point(jwk, curve).public_key), frozenset({algorithm}), cost
        case "OKP", "Ed25519":
            point = _decode_member(jwk, "x", _ED25519_BYTES)
            if has_small_order(point):
                raise ValueError("an Ed25519 point of small order: anyone can sign for it")
            return _build(partial(Ed25519PublicKey.from_public_bytes, point)), EDDSA, _ED25519_COST
        case "AKP", str(algorithm) if algorithm in ML_DSA:
            kind = ML_DSA[algorithm]
            encoded = _decode_member(jwk, "pub", kind.public_bytes)
            public_key = partial(kind.public.from_public_bytes, encoded)
            return _build(public_key), frozenset({algorithm}), kind.cost
    raise ValueError("the key's type or curve is unknown")


def _build(public_key: Callable[[], Any]) -> Any:
    """Call *public_key*, which rejects a point off its curve, and in FIPS mode some curves."""
    try:
        return public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the key's numbers are not a usable key") from None


def _rsa_numbers(jwk: Mapping[str, Any]) -> RSAPublicNumbers:
    modulus = int.from_bytes(_decode_member(jwk, "n"), "big")
    exponent = int.from_bytes(_decode_member(jwk, "e"), "big")
    if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS:
        raise ValueError("an RSA key must have 2048 to 8192 bits")
    if exponent < _MIN_RSA_EXPONENT or exponent % 2 == 0:
        raise ValueError("an RSA exponent must be odd and at least 3")
    if exponent.bit_length() > _MAX_RSA_EXPONENT_BITS:
        raise ValueError("an RSA exponent must have at most 32 bits: verifying takes too long")
    if has_roca_mark(modulus):
        raise ValueError("the RSA modulus has the mark of CVE-2017-15361: it can be factored")
    return RSAPublicNumbers(exponent, modulus)


def _point(jwk: Mapping[str, Any], curve: ec.EllipticCurve) -> ec.EllipticCurvePublicNumbers:
    length = (curve.key_size + 7) // 8
    x = int.from_bytes(_decode_member(jwk, "x", length), "big")
    y = int.from_bytes(_decode_member(jwk, "y", length), "big")
    return ec.EllipticCurvePublicNumbers(x, y, curve)


def _decode_member(jwk: Mapping[str, Any], name: str, length: int | None = None) -> bytes:
    encoded = jwk.get(name)
    if not (isinstance(encoded, str) and encoded.isascii()):
        raise ValueError(f"{name} is missing or not ASCII text")
    data = decode_base64url(encoded.encode())
    if length is not None and len(data) != length:
        raise ValueError(f"{name} must have {length} bytes")
    return data


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
