"""AccessToken: a validated token, its registered claims typed (RFC 9068 §2.2, RFC 7662 §2.2)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.frozen import SCALARS, FrozenDict, freeze, frozen_dict, mutable_class_of
from oauth_guard.protocol.claim_checks import call_claim_function
from oauth_guard.protocol.claims import ClaimPath, ClaimRules

__all__ = ["AccessToken", "Validation"]

_EMPTY: frozenset[str] = frozenset()  # shared, since each empty set of its own takes 216 bytes


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken:
    """The facts of a token that its issuer signed or reported as active.

    They are the same for every resource and at every time. Audience and lifetime are not
    checked yet: `check_claims` does that on each validation.

    Attributes:
        rules: The rules of its issuer, by which the claims were read.
        subject: `sub`, or the claim that the rules name instead; unique within one issuer.
        client_id: The client that the token was issued to.
        audience: `aud`, always as a tuple.
        scopes: The granted scopes.
        expires_at: `exp`, in seconds since the epoch, as are the other times.
        claims: All claims, including unknown ones, immutable.
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
        """The identifier of its issuer."""
        return self.rules.issuer

    @property
    def is_client_token(self) -> bool:
        """Whether the rules say that it was issued to a client for itself, without a user.

        The operator's function is called here and not while the claims are read, since they may
        be read before the signature is verified.

        Raises:
            InvalidToken: The function can't read a claim; see `call_claim_function`.
        """
        return self.rules.is_client_token is not None and bool(
            call_claim_function(self.rules.is_client_token, self.claims)
        )

    def lifetime(self) -> tuple[float, float]:
        """Return from when and until when `check_claims` accepts its times (epoch seconds)."""
        return self.rules.lifetime(self.expires_at, self.not_before, self.issued_at)

    @staticmethod
    def from_claims(claims: Mapping[str, Any], rules: ClaimRules) -> "AccessToken":
        """Read the registered claims and check their types (RFC 7519 §4.1).

        Issuer, audience and lifetime are not checked here.

        Raises:
            InvalidToken: A required claim is missing, or a registered one has the wrong type.
        """
        rules.check_presence(claims)
        frozen = _read(claims, rules)
        token = _Mutable()
        token.rules = rules
        token.subject = frozen.get(rules.subject_claim)
        token.client_id = _first(frozen, rules.client_claims)
        token.audience = _audience(frozen)
        token.scopes = _scopes(frozen, rules)
        token.expires_at = frozen.get("exp")
        token.not_before = frozen.get("nbf")
        token.issued_at = frozen.get("iat")
        token.roles = token.groups = token.entitlements = _EMPTY
        if not rules.multi_value_claims.isdisjoint(frozen):
            token.roles = _collected(frozen, rules.role_claims)
            token.groups = _collected(frozen, rules.group_claims)
            token.entitlements = _collected(frozen, rules.entitlement_claims)
        token.claims = frozen
        token.__class__ = AccessToken
        return token  # type: ignore[no-any-return] # its class was set in the line above

    def check_claims(self, resource: str, now: float) -> None:
        """Check audience, client, lifetime and required claim values, on each validation.

        Args:
            resource: The resource that the audience must name, if the rules name no other.
            now: The current time, in seconds since the epoch.

        Raises:
            InvalidToken: It is for another resource or client, expired or not yet valid, or
                lacks a required claim value.
        """
        rules = self.rules
        rules.check_audience(self.audience, resource)
        rules.check_client(self.client_id)
        rules.check_lifetime(
            expires_at=self.expires_at,
            not_before=self.not_before,
            issued_at=self.issued_at,
            now=now,
        )
        rules.claims.check_values(self.claims)

    def check_total_lifetime(self, seconds: float) -> None:
        """Check that the token was issued for at most so many *seconds*.

        Raises:
            InvalidToken: It was issued for longer, or has no `iat` or `exp`.
        """
        if self.expires_at is None or self.issued_at is None:
            raise InvalidToken(Reason.MISSING_CLAIM)
        if self.expires_at - self.issued_at > seconds:
            raise InvalidToken(Reason.LIFETIME_TOO_LONG)


_Mutable = mutable_class_of(AccessToken)


@dataclass(frozen=True, slots=True, repr=False)
class Validation:
    """The outcome of validating one token: its facts, and whether they still hold.

    Attributes:
        token: The validated token.
        is_current: Says, without I/O, whether validating the token again would succeed: whether
            the key that verified it is still used, or its introspection result still cached.
            None if that can't be known without I/O: then the validation must not be reused.
    """

    token: AccessToken
    is_current: Callable[[], bool] | None


def _read(claims: Mapping[str, Any], rules: ClaimRules) -> FrozenDict:
    """Check the type of each claim, and freeze the few values that are mutable."""
    frozen: dict[str, Any] = {}
    for name, value in claims.items():
        if type(value) not in rules.claim_types.get(name, SCALARS):
            if name in rules.claim_types:
                raise InvalidToken(Reason.MALFORMED_CLAIM)
            frozen[name] = freeze(value)
    return frozen_dict({**claims, **frozen} if frozen else claims)


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    for item in value:
        if not isinstance(item, str):
            raise InvalidToken(Reason.MALFORMED_CLAIM)
    return value


def _audience(claims: FrozenDict) -> tuple[str, ...]:
    value = claims.get("aud", ())
    return (value,) if isinstance(value, str) else _strings(value)


def _scopes(claims: FrozenDict, rules: ClaimRules) -> frozenset[str]:
    """Return the scopes of the first scope claim; the types of the others are checked."""
    first: frozenset[str] | None = None
    for name in rules.scope_claims:
        if name in claims:
            scopes = _scope_names(claims[name])
            first = scopes if first is None else first
    return first or _EMPTY


def _scope_names(value: Any) -> frozenset[str]:
    """Read a scope claim: one string, or an array if the rules allow it."""
    if isinstance(value, str):
        return frozenset(filter(None, value.split(" ")))
    names = _strings(value)
    if any(" " in name for name in names):
        raise InvalidToken(Reason.MALFORMED_CLAIM)
    return frozenset(filter(None, names))


def _collected(claims: FrozenDict, paths: Iterable[ClaimPath]) -> frozenset[str]:
    """Return the union of the string arrays at the ends of *paths*."""
    found = _EMPTY
    for path in paths:
        members, name = (claims, path) if isinstance(path, str) else _resolved(claims, path)
        if name in members:
            found = found.union(_strings(members[name]))
    return found or _EMPTY


def _resolved(claims: FrozenDict, path: tuple[str, ...]) -> tuple[FrozenDict, str]:
    """Return the object that contains the last name of *path*, and that name."""
    *parents, name = path
    members: Any = claims
    for step in parents:
        members = members.get(step, FrozenDict())
        if not isinstance(members, FrozenDict):
            raise InvalidToken(Reason.MALFORMED_CLAIM)
    return members, name


def _first(claims: FrozenDict, names: Iterable[str]) -> str | None:
    """Return the first of the claims *names* that is present."""
    for name in names:
        if name in claims:
            return claims[name]  # type: ignore[no-any-return] # `_read` checked its type
    return None
