"""JWS: a signed token taken apart, nothing of it believed yet (RFC 7515 §5.2, RFC 7519 §7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.base64url import decode_base64url
from oauth_guard.jose.frozen import open_twin
from oauth_guard.jose.strict_json import parse_object

__all__ = ["JWS", "JWSHeader", "parse_jws"]

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
class JWSHeader:
    """The header parameters that decide; all others are ignored, keys it brings included.

    Attributes:
        repeated: Claims that stand here too, as the payload must have them (RFC 7519 §5.3).
    """

    algorithm: str
    type: str | None
    key_id: str | None
    repeated: tuple[tuple[str, Any], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class JWS:
    """A JWS taken apart. Its claims are only as good as a signature check that is still due."""

    header: JWSHeader
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


_Open = open_twin(JWS)


def parse_jws(token: str, known: Mapping[bytes, JWSHeader] = MappingProxyType({})) -> JWS:
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
        signed.header = known.get(header) or _read_header(decode_base64url(header))
        signed.claims = parse_object(decode_base64url(payload))
        signed.signing_input = signing_input
        signed.signature = decode_base64url(signature)
    except ValueError:
        raise InvalidToken(Reason.MALFORMED_TOKEN) from None
    if not signature:
        raise InvalidToken(Reason.MALFORMED_TOKEN)
    for name, value in signed.header.repeated:
        if value != signed.claims.get(name):
            raise InvalidToken(Reason.MALFORMED_HEADER)
    signed.__class__ = JWS
    return signed  # type: ignore[no-any-return] # it is one now


def _read_header(data: bytes) -> JWSHeader:
    members = parse_object(data)
    if "crit" in members or "b64" in members:
        raise InvalidToken(Reason.CRITICAL_HEADER)
    for name, value in members.items():
        if not isinstance(value, _HEADER_TYPES.get(name, object)):
            raise InvalidToken(Reason.MALFORMED_HEADER)
    if "alg" not in members:
        raise InvalidToken(Reason.MALFORMED_HEADER)
    repeated = tuple((name, members[name]) for name in ("iss", "sub", "aud") if name in members)
    return JWSHeader(members["alg"], members.get("typ"), members.get("kid"), repeated)
