"""Signed tokens and the keys that verify them (RFC 7515, RFC 7517)."""

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.frozen import open_twin
from oauth_guard.protocol.signatures import CHECKS
from oauth_guard.protocol.strict_json import parse_object

__all__ = [
    "ASYMMETRIC",
    "SYMMETRIC",
    "JOSEHeader",
    "Key",
    "SignedToken",
    "import_key",
    "import_secret",
    "parse_signed_token",
]

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Mapping[str, tuple[ec.EllipticCurve, frozenset[str]]] = {
    "P-256": (ec.SECP256R1(), frozenset({"ES256"})),
    "P-384": (ec.SECP384R1(), frozenset({"ES384"})),
    "P-521": (ec.SECP521R1(), frozenset({"ES512"})),
}
_EDWARDS = frozenset({"EdDSA", "Ed25519"})

ASYMMETRIC = _RSA | _EDWARDS | {"ES256", "ES384", "ES512"}
"""The signature algorithms of issuers that publish keys; the default."""

_HASH_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
SYMMETRIC = frozenset(_HASH_BYTES)
"""The algorithms of a secret that the issuer shares; no published key ever verifies one."""

_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_MIN_RSA_EXPONENT = 3
_ED25519_BYTES = 32

# What base64 alone has becomes what neither has.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/***")
# How a segment may end whose last character carries unused bits, which must be zero.
_CANONICAL_END = {1: b"", 2: b"AQgw", 3: b"AEIMQUYcgkosw048"}

_HEADER_TYPES: Mapping[str, type] = {
    "alg": str,
    "typ": str,
    "cty": str,
    "kid": str,
    "jku": str,
    "x5u": str,
    "x5t": str,
    "x5t#S256": str,
    "jwk": dict,
    "x5c": list,
}
_COMPACT_JWS_DOTS, _COMPACT_JWE_DOTS = 2, 4


@dataclass(frozen=True, slots=True, repr=False)
class JOSEHeader:
    """The header parameters that decide; all others are ignored, keys it brings included.

    Attributes:
        repeated: Claims that stand here too, as the payload must have them (RFC 7519 §5.3).
    """

    algorithm: str
    type: str | None
    key_id: str | None
    repeated: tuple[tuple[str, Any], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class SignedToken:
    """A JWS taken apart. Its claims are only as good as a signature check that is still due."""

    header: JOSEHeader
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


_Open = open_twin(SignedToken)


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A key and the algorithms that it may verify, each fitting its type and curve."""

    key_id: str | None
    algorithms: frozenset[str]
    material: Any

    def verifies(self, token: SignedToken) -> bool:
        """Tell whether this key made the signature; the algorithm must be one of its own."""
        algorithm = token.header.algorithm
        if algorithm not in self.algorithms:
            return False
        try:
            CHECKS[algorithm](self.material, token.signature, token.signing_input)
        except InvalidSignature:
            return False
        return True


def parse_signed_token(
    token: str, known: Mapping[bytes, JOSEHeader] = MappingProxyType({})
) -> SignedToken:
    """Take a compact JWS apart, strictly (RFC 7515 §5.2, RFC 7519 §7.2).

    Checked is its form alone; algorithm, type, key and claims are for others to judge.

    Args:
        token: The JWS.
        known: What is already read of headers, by how they are encoded.

    Raises:
        InvalidToken: It is not three canonical base64url segments, header and claims are not
            strict JSON objects, a registered parameter has the wrong type, or it is marked with
            an extension (`crit`, `b64`), none of which this library understands.
    """
    dots = token.count(".")
    if dots == _COMPACT_JWE_DOTS:
        raise InvalidToken(Reason.ENCRYPTED_TOKEN)
    if dots != _COMPACT_JWS_DOTS:
        raise InvalidToken(Reason.MALFORMED_TOKEN)
    signed = _Open()
    try:
        signing_input, _, signature = token.encode("ascii").rpartition(b".")
        header, _, payload = signing_input.partition(b".")
        signed.header = known.get(header) or _read_header(_decode(header))
        signed.claims = parse_object(_decode(payload))
        signed.signing_input = signing_input
        signed.signature = _decode(signature)
    except ValueError:
        raise InvalidToken(Reason.MALFORMED_TOKEN) from None
    if not signature:
        raise InvalidToken(Reason.MALFORMED_TOKEN)
    for name, value in signed.header.repeated:
        if value != signed.claims.get(name):
            raise InvalidToken(Reason.MALFORMED_HEADER)
    signed.__class__ = SignedToken
    return signed  # type: ignore[no-any-return] # it is one now


def import_key(jwk: Mapping[str, Any]) -> Key:
    """Return the public key that *jwk* describes, if it may verify signatures (RFC 7517 §4).

    Raises:
        ValueError: It is private, symmetric, meant for another use, too weak, of an unknown
            type, or malformed; the text says which.
    """
    key_id = jwk.get("kid")
    if key_id is not None and not isinstance(key_id, str):
        raise ValueError("kid is not a string")
    if jwk.get("use", "sig") != "sig":
        raise ValueError("the key is not for signatures")
    if "verify" not in _strings(jwk.get("key_ops", ["verify"])):
        raise ValueError("the key is not for verifying")
    if "d" in jwk:
        raise ValueError("the key is private: it was published, so anyone may sign with it")
    public, algorithms = _import_public(jwk)
    if "alg" in jwk:
        algorithms &= {jwk["alg"]} if isinstance(jwk["alg"], str) else frozenset()
    if not algorithms:
        raise ValueError("the key's alg is none that fits it")
    return Key(key_id, algorithms, public)


def import_secret(secret: bytes, algorithms: frozenset[str]) -> Key:
    """Return the key that *secret* is for the symmetric *algorithms* (RFC 7518 §3.2).

    Raises:
        ValueError: It is shorter than the hash of one of them.
    """
    wanted = max(_HASH_BYTES[name] for name in algorithms)
    if len(secret) < wanted:
        raise ValueError(
            f"a secret for {', '.join(sorted(algorithms))} has at least {wanted} bytes"
        )
    return Key(None, algorithms, secret)


def _import_public(jwk: Mapping[str, Any]) -> tuple[Any, frozenset[str]]:
    match jwk.get("kty"), jwk.get("crv"):
        case "RSA", _:
            return _build(_rsa_numbers(jwk).public_key), _RSA
        case "EC", str(crv) if crv in _CURVES:
            curve, algorithms = _CURVES[crv]
            return _build(_point(jwk, curve).public_key), algorithms
        case "OKP", "Ed25519":
            point = _decode_member(jwk, "x", _ED25519_BYTES)
            return _build(partial(Ed25519PublicKey.from_public_bytes, point)), _EDWARDS
    raise ValueError("the key's type or curve is unknown")


def _build(public_key: Callable[[], Any]) -> Any:
    """Build a key; cryptography refuses a point off the curve, or in FIPS mode a whole curve."""
    try:
        return public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the key's numbers are no key that can be used here") from None


def _rsa_numbers(jwk: Mapping[str, Any]) -> RSAPublicNumbers:
    modulus = int.from_bytes(_decode_member(jwk, "n"), "big")
    exponent = int.from_bytes(_decode_member(jwk, "e"), "big")
    if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS:
        raise ValueError("an RSA key must have 2048 to 8192 bits")
    if exponent < _MIN_RSA_EXPONENT or exponent % 2 == 0:
        raise ValueError("an RSA exponent must be odd and at least 3")
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
    data = _decode(encoded.encode())
    if length is not None and len(data) != length:
        raise ValueError(f"{name} must have {length} bytes")
    return data


def _decode(segment: bytes) -> bytes:
    """Decode base64url as RFC 7515 §2 writes it: no padding, nothing foreign, one spelling."""
    base64 = segment.translate(_TO_BASE64)
    if remainder := len(base64) % 4:
        if base64[-1] not in _CANONICAL_END[remainder]:
            raise ValueError("not canonical base64url")
        base64 += b"=" * (4 - remainder)
    try:
        return binascii.a2b_base64(base64, strict_mode=True)
    except ValueError:
        raise ValueError("not base64url") from None


def _read_header(data: bytes) -> JOSEHeader:
    members = parse_object(data)
    if "crit" in members or "b64" in members:
        raise InvalidToken(Reason.CRITICAL_HEADER)
    for name, value in members.items():
        if not isinstance(value, _HEADER_TYPES.get(name, object)):
            raise InvalidToken(Reason.MALFORMED_HEADER)
    if "alg" not in members:
        raise InvalidToken(Reason.MALFORMED_HEADER)
    repeated = tuple((name, members[name]) for name in ("iss", "sub", "aud") if name in members)
    return JOSEHeader(members["alg"], members.get("typ"), members.get("kid"), repeated)


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
