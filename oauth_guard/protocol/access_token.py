"""AccessToken: a validated token, its registered claims typed (RFC 9068 §2.2, RFC 7662 §2.2)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.frozen import FrozenDict, freeze

__all__ = ["AccessToken"]


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken:
    """What an issuer vouched for: facts, true for every resource and at every moment.

    Whether the token is for us and in time is judged by `check_claims`, on each request.

    Attributes:
        rules: The rules of the issuer that vouched for it.
        subject: `sub`, or what the rules name instead; unique for this issuer alone.
        client_id: The client that the token was issued to.
        audience: `aud`, always as a tuple.
        scopes: The granted scopes.
        expires_at: `exp`, in seconds since the epoch; so are the other times.
        claims: Everything it says, unknown claims included, frozen.
    """

    rules: ClaimRules
    subject: str | None
    client_id: str | None
    audience: tuple[str, ...]
    scopes: frozenset[str]
    expires_at: float | None
    not_before: float | None
    issued_at: float | None
    roles: frozenset[str]
    groups: frozenset[str]
    entitlements: frozenset[str]
    claims: FrozenDict = field(hash=False)

    @property
    def issuer(self) -> str:
        """The issuer that vouched for it."""
        return self.rules.issuer

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any], rules: ClaimRules) -> Self:
        """Read the registered claims, holding each to its type (RFC 7519 §4.1).

        Raises:
            InvalidToken: A required claim is missing, or a registered one has the wrong type.
        """
        rules.check_presence(claims)
        for name in ("iss", "sub", "jti", "acr"):
            _string(claims, name)
        _number(claims, "auth_time")
        return cls(
            rules=rules,
            subject=_string(claims, rules.subject_claim),
            client_id=_first(claims, rules.client_claims),
            audience=_audience(claims),
            scopes=frozenset(filter(None, (_first(claims, rules.scope_claims) or "").split(" "))),
            expires_at=_number(claims, "exp"),
            not_before=_number(claims, "nbf"),
            issued_at=_number(claims, "iat"),
            roles=frozenset(_strings(claims, "roles")),
            groups=frozenset(_strings(claims, "groups")),
            entitlements=frozenset(_strings(claims, "entitlements")),
            claims=freeze(claims),
        )

    def check_claims(self, resource: str, now: float) -> None:
        """Judge whether the token is for *resource*, and in time at *now* (epoch seconds).

        Raises:
            InvalidToken: It is for somebody else, or out of its time.
        """
        self.rules.check_audience(self.audience, resource)
        self.rules.check_lifetime(
            expires_at=self.expires_at,
            not_before=self.not_before,
            issued_at=self.issued_at,
            now=now,
        )


def _string(claims: Mapping[str, Any], name: str) -> str | None:
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    return value


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    return value


def _strings(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = claims.get(name, [])
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    return tuple(value)


def _audience(claims: Mapping[str, Any]) -> tuple[str, ...]:
    value = claims.get("aud", [])
    return (value,) if isinstance(value, str) else _strings(claims, "aud")


def _first(claims: Mapping[str, Any], names: Collection[str]) -> str | None:
    """Read the first of *names* that is there; all of them are held to their type."""
    values = [_string(claims, name) for name in names]
    return next((value for value in values if value is not None), None)
