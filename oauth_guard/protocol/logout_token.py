"""LogoutToken: the claims of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6)."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.claim_settings import media_type

__all__ = ["LogoutToken", "read_logout_token"]

_TYPE = "logout+jwt"
_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_MAX_LIFETIME = 86_400  # seconds
_LEEWAY = 5  # seconds


class LogoutToken(NamedTuple):
    """What a logout token says.

    Attributes:
        jti: Its identifier.
        subject: The subject whose sessions end; None if only `session` is named.
        session: The session that ends; None for all sessions of `subject`.
        issued_at: When it was issued, in seconds since the epoch.
        ends_at: Until when it is accepted.
    """

    jti: str
    subject: str | None
    session: str | None
    issued_at: float
    ends_at: float


def read_logout_token(
    header: JWSHeader, claims: Mapping[str, Any], audience: Collection[str], now: float
) -> LogoutToken:
    """Check and return a logout token. Its issuer and its signature are not checked here.

    Args:
        header: Its JOSE header.
        claims: Its claims.
        audience: The client identifiers, of which `aud` must name one.
        now: The current time, in seconds since the epoch.

    Raises:
        InvalidToken: It is another kind of token, for another client, expired, issued in the
            future or for more than a day, or a claim is missing or malformed.
    """
    if header.type is not None and media_type(header.type) != _TYPE:
        raise InvalidToken(Reason.WRONG_TYPE)
    events = claims.get("events")
    # An ID token has a nonce and no event, so neither can be mistaken for the other.
    if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise InvalidToken(Reason.WRONG_TYPE)
    if "nonce" in claims:
        raise InvalidToken(Reason.WRONG_TYPE)
    _check_audience(claims.get("aud"), audience)
    issued_at, expires_at = _number(claims, "iat"), _number(claims, "exp")
    if now >= expires_at + _LEEWAY:
        raise InvalidToken(Reason.EXPIRED)
    if now < issued_at - _LEEWAY:
        raise InvalidToken(Reason.ISSUED_IN_FUTURE)
    if expires_at - issued_at > _MAX_LIFETIME:
        raise InvalidToken(Reason.LIFETIME_TOO_LONG)
    jti, subject, session = (_text(claims, name) for name in ("jti", "sub", "sid"))
    if jti is None or (subject is None and session is None):
        raise InvalidToken(Reason.MISSING_CLAIM)
    return LogoutToken(jti, subject, session, issued_at, expires_at + _LEEWAY)


def _check_audience(value: object, audience: Collection[str]) -> None:
    names = value if isinstance(value, list) else [value]
    if not any(isinstance(name, str) and name in audience for name in names):
        raise InvalidToken(Reason.WRONG_AUDIENCE)


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if value is None:
        raise InvalidToken(Reason.MISSING_CLAIM)
    if type(value) not in {int, float}:
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    return float(value)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    return value
