"""Introspection requests, and plain or signed responses (RFC 7662 §2, RFC 9701 §5)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import inf
from typing import Any, NamedTuple
from urllib.parse import urlencode

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWS, JWSHeader
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.mismatch import unknown_issuer
from oauth_guard.protocol.token_kinds import is_access_token_type

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

    A member that is null counts as absent, except `cnf`: a null there still says that the token
    is bound. A `token_type`, if there is one, must be that of an access token, or be in
    `rules.token_types`. Audience and lifetime are not checked: see
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
        name: value
        for name, value in members.items()
        if (value is not None or name == "cnf") and name != "active"
    }
    if not all(isinstance(claims.get(name, ""), str) for name in ("iss", "token_type")):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    if claims.get("iss", rules.issuer) != rules.issuer:
        raise unknown_issuer([rules.issuer], claims["iss"])
    if not is_access_token_type(claims.get("token_type", "Bearer"), rules.token_types or ()):
        raise InvalidToken(Reason.WRONG_TYPE)
    token = AccessToken.from_claims(claims, rules)
    if token.subject is None and "username" in claims:
        remark = f'{rules.subject_claim} is missing, username is not: see subject_from="username"'
        token = replace(token, remarks=(*token.remarks, remark))
    return token


def _check_response_times(claims: Mapping[str, Any], leeway: float, now: float) -> None:
    times = {name: claims[name] for name in ("iat", "exp", "nbf") if name in claims}
    if any(type(time) not in {int, float} for time in times.values()):
        raise ValueError("a signed response needs numeric times")
    if "iat" not in times or abs(now - times["iat"]) > _MAX_CLOCK_DIFFERENCE:
        raise ValueError("a signed response needs a recent iat")
    if now >= times.get("exp", inf) + leeway or now < times.get("nbf", -inf) - leeway:
        raise ValueError("a signed response needs an exp and nbf that allow its use now")


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
    token: JWS, rules: ClaimRules, audience: Collection[str], now: float
) -> Mapping[str, Any]:
    """Return the `token_introspection` member of a signed response (RFC 9701 §5).

    The signature is not verified here.

    Args:
        token: The response.
        rules: The rules of its issuer.
        audience: Our names, one of which `aud` must contain: the client identifier, or the
            resource, as in the example of RFC 9701 §5.
        now: The current time, in seconds since the epoch.

    Raises:
        ValueError: The JWT has another type, algorithm, issuer or audience, its `iat` is more
            than 300 s from *now*, its `exp` or `nbf` does not allow its use now (RFC 7519 §4.1),
            or the member is missing.
    """
    claims = token.claims
    if not is_signed_response(token.header) or token.header.algorithm not in rules.algorithms:
        raise ValueError("a signed response needs its own typ and an accepted alg")
    named = claims.get("aud")
    names = named if isinstance(named, list) else [named]
    if claims.get("iss") != rules.issuer or not any(
        isinstance(name, str) and name in audience for name in names
    ):
        raise ValueError("a signed response needs the issuer as iss and the client as aud")
    _check_response_times(claims, rules.leeway, now)
    members = claims.get("token_introspection")
    if not isinstance(members, dict):
        raise ValueError("a signed response needs an object token_introspection")  # noqa: TRY004
    return members
