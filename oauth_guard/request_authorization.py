"""RequestAuthorization: authorizes a caller by what needs I/O too, a policy or introspection."""

from collections.abc import Mapping
from typing import Any, Protocol

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.protocol.access_target import AccessTarget
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement

__all__ = ["RequestAuthorization"]


class _Policies(Protocol):
    """What of a `PolicyCheck` is needed here."""

    async def check(
        self,
        policy: str,
        identity: Identity,
        target: AccessTarget | Mapping[str, Any],
        request: ResourceRequest,
    ) -> None: ...


class _Observers(Protocol):
    """What of `Observers` is needed here."""

    def authorized(
        self, identity: Identity, requirement: Requirement, request: ResourceRequest | None
    ) -> None: ...


class _Authorizing(Protocol):
    """What of a guard `authorize_request` needs."""

    @property
    def _policies(self) -> _Policies: ...

    @property
    def _observers(self) -> _Observers | None: ...

    def authorize(
        self,
        identity: Identity,
        requirement: Requirement,
        request: ResourceRequest | None = None,
        *,
        more_follows: bool = False,
    ) -> None: ...

    async def recheck(
        self, request: ResourceRequest, identity: Identity, *, introspect: bool = False
    ) -> ValidatedToken: ...


class RequestAuthorization:
    """Gives a guard the method `authorize_request`."""

    async def authorize_request(
        self: _Authorizing,
        request: ResourceRequest,
        identity: Identity,
        requirement: Requirement,
        target: AccessTarget | Mapping[str, Any],
        *,
        is_current: bool = False,
    ) -> Identity:
        """Return *identity*, who sent *request*, if it satisfies *requirement* with all its parts.

        First the identity is compared with the requirement. If that introspects, the token is
        validated at its issuer as in `recheck`, and the new identity is compared and returned; a
        caller without a subject is never the same as before. The policy is evaluated last, so
        only for callers who satisfy everything else. Without both, nothing is awaited.

        Args:
            request: The request that this guard has authenticated.
            identity: Its caller.
            requirement: What is required.
            target: What the request does, for the policy; or the ASGI connection, which says it.
            is_current: Whether the token has just been validated: it is not introspected again.

        Raises:
            InsufficientScope: The caller does not satisfy *requirement*, or the policy denies it.
            RequestRejected: See `violation`, `recheck` and `PolicyDecisionPoint.check`.
            IssuerUnavailable: The issuer or the policy decision point can't be reached.
            ConfigurationError: The issuer can't introspect, or there is no decision point.
        """
        self.authorize(identity, requirement, request, more_follows=True)
        if requirement.introspect and not is_current:
            identity = (await self.recheck(request, identity, introspect=True)).identity
            if identity.subject is None:
                raise InvalidToken(Reason.ANOTHER_CALLER)
            self.authorize(identity, requirement, request, more_follows=True)
        if requirement.policy is not None:
            await self._policies.check(requirement.policy, identity, target, request)
        if self._observers is not None:
            self._observers.authorized(identity, requirement, request)
        return identity
