"""JWS: a signed token, parsed but not verified (RFC 7515 §5.2, RFC 7519 §7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.base64url import decode_base64url
from oauth_guard.jose.frozen import mutable_class_of
from oauth_guard.jose.strict_json import parse_object

__all__ = ["FIRST_CHARACTERS", "JWS", "NO_HEADERS", "JWSHeader", "parse_jws"]

FIRST_CHARACTERS = frozenset("eICD")
"""How an encoded object can begin: `e` encodes a brace, the others white space before one."""

_COMPACT_JWE_DOTS = 4
_DOT = ord(".")  # an integer: `in` finds it in bytes faster than b"."
_REPLICATED_CLAIMS = ("iss", "sub", "aud")
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
# This library does not use these, so null, which some serializers write, counts as absent.
_UNUSED_PARAMETERS = _HEADER_TYPES.keys() - {"alg", "typ", "kid"}


@dataclass(frozen=True, slots=True, repr=False)
class JWSHeader:
    """The header parameters that this library uses; all others are ignored, embedded keys too.

    Attributes:
        algorithm: `alg`, whether or not it is a supported one.
        type: `typ`, as it is written.
        key_id: `kid`.
        replicated_claims: The claims `iss`, `sub` and `aud` that the header replicates; the
            payload must have the same values (RFC 7519 §5.3).
        is_cached: Whether it comes from a `HeaderCache`.
    """

    algorithm: str
    type: str | None
    key_id: str | None
    replicated_claims: tuple[tuple[str, Any], ...] = field(default=(), compare=False)
    is_cached: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class JWS:
    """A parsed JWS. Its claims must not be trusted before `KeySet.verify` accepts the signature."""

    header: JWSHeader
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


_Mutable = mutable_class_of(JWS)

NO_HEADERS: Mapping[bytes, JWSHeader] = MappingProxyType({})
"""No known headers."""


def parse_jws(token: str, known_headers: Mapping[bytes, JWSHeader] = NO_HEADERS) -> JWS:
    """Parse a compact JWS strictly (RFC 7515 §5.2, RFC 7519 §7.2).

    It checks the form alone. It does not check the signature, the algorithm, the type, the key or
    the value of any claim.

    Args:
        token: The compact serialization.
        known_headers: Headers that were parsed before, by their encoded form.

    Raises:
        InvalidToken: The token is not three canonical base64url segments; header or claims are
            not a strict JSON object; a registered header parameter has the wrong type; the header
            replicates a claim with another value; the header names an extension (`crit`, `b64`),
            of which this library supports none; or the token has no signature (`alg` none).
    """
    if not token.isascii() or token[:1] not in FIRST_CHARACTERS:
        raise _malformed(token)
    signing_input, _, encoded_signature = token.encode("ascii").rpartition(b".")
    encoded_header, dot, payload = signing_input.partition(b".")
    if not dot or _DOT in payload:
        raise _malformed(token)
    try:
        header = known_headers.get(encoded_header) or _parse_header(encoded_header)
        claims = parse_object(decode_base64url(payload))
        signature = decode_base64url(encoded_signature)
    except ValueError:
        raise InvalidToken(Reason.MALFORMED_TOKEN) from None
    if not signature:
        raise _without_signature(header)
    for name, value in header.replicated_claims:
        if value != claims.get(name):
            raise InvalidToken(Reason.MALFORMED_HEADER)
    jws = _Mutable()
    jws.header, jws.claims = header, claims
    jws.signing_input, jws.signature = signing_input, signature
    jws.__class__ = JWS
    return jws  # type: ignore[no-any-return] # it is one now


def _malformed(token: str) -> InvalidToken:
    is_encrypted = token.count(".") == _COMPACT_JWE_DOTS
    return InvalidToken(Reason.ENCRYPTED_TOKEN if is_encrypted else Reason.MALFORMED_TOKEN)


def _without_signature(header: JWSHeader) -> InvalidToken:
    is_unsecured = header.algorithm.lower() == "none"  # RFC 7515 appendix A.5
    return InvalidToken(Reason.ALGORITHM_NOT_ALLOWED if is_unsecured else Reason.MALFORMED_TOKEN)


def _parse_header(encoded: bytes) -> JWSHeader:
    members = parse_object(decode_base64url(encoded))
    if "crit" in members or "b64" in members:
        raise InvalidToken(Reason.CRITICAL_HEADER)
    for name, value in members.items():
        if not isinstance(value, _HEADER_TYPES.get(name, object)) and not (
            value is None and name in _UNUSED_PARAMETERS
        ):
            raise InvalidToken(Reason.MALFORMED_HEADER)
    if "alg" not in members:
        raise InvalidToken(Reason.MALFORMED_HEADER)
    replicated = tuple((name, members[name]) for name in _REPLICATED_CLAIMS if name in members)
    return JWSHeader(members["alg"], members.get("typ"), members.get("kid"), replicated)
