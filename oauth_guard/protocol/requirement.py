"""Requirement: what a route requires of its caller (RFC 6750 §3.1, RFC 9068 §2.2.3.1)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Self, TypedDict, Unpack

from oauth_guard.errors import InsufficientScope, MissingCredentials, Reason
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.scopes import ScopeExpression, scope
from oauth_guard.protocol.settings import checked_settings, read_settings

__all__ = ["Requirement", "RequirementSettings"]


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
    """

    roles: Iterable[str]
    groups: Iterable[str]
    entitlements: Iterable[str]
    users_only: bool
    introspect: bool


@checked_settings
@dataclass(frozen=True, slots=True)
class Requirement:
    """What a route requires: everything that is set must be satisfied.

    Its attributes are the scopes that the token must grant, and the `RequirementSettings` after
    their check. `Guard.authorize` compares an identity with it.
    """

    scopes: ScopeExpression | None = None
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    entitlements: frozenset[str] = frozenset()
    users_only: bool = False
    introspect: bool = False
    _checks_scopes_only: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note whether scopes are all that is checked, as they most often are."""
        others = self.roles or self.groups or self.entitlements or self.users_only
        object.__setattr__(self, "_checks_scopes_only", not others)

    @classmethod
    def of(cls, *scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]) -> Self:
        """Build a requirement from the arguments of a route; all of *scopes* are required.

        Raises:
            ConfigurationError: A scope is malformed, a list was written as one string, or a
                setting is unknown.
        """
        parts = [part if isinstance(part, ScopeExpression) else scope(part) for part in scopes]
        read = read_settings(settings, RequirementSettings, owner="requires()")
        for name in _LISTS & read.keys():
            read[name] = frozenset(read[name])
        return cls(scopes=reduce(and_, parts) if parts else None, **read)

    @property
    def challenge_scope(self) -> str | None:
        """The required scope as a challenge writes it; None if no scope is required."""
        return None if self.scopes is None else str(self.scopes)

    def violation(self, identity: Identity) -> MissingCredentials | InsufficientScope | None:
        """Return why *identity* does not satisfy this requirement; None if it does.

        Does not introspect: see `Guard.introspect`.

        Returns:
            MissingCredentials: The caller is anonymous. The error has the scope to request.
            InsufficientScope: The token does not grant what is required. The error has a scope
                only if a scope is what the token lacks.
        """
        if identity.issuer is None:
            return MissingCredentials(scope=self.challenge_scope)
        if self.scopes is not None and not self.scopes.satisfied_by(identity.scopes):
            return InsufficientScope(scope=self.challenge_scope)
        if self._checks_scopes_only:
            return None
        reason = None
        if self.roles and not self.roles <= identity.roles:
            reason = Reason.MISSING_ROLE
        elif self.groups and not self.groups <= identity.groups:
            reason = Reason.MISSING_GROUP
        elif self.entitlements and not self.entitlements <= identity.entitlements:
            reason = Reason.MISSING_ENTITLEMENT
        elif self.users_only and identity.kind != "user":
            unknown = identity.kind == "unknown"
            reason = Reason.NO_SUBJECT if unknown else Reason.NOT_A_USER
        return None if reason is None else InsufficientScope(reason)
