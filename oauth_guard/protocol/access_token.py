"""AccessToken: a validated token, its registered claims typed (RFC 9068 §2.2, RFC 7662 §2.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.frozen import FrozenDict, count_characters, freeze_and_count
from oauth_guard.protocol.authorization_details import check_details
from oauth_guard.protocol.claim_checks import call_claim_function
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.name_claims import read_names

__all__ = ["AccessToken", "RegisteredClaims", "UnverifiedToken", "Validation"]

# Measured: a cached token takes so much beside its claims, and each claim, element or name so much
# beside its characters, which take one or two bytes each, rarely four.
_OBJECT_BYTES, _VALUE_BYTES = 1200, 120
_MAX_SHARED = 1024  # scope claims, and characters of each
_EMPTY: frozenset[str] = frozenset()  # shared, since each empty set of its own takes 216 bytes


class RegisteredClaims:
    """The checks of registered claims that need no key."""

    __slots__ = ()
    rules: ClaimRules
    client_id: str | None
    audience: tuple[str, ...]
    expires_at: float | None
    not_before: float | None
    issued_at: float | None
    lifetime: tuple[float, float]
    claims: Mapping[str, Any]

    def check_claims(self, resource: str, now: float) -> None:
        """Check audience, client, lifetime, required claim values and details.

        Args:
            resource: The resource that the audience must name, if the rules name no other.
            now: The current time, in seconds since the epoch.

        Raises:
            InvalidToken: It is for another resource or client, expired or not yet valid, or
                lacks a required claim value, or its details are malformed.
        """
        rules = self.rules
        rules.check_audience(self.audience, resource)
        if rules.clients:
            rules.check_client(self.client_id)
        self.check_times(now)
        if rules.claims.required_values:
            rules.claims.check_values(self.claims)
        if "authorization_details" in self.claims:
            check_details(self.claims["authorization_details"])

    def check_times(self, now: float) -> None:
        """Check the lifetime. `check_claims` includes it; alone it is for claims checked earlier.

        Raises:
            InvalidToken: It is expired, not valid yet, or issued in the future.
        """
        begin, end = self.lifetime
        if not begin <= now < end:
            self.rules.check_lifetime(self.expires_at, self.not_before, self.issued_at, now)

    def check_total_lifetime(self, seconds: float) -> None:
        """Check that the token was issued for at most so many *seconds*.

        Raises:
            InvalidToken: It was issued for longer, or has no `iat` or `exp`.
        """
        if self.expires_at is None or self.issued_at is None:
            raise InvalidToken(Reason.MISSING_CLAIM).about(claim="iat or exp")
        if self.expires_at - self.issued_at > seconds:
            raise InvalidToken(Reason.LIFETIME_TOO_LONG)


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken(RegisteredClaims):
    """The facts of a token that its issuer signed or reported as active.

    They are the same for every resource and at every time. Audience and lifetime are not
    checked yet: `check_claims` does that on each validation.

    Attributes:
        rules: The rules of its issuer, by which the claims were read.
        subject: `sub`, or the claim that the rules name instead; unique within one issuer. None if
            it is absent or empty.
        client_id: The client that the token was issued to; None if it is absent or empty.
        audience: `aud`, always as a tuple.
        scopes: The granted scopes.
        expires_at: `exp`, in seconds since the epoch, as are the other times.
        lifetime: From when and until when `check_claims` accepts its times.
        roles: The roles; like `groups` and `entitlements`, read by `read_names`.
        claims: All claims, including unknown ones, immutable.
        remarks: What the operator should know of how the claims were read: names of claims and
            of types, and no values.
        size: About how many bytes of memory it takes in a cache, not less by half nor more by
            fivefold. A token of 16 kB may take 200 kB.
    """

    rules: ClaimRules
    subject: str | None
    client_id: str | None
    audience: tuple[str, ...]
    scopes: frozenset[str]
    expires_at: float | None
    not_before: float | None
    issued_at: float | None
    lifetime: tuple[float, float]
    roles: frozenset[str]
    groups: frozenset[str]
    entitlements: frozenset[str]
    claims: FrozenDict = field(hash=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)
    size: int = field(default=0, compare=False)

    @property
    def issuer(self) -> str:
        """The identifier of its issuer."""
        return self.rules.issuer

    @property
    def is_client_token(self) -> bool:
        """Whether the rules say that it was issued to a client for itself, without a user.

        Raises:
            InvalidToken: The function can't read a claim; see `call_claim_function`.
        """
        return self.rules.is_client_token is not None and bool(
            call_claim_function(self.rules.is_client_token, self.claims)
        )

    @staticmethod
    def from_claims(claims: Mapping[str, Any], rules: ClaimRules) -> "AccessToken":
        """Return the token with *claims* that its issuer signed or reported (RFC 7519 §4.1).

        Issuer, audience and lifetime are not checked here.

        Raises:
            InvalidToken: A required claim is missing, or one that decides has the wrong type.
        """
        return UnverifiedToken(claims, rules).verified()


class UnverifiedToken(RegisteredClaims):
    """The claims of a token whose signature is not verified yet, their types checked.

    Only what is needed to reject the token without a key is read, so a forged token costs little.

    Args:
        claims: The claims as they were parsed.
        rules: The rules of the issuer that they name.

    Raises:
        InvalidToken: A required claim is missing, or one that decides has the wrong type. Claims
            that decide nothing may have any type.
    """

    __slots__ = AccessToken.__slots__  # so that `verified` can turn it into an `AccessToken`

    def __init__(self, claims: Mapping[str, Any], rules: ClaimRules) -> None:
        rules.check_presence(claims)
        for name, types in rules.claim_types.items():
            if name in claims and type(claims[name]) not in types:
                raise InvalidToken(Reason.MALFORMED_CLAIM).about(claim=name)
        self.rules = rules
        self.subject = _subject(claims, rules)
        self.client_id = _client_id(claims, rules)
        audience = claims.get("aud", ())
        self.audience = (audience,) if isinstance(audience, str) else _strings("aud", audience)
        self.expires_at = claims.get("exp")
        self.not_before = claims.get("nbf")
        self.issued_at = claims.get("iat")
        self.lifetime = rules.lifetime(self.expires_at, self.not_before, self.issued_at)
        self.claims = claims

    def verified(self, length: int | None = None) -> AccessToken:
        """Turn it into an `AccessToken`; it can't be used itself any more.

        Call it only after the signature is verified, or for what the issuer itself reported.

        Args:
            length: How many characters the token has, if the claims come from it.

        Raises:
            InvalidToken: The scope is malformed.
        """
        rules = self.rules
        claims, values = freeze_and_count(self.claims)
        self.claims = claims
        self.scopes = _scopes(claims, rules)
        values += len(self.scopes)
        self.roles = self.groups = self.entitlements = _EMPTY
        self.remarks: tuple[str, ...] = ()
        if not rules.multi_value_claims.isdisjoint(claims):
            self.roles, roles = read_names(claims, rules.role_claims)
            self.groups, groups = read_names(claims, rules.group_claims)
            self.entitlements, entitlements = read_names(claims, rules.entitlement_claims)
            self.remarks = roles + groups + entitlements
            values += len(self.roles) + len(self.groups) + len(self.entitlements)
        length = count_characters(claims) if length is None else length
        self.size = _OBJECT_BYTES + 2 * length + _VALUE_BYTES * values
        self.__class__ = AccessToken  # type: ignore[assignment] # it has the same slots
        return self  # type: ignore[return-value] # its class was set in the line above


class Validation(NamedTuple):
    """The outcome of validating one token: its facts, and whether they still hold.

    Attributes:
        token: The validated token.
        is_current: Says, without I/O, whether validating the token again would succeed: whether
            the key that verified it is still used, or its introspection result still cached.
            None if that can't be known without I/O: then the validation must not be reused.
        reported_at: When the introspection that reported the claims was requested, in seconds
            since the epoch; only of an issuer that can introspect the token again. None for the
            claims of a signed token, which are as old as the token.
    """

    token: AccessToken
    is_current: Callable[[], bool] | None
    reported_at: float | None = None


def _subject(claims: Mapping[str, Any], rules: ClaimRules) -> str | None:
    subject: str | None = claims.get(rules.subject_claim)
    if subject and not subject.isspace():
        return subject
    if subject is not None and rules.subject_claim in rules.required_claims:
        raise InvalidToken(Reason.MISSING_CLAIM).about(claim=rules.subject_claim)
    return None


def _client_id(claims: Mapping[str, Any], rules: ClaimRules) -> str | None:
    """Return the first of the client claims that is not empty."""
    for name in rules.client_claims:
        client_id: str | None = claims.get(name)
        if client_id and not client_id.isspace():
            return client_id
        if client_id is not None and name in rules.required_claims:
            raise InvalidToken(Reason.MISSING_CLAIM).about(claim=name)
    return None


def _strings(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise InvalidToken(Reason.MALFORMED_CLAIM).about(claim=name)
    for item in value:
        if not isinstance(item, str):
            raise InvalidToken(Reason.MALFORMED_CLAIM).about(claim=name)
    return tuple(value)


def _scopes(claims: Mapping[str, Any], rules: ClaimRules) -> frozenset[str]:
    """Return the scopes of the first scope claim; the types of the others are checked."""
    first: frozenset[str] | None = None
    for name in rules.scope_claims:
        if name in claims:
            scopes = _scope_names(name, claims[name])
            first = scopes if first is None else first
    return first or _EMPTY


def _scope_names(claim: str, value: Any) -> frozenset[str]:
    """Read a scope claim: one string, or an array if the rules allow it."""
    if isinstance(value, str):
        return _split(value) if len(value) <= _MAX_SHARED else _split.__wrapped__(value)
    names = _strings(claim, value)
    if any(" " in name for name in names):
        raise InvalidToken(Reason.MALFORMED_CLAIM).about(claim=claim)
    return frozenset(filter(None, names))


@lru_cache(_MAX_SHARED)
def _split(value: str) -> frozenset[str]:
    """Return the scopes in *value*; tokens with an equal scope claim share one set."""
    return frozenset(filter(None, value.split(" ")))
