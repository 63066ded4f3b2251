"""Ask about a token, and read what is answered, plain or signed (RFC 7662 §2, RFC 9701 §5)."""

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
    "signed_members",
    "write_form",
]

JSON_MEDIA_TYPE = "application/json"
SIGNED_MEDIA_TYPE = "application/token-introspection+jwt"

_MAX_AGE = 300  # seconds; a signed answer is new, but for what two clocks may differ
# What servers call tokens that are none for a resource, though they are active.
_OTHER_KINDS = frozenset({"refresh", "refresh_token", "offline", "id", "id_token"})


_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "unauthorized_client", "unsupported_token_type"}
)


class ClientProof(NamedTuple):
    """What proves to an endpoint who asks: header fields, and members of the form."""

    headers: Mapping[str, str]
    form: Mapping[str, str]


def write_form(token: str, proof: ClientProof, *, hint: bool) -> bytes:
    """Return the form that asks about *token* (RFC 7662 §2.1)."""
    hints = {"token_type_hint": "access_token"} if hint else {}
    return urlencode({"token": token, **hints, **proof.form}).encode("ascii")


def read_introspection(members: Mapping[str, Any], rules: ClaimRules) -> AccessToken:
    """Return the token that an answer describes; a member that is null counts as absent.

    Audience and lifetime are not judged here: see `AccessToken.check_claims`.

    Raises:
        InvalidToken: It is not active, another issuer's, no access token, or lacks a required
            claim. Only a clear "no" is `Reason.INACTIVE`.
    """
    active = members.get("active")
    if active is not True:
        raise InvalidToken(Reason.INACTIVE if active is False else Reason.UNCLEAR_ACTIVE)
    claims = {
        name: value for name, value in members.items() if value is not None and name != "active"
    }
    if claims.get("iss", rules.issuer) != rules.issuer:
        raise InvalidToken(Reason.UNKNOWN_ISSUER)
    kinds = (claims.get(name) for name in ("token_type", "token_use", "typ"))
    if any(isinstance(kind, str) and kind.lower() in _OTHER_KINDS for kind in kinds):
        raise InvalidToken(Reason.WRONG_TYPE)
    return AccessToken.from_claims(claims, rules)


def error_code(body: bytes) -> str | None:
    """Return the code of an error response, if it is a known one (RFC 6749 §5.2, RFC 7009 §2.2.1).

    What is returned may be logged, since no other text of the response is.
    """
    try:
        code = parse_object(body).get("error")
    except ValueError:
        return None
    return code if isinstance(code, str) and code in _ERRORS else None


def is_signed_response(header: JWSHeader) -> bool:
    """Tell whether a JWT is an answer about a token, and so no token itself (RFC 9701 §8.1)."""
    short = (header.type or "").lower().removeprefix("application/")
    return f"application/{short}" == SIGNED_MEDIA_TYPE


def signed_members(token: JWS, rules: ClaimRules, client_id: str, now: float) -> Mapping[str, Any]:
    """Return what a signed answer says about the token; its signature is for others to check.

    Raises:
        ValueError: It is another kind of JWT, another issuer's, for another client, or not new.
    """
    claims = token.claims
    if not is_signed_response(token.header) or token.header.algorithm not in rules.algorithms:
        raise ValueError("an answer has its own type, and an algorithm that is allowed")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != rules.issuer or client_id not in audiences:
        raise ValueError("an answer comes from the issuer, and is for us")
    issued_at = claims.get("iat")
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
        raise ValueError("an answer says when it was given")  # noqa: TRY004 - one kind of error
    if abs(now - issued_at) > _MAX_AGE:
        raise ValueError("an answer is new")
    members = claims.get("token_introspection")
    if not isinstance(members, dict):
        raise ValueError("an answer is about a token")  # noqa: TRY004 - one kind of error
    return members
