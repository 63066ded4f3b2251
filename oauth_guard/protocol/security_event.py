"""SecurityEvent: which tokens a security event token revokes (RFC 8417, SSF 1.0, CAEP 1.0)."""

from collections.abc import Collection, Mapping
from math import ceil
from typing import Any, NamedTuple

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.claim_settings import media_type
from oauth_guard.protocol.revocation import Selector

__all__ = ["ChangedClaims", "SecurityEvent", "read_security_event"]

_TYPE = "secevent+jwt"
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_SESSION_REVOKED, _CLAIMS_CHANGE = f"{_CAEP}session-revoked", f"{_CAEP}token-claims-change"
_CREDENTIAL_CHANGE = f"{_CAEP}credential-change"
_ASSURANCE_CHANGE = f"{_CAEP}assurance-level-change"
_LEEWAY = 60  # seconds
_MILLISECONDS = 100_000_000_000  # a larger timestamp is in milliseconds, as before CAEP was final
_KNOWN_MEMBERS = {"user", "session"}


class ChangedClaims(NamedTuple):
    """Whose claims have changed: `selector` names tokens of the issuer, `changed_at` the time."""

    selector: Selector
    changed_at: float


class SecurityEvent(NamedTuple):
    """What a security event token says.

    An event revokes what was issued up to its `event_timestamp`: for `session-revoked` the tokens
    that match all members of the subject; the same for `credential-change` unless a credential
    was only added; and for `assurance-level-change` unless the level increased. For
    `token-claims-change` the claims of these tokens have changed; the new values in the event are
    not read. Other events, and subjects that name no token, are ignored.

    Attributes:
        jti: Its identifier.
        selectors: Which tokens of its issuer are revoked; none if it revokes no token.
        changes: Whose claims have changed.
    """

    jti: str
    selectors: tuple[Selector, ...]
    changes: tuple[ChangedClaims, ...]


def read_security_event(
    header: JWSHeader,
    claims: Mapping[str, Any],
    audience: Collection[str],
    critical: Collection[str],
    now: float,
) -> SecurityEvent:
    """Check and return a security event token. Its issuer and its signature are not checked here.

    Args:
        header: Its JOSE header.
        claims: Its claims.
        audience: The names of this receiver, of which `aud` must contain one.
        critical: The members of a complex subject without which an event must not be processed
            (SSF 1.0 §3.6).
        now: The current time, in seconds since the epoch.

    Raises:
        InvalidToken: It is another kind of token, for another receiver, issued in the future, or
            a claim is missing or malformed.
    """
    _check_kind(header, claims, audience)
    issued_at = _issued_at(claims, now)
    jti, events = claims.get("jti"), claims.get("events")
    if not isinstance(jti, str) or not jti or not isinstance(events, dict) or not events:
        raise InvalidToken(Reason.MISSING_CLAIM)
    if not all(isinstance(event, dict) for event in events.values()):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    return _read_events(claims, jti, critical, issued_at)


def _read_events(
    claims: Mapping[str, Any], jti: str, critical: Collection[str], issued_at: float
) -> SecurityEvent:
    selectors, changes = list[Selector](), list[ChangedClaims]()
    for name, event in claims["events"].items():
        until = _until(event, issued_at)
        # Before SSF was final, the subject was in the event.
        subject = claims.get("sub_id", event.get("subject"))
        selector = _selector(subject, claims.get("iss"), critical, until)
        if selector is None:
            continue
        if name == _CLAIMS_CHANGE:
            selector.pop("issued_until", None)
            changes.append(ChangedClaims(selector, until))
        elif _revokes(name, event):
            selectors.append(selector)
    return SecurityEvent(jti, tuple(selectors), tuple(changes))


def _check_kind(header: JWSHeader, claims: Mapping[str, Any], audience: Collection[str]) -> None:
    if header.type is None or media_type(header.type) != _TYPE:
        raise InvalidToken(Reason.WRONG_TYPE)
    if "sub" in claims or "exp" in claims:  # so that it is never taken for another kind of token
        raise InvalidToken(Reason.WRONG_TYPE)
    audiences = claims.get("aud")
    names = audiences if isinstance(audiences, list) else [audiences]
    if not any(isinstance(name, str) and name in audience for name in names):
        raise InvalidToken(Reason.WRONG_AUDIENCE)


def _issued_at(claims: Mapping[str, Any], now: float) -> float:
    value = claims.get("iat")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    if now < value - _LEEWAY:
        raise InvalidToken(Reason.ISSUED_IN_FUTURE)
    return value


def _revokes(name: str, event: Mapping[str, Any]) -> bool:
    if name == _CREDENTIAL_CHANGE:
        return event.get("change_type") != "create"
    if name == _ASSURANCE_CHANGE:
        return event.get("change_direction") != "increase"
    return name == _SESSION_REVOKED


def _until(event: Mapping[str, Any], issued_at: float) -> float:
    """Return up to when revoked tokens were issued: never later than the event was reported."""
    value: Any = event.get("event_timestamp")
    if type(value) not in {int, float}:
        return issued_at
    seconds = value / 1000 if value > _MILLISECONDS else value
    return min(float(ceil(seconds)), issued_at)


def _selector(
    subject: object, issuer: object, critical: Collection[str], until: float
) -> Selector | None:
    """Return which tokens *subject* names; None if it names none that can be recognized."""
    if not isinstance(subject, Mapping):
        return None
    if subject.get("format", "complex") != "complex":
        return _simple(subject, issuer, until)
    if subject.keys() & set(critical) - _KNOWN_MEMBERS:
        return None
    return _complex(subject, issuer, until)


def _complex(subject: Mapping[str, Any], issuer: object, until: float) -> Selector | None:
    """Return the tokens that match both members (SSF 1.0 §3.3); None if one can't be compared."""
    if "session" not in subject:
        return _simple(subject.get("user"), issuer, until)
    session = _identifier(subject["session"])
    if session is None:
        return None
    if "user" not in subject:
        return {"sid": session}
    user = _simple(subject["user"], issuer, until) or {}
    return {"sid": session, "subject": user["subject"]} if "subject" in user else None


def _simple(subject: object, issuer: object, until: float) -> Selector | None:
    """Return the tokens of a simple subject (RFC 9493 §3.2, SSF 1.0 §3.5)."""
    if not isinstance(subject, Mapping):
        return None
    kind, sub, jti = (subject.get(name) for name in ("format", "sub", "jti"))
    # No set: the value may be a list, which has no hash, and its signature is not verified yet.
    if kind in ("iss_sub", "jwt_id") and subject.get("iss") != issuer:
        return None
    if kind == "iss_sub" and isinstance(sub, str) and sub.strip():
        return {"subject": sub, "issued_until": until}
    if kind == "jwt_id" and isinstance(jti, str) and jti.strip():
        return {"jti": jti}
    if kind == "opaque" and (identifier := _identifier(subject)) is not None:
        return {"subject": identifier, "issued_until": until}
    return None


def _identifier(subject: object) -> str | None:
    """Return the `id` of an opaque subject, by which SSF names sessions (RFC 9493 §3.2.5)."""
    if not isinstance(subject, Mapping) or subject.get("format") != "opaque":
        return None
    identifier = subject.get("id")
    return identifier if isinstance(identifier, str) and identifier.strip() else None
