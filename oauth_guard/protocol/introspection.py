"""Introspection requests, and plain or signed responses (RFC 7662 §2, RFC 9701 §5)."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWS, JWSHeader
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules

__all__ = [
    "JSON_MEDIA_TYPE",
    "SIGNED_MEDIA_TYPE",
    "ClientProof",
    "error_code",
    "is_signed_response",
    "read_introspection",
    "read_signed_response",
    "write_form",
]

JSON_MEDIA_TYPE = "application/json"
SIGNED_MEDIA_TYPE = "application/token-introspection+jwt"

_MAX_CLOCK_DIFFERENCE = 300  # seconds between `iat` of a signed response and now
# The types of active tokens that are not access tokens, as servers name them.
_OTHER_TOKEN_TYPES = frozenset({"refresh", "refresh_token", "offline", "id", "id_token"})
_ERROR_CODES = frozenset(
    {"invalid_request", "invalid_client", "unauthorized_client", "unsupported_token_type"}
)


class ClientProof(NamedTuple):
    """The client authentication of a request: header fields, and members of the form."""

    headers: Mapping[str, str]
    form: Mapping[str, str]


def write_form(token: str, proof: ClientProof, *, hint: bool) -> bytes:
    """Return the form-encoded body of a request to introspect *token* (RFC 7662 §2.1)."""
    hints = {"token_type_hint": "access_token"} if hint else {}
    return urlencode({"token": token, **hints, **proof.form}).encode("ascii")


def read_introspection(members: Mapping[str, Any], rules: ClaimRules) -> AccessToken:
    """Return the token that the *members* of a response describe (RFC 7662 §2.2).

    A member that is null counts as absent. Audience and lifetime are not checked: see
    `AccessToken.check_claims`.

    Raises:
        InvalidToken: The token is not active, from another issuer, no access token, or lacks a
            required claim. The reason is `INACTIVE` only if `active` is false; it is
            `UNCLEAR_ACTIVE` if `active` is missing or not a boolean.
    """
    active = members.get("active")
    if active is not True:
        raise InvalidToken(Reason.INACTIVE if active is False else Reason.UNCLEAR_ACTIVE)
    claims = {
        name: value for name, value in members.items() if value is not None and name != "active"
    }
    if not all(isinstance(claims.get(name, ""), str) for name in ("iss", "token_type")):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    if claims.get("iss", rules.issuer) != rules.issuer:
        raise InvalidToken(Reason.UNKNOWN_ISSUER)
    types = (claims.get(name) for name in ("token_type", "token_use", "typ"))
    if any(isinstance(each, str) and each.lower() in _OTHER_TOKEN_TYPES for each in types):
        raise InvalidToken(Reason.WRONG_TYPE)
    return AccessToken.from_claims(claims, rules)


def error_code(body: bytes) -> str | None:
    """Return the code of an error response if it is a known one (RFC 6749 §5.2, RFC 7009 §2.2.1).

    A known code is safe to log. No other text of the response is returned.
    """
    try:
        code = parse_object(body).get("error")
    except ValueError:
        return None
    return code if isinstance(code, str) and code in _ERROR_CODES else None


def is_signed_response(header: JWSHeader) -> bool:
    """Return whether a JWT is an introspection response, so not an access token (RFC 9701 §8.1)."""
    short = (header.type or "").lower().removeprefix("application/")
    return f"application/{short}" == SIGNED_MEDIA_TYPE


def read_signed_response(
    token: JWS, rules: ClaimRules, client_id: str, now: float
) -> Mapping[str, Any]:
    """Return the `token_introspection` member of a signed response (RFC 9701 §5).

    The signature is not verified here.

    Raises:
        ValueError: The JWT has another type, algorithm, issuer or audience, its `iat` is more
            than 300 s from *now*, or the member is missing.
    """
    claims = token.claims
    if not is_signed_response(token.header) or token.header.algorithm not in rules.algorithms:
        raise ValueError("a signed response needs its own typ and an accepted alg")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != rules.issuer or client_id not in audiences:
        raise ValueError("a signed response needs the issuer as iss and the client as aud")
    issued_at = claims.get("iat")
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
        raise ValueError("a signed response needs a numeric iat")  # noqa: TRY004 - one error type
    if abs(now - issued_at) > _MAX_CLOCK_DIFFERENCE:
        raise ValueError("a signed response needs a recent iat")
    members = claims.get("token_introspection")
    if not isinstance(members, dict):
        raise ValueError("a signed response needs an object token_introspection")  # noqa: TRY004
    return members
