"""AccessToken: a validated token, its registered claims typed (RFC 9068 §2.2, RFC 7662 §2.2)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.claims import ClaimPath, ClaimRules
from oauth_guard.protocol.frozen import FrozenDict, freeze
from oauth_guard.protocol.more_claims import ask

__all__ = ["AccessToken"]

_T = TypeVar("_T")

_NOTHING: frozenset[str] = frozenset()  # made anew, each takes 216 bytes for as long as its token


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
        stands: Tells at once whether the issuer would still vouch for it: whether the key that
            verified it is still good. None where that can't be told without asking.
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
    stands: Callable[[], bool] | None = field(default=None, hash=False, compare=False)

    @property
    def issuer(self) -> str:
        """The issuer that vouched for it."""
        return self.rules.issuer

    @property
    def for_client(self) -> bool:
        """Whether the rules tell that it was issued to a client for itself.

        They are asked here, since claims may be read before they are verified.

        Raises:
            InvalidToken: The operator's function finds a claim missing or odd; see `ask`.
        """
        return self.rules.for_client is not None and bool(ask(self.rules.for_client, self.claims))

    @property
    def lifetime(self) -> tuple[float, float]:
        """From when, and until when, `check_claims` finds it in time (epoch seconds)."""
        return self.rules.lifetime(
            expires_at=self.expires_at, not_before=self.not_before, issued_at=self.issued_at
        )

    @classmethod
    def from_claims(
        cls,
        claims: Mapping[str, Any],
        rules: ClaimRules,
        stands: Callable[[], bool] | None = None,
    ) -> Self:
        """Read the registered claims, holding each to its type (RFC 7519 §4.1).

        Raises:
            InvalidToken: A required claim is missing, or a registered one has the wrong type.
        """
        rules.check_presence(claims)
        for name in ("iss", "sub", "jti", "acr"):
            _string(claims, name)
        _number(claims, "auth_time")
        client_id = _first(_string(claims, name) for name in rules.client_claims)
        scopes = _first(_scopes(claims, name, rules) for name in rules.scope_claims)
        return cls(
            rules=rules,
            subject=_string(claims, rules.subject_claim),
            client_id=client_id,
            audience=_audience(claims),
            scopes=scopes or _NOTHING,
            expires_at=_number(claims, "exp"),
            not_before=_number(claims, "nbf"),
            issued_at=_number(claims, "iat"),
            roles=_gathered(claims, rules.role_claims),
            groups=_gathered(claims, rules.group_claims),
            entitlements=_gathered(claims, rules.entitlement_claims),
            claims=freeze(claims),
            stands=stands,
        )

    def check_claims(self, resource: str, now: float) -> None:
        """Judge whether the token is for *resource*, and in time at *now* (epoch seconds).

        Raises:
            InvalidToken: It is for somebody else, out of its time, or says too little.
            RequestRejected: The function that was configured as `claims=` refuses it.
        """
        self.rules.check_audience(self.audience, resource)
        self.rules.check_client(self.client_id)
        self.rules.check_lifetime(
            expires_at=self.expires_at,
            not_before=self.not_before,
            issued_at=self.issued_at,
            now=now,
        )
        self.rules.claims.judge(self.claims)


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


def _scopes(claims: Mapping[str, Any], name: str, rules: ClaimRules) -> frozenset[str] | None:
    """Read a scope claim: one string, or an array where the rules have it so."""
    if name not in claims:
        return None
    if rules.scope_array and not isinstance(claims[name], str):
        scopes = _strings(claims, name)
        if any(" " in scope for scope in scopes):
            raise InvalidToken(Reason.MALFORMED_CLAIM)
    else:
        scopes = tuple((_string(claims, name) or "").split(" "))
    return frozenset(filter(None, scopes))


def _gathered(claims: Mapping[str, Any], paths: Iterable[ClaimPath]) -> frozenset[str]:
    """Put together the strings that are at the ends of *paths*."""
    found: set[str] = set()
    for path in paths:
        *way, name = (path,) if isinstance(path, str) else path
        members: Any = claims
        for step in way:
            members = members.get(step, {})
            if not isinstance(members, Mapping):
                raise InvalidToken(Reason.MALFORMED_CLAIM)
        found.update(_strings(members, name))
    return frozenset(found) if found else _NOTHING


def _first(values: Iterable[_T | None]) -> _T | None:
    """Return the first value that is there; each is read, and so held to its type."""
    return next((value for value in list(values) if value is not None), None)
