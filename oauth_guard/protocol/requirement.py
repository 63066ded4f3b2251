"""Requirement: what a route requires of its caller (RFC 6750 §3.1, RFC 9068, 9396, 9470)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import reduce
from operator import and_
from typing import Any, Self, TypedDict, Unpack

from oauth_guard.errors import (
    ConfigurationError,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidToken,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.protocol.authorization_details import Need, details_grant, read_needs
from oauth_guard.protocol.binding import Binding, is_bound
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.scopes import ScopeExpression, scope
from oauth_guard.protocol.settings import checked_settings, read_settings
from oauth_guard.protocol.step_up import read_acr, read_max_age, step_up_reason

__all__ = ["DENIED", "Requirement", "RequirementSettings", "read_requirement"]

_NO = frozenset[str]()


_POLICY = re.compile(r"[!-~](?:[ -~]{0,98}[!-~])?")
_LISTS = {"roles", "groups", "entitlements"}


class RequirementSettings(TypedDict, total=False):
    """What a route may require besides scopes: keyword arguments of every `requires`.

    Attributes:
        roles: The roles that the caller must have, all of them; likewise the next two.
        groups: The groups that the caller must belong to.
        entitlements: The entitlements that the caller must have.
        users_only: Reject a client that acts for itself (RFC 9700 §4.15).
        introspect: Introspect the token at the authorization server now, and use no cached
            result. The caller must be the same as before, so the token needs a subject. On an
            open WebSocket, each call of a decorated method introspects.
        binding: How the token must be bound: `"dpop"`, `"mtls"` or `"any"`.
        acr: The accepted values of `acr`, the best first (RFC 9470); one string may have several.
        max_age: How long ago the user may have authenticated, in seconds.
        actor: The parties that may act for the user, by their `sub`, or by `(iss, sub)` if their
            issuer is not that of the token (RFC 8693 §4.1); only the outermost actor counts.
        details: What `authorization_details` must grant (RFC 9396): an object with a `type` and
            other members, or several.
        policy: The name of the policy that the policy decision point of the guard decides by
            (AuthZEN 1.0), once the caller satisfies everything else: see `PolicyDecisionPoint`.
            On an open WebSocket, each call of a decorated method is decided.
    """

    roles: Iterable[str]
    groups: Iterable[str]
    entitlements: Iterable[str]
    users_only: bool
    introspect: bool
    binding: Binding
    acr: str | Iterable[str]
    max_age: int
    actor: str | Iterable[str | tuple[str, str]]
    details: Need | Iterable[Need]
    policy: str


@checked_settings
@dataclass(frozen=True, slots=True)
class Requirement:
    """What a route requires: everything that is set must be satisfied.

    Its attributes are the scopes that the token must grant, and the `RequirementSettings` after
    their check. `Guard.authorize` compares an identity with it. `needs_io` says whether that is
    not sufficient, since it introspects or has a policy: see `Guard.authorize_request`.
    `challenge_scope` is the required scope as a challenge writes it; None if none is required.
    """

    scopes: ScopeExpression | None = None
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    entitlements: frozenset[str] = frozenset()
    users_only: bool = False
    introspect: bool = False
    binding: Binding | None = None
    acr: tuple[str, ...] = ()
    max_age: int | None = None
    actor: frozenset[str | tuple[str, str]] = frozenset()
    details: tuple[Need, ...] = ()
    policy: str | None = None
    is_denied: bool = False
    needs_io: bool = field(init=False, repr=False, compare=False)
    challenge_scope: str | None = field(init=False, repr=False, compare=False)
    _sufficient: frozenset[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Set the scopes that suffice if scopes are all that is checked, as they most often are."""
        others = [each for each in fields(self) if each.name not in _NOT_COMPARED]
        is_alone = all(getattr(self, each.name) == each.default for each in others)
        sufficient = _NO if self.scopes is None else frozenset(self.scopes.alternatives[0])
        object.__setattr__(self, "_sufficient", sufficient if is_alone else None)
        object.__setattr__(self, "needs_io", self.introspect or self.policy is not None)
        written = None if self.scopes is None else str(self.scopes)
        object.__setattr__(self, "challenge_scope", written)

    @classmethod
    def of(cls, *scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]) -> Self:
        """Build a requirement from the arguments of a route; all of *scopes* are required.

        Raises:
            ConfigurationError: A scope is malformed, a list was written as one string, or a
                setting is unknown.
        """
        parts = [part if isinstance(part, ScopeExpression) else scope(part) for part in scopes]
        read = read_settings(settings, RequirementSettings, owner="requires()")
        for name in _READERS.keys() & read.keys():
            read[name] = _READERS[name](read[name])
        return cls(scopes=reduce(and_, parts) if parts else None, **read)

    def violation(
        self, identity: Identity, resource: str = "", now: float = 0, implied: frozenset[str] = _NO
    ) -> RequestRejected | None:
        """Return why *identity* does not satisfy this requirement; None if it does.

        Neither introspects nor evaluates the policy: see `Guard.authorize_request`.

        Args:
            identity: The caller.
            resource: The URI of the resource, for `details`.
            now: Seconds since the epoch, for `max_age`.
            implied: The scopes that those of *identity* imply.

        Returns:
            MissingCredentials: The caller is anonymous. The error has the scope to request.
            InvalidToken: The token is not bound as required.
            InsufficientAuthentication: The user must authenticate again. The error has a scope
                only if the token lacks that too.
            InsufficientScope: The token does not grant what is required. The error has a scope
                only if a scope is what the token lacks.
        """
        if identity.issuer is None:
            return MissingCredentials(scope=self.challenge_scope)
        if self._sufficient is not None and self._sufficient <= identity.scopes:  # saves time
            return None
        granted = identity.scopes | implied if implied else identity.scopes
        lacks_scope = self.scopes is not None and not self.scopes.satisfied_by(granted)
        if self._sufficient is not None:
            return self._lacking_scope() if lacks_scope else None
        if self.binding is not None and not is_bound(identity.claims, self.binding):
            return InvalidToken(Reason.BINDING_REQUIRED)
        scope = self.challenge_scope if lacks_scope else None
        reason = step_up_reason(identity.claims, self.acr, self.max_age, now)
        if reason is not None:
            return InsufficientAuthentication(
                reason, acr_values=" ".join(self.acr) or None, max_age=self.max_age, scope=scope
            )
        return self._lacking_scope() if lacks_scope else self._ungranted(identity, resource)

    def _ungranted(self, identity: Identity, resource: str) -> InsufficientScope | None:
        reason = self._missing(identity, resource)
        if reason is None:
            return None
        return InsufficientScope(reason).about(**self._lacking(reason, identity))

    def _lacking(self, reason: Reason, identity: Identity) -> dict[str, str]:
        """Return the required names that the token lacks, so no value of a claim."""
        names = {
            Reason.MISSING_ROLE: self.roles - identity.roles,
            Reason.MISSING_GROUP: self.groups - identity.groups,
            Reason.MISSING_ENTITLEMENT: self.entitlements - identity.entitlements,
        }.get(reason, ())
        return {"required": " ".join(sorted(names))} if names else {}

    def _lacking_scope(self) -> InsufficientScope:
        scope = self.challenge_scope
        return InsufficientScope(scope=scope).about(required=f"scope {scope}")

    def _missing(self, identity: Identity, resource: str) -> Reason | None:
        """Return what another scope does not grant."""
        reason = None
        if self.is_denied:
            reason = Reason.NO_RULE
        elif self.roles and not self.roles <= identity.roles:
            reason = Reason.MISSING_ROLE
        elif self.groups and not self.groups <= identity.groups:
            reason = Reason.MISSING_GROUP
        elif self.entitlements and not self.entitlements <= identity.entitlements:
            reason = Reason.MISSING_ENTITLEMENT
        elif self.users_only and identity.kind != "user":
            unknown = identity.kind == "unknown"
            reason = Reason.NO_SUBJECT if unknown else Reason.NOT_A_USER
        elif self.actor and self.actor.isdisjoint(_names_of_actor(identity)):
            reason = Reason.WRONG_ACTOR
        elif not all(details_grant(identity.claims, need, resource) for need in self.details):
            reason = Reason.MISSING_DETAILS
        return reason


def read_requirement(requires: str | ScopeExpression | Requirement | None) -> Requirement | None:
    """Return the requirement that `requires=` of the middleware sets; None if it sets none.

    Raises:
        ConfigurationError: *requires* is a list, or something else that is no requirement.
    """
    if requires is None or isinstance(requires, Requirement):
        return requires
    if not isinstance(requires, str | ScopeExpression):
        raise ConfigurationError(
            'requires= takes one scope or expression, or Requirement.of("read", roles=["ops"]).'
        )
    return Requirement.of(requires)


def _names_of_actor(identity: Identity) -> Iterable[str | tuple[str, str]]:
    """Return the names by which a route may accept the actor of *identity*."""
    actor = identity.actor
    if actor is None or actor.subject is None:
        return ()
    issuer = actor.issuer or identity.issuer or ""
    qualified = (issuer, actor.subject)
    return (actor.subject, qualified) if issuer == identity.issuer else (qualified,)


def _read_actors(value: str | Iterable[str | tuple[str, str]]) -> frozenset[str | tuple[str, str]]:
    actors = frozenset([value] if isinstance(value, str) else value)
    if not actors:
        raise ConfigurationError('actor= names who may act for the user: actor=["gateway"].')
    return actors


def _read_policy(value: str) -> str:
    if not _POLICY.fullmatch(value):
        raise ConfigurationError(
            'policy= is the name of a policy, of 1 to 100 characters: policy="order".'
        )
    return value


# A policy is evaluated after the comparison with an identity, so it takes no part in that.
_NOT_COMPARED = {"scopes", "introspect", "policy", "needs_io", "challenge_scope", "_sufficient"}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_LISTS, frozenset),
    "acr": read_acr,
    "max_age": read_max_age,
    "actor": _read_actors,
    "details": read_needs,
    "policy": _read_policy,
}

DENIED = Requirement(is_denied=True)
"""What no caller satisfies, such as a path without a rule."""
