"""PolicyCheck: evaluates the policies of a guard, at its policy decision point."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.protocol.access_target import AccessTarget, read_target
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.measurements import Measurement
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["PolicyCheck", "PolicySettings"]


class PolicySettings(TypedDict, total=False):
    """Which policies a guard evaluates: keyword arguments of `Guard`.

    Attributes:
        policy_decision_point: Decides about the requests of routes with `policy=`.
    """

    policy_decision_point: PolicyDecisionPoint | None


class PolicyCheck:
    """The policies of one guard.

    Args:
        resource: The URI of the guarded API.
        policy_decision_point: Decides; None if the guard has none.

    Attributes:
        names: The identifier of the decision point, if there is one.
    """

    def __init__(
        self, resource: str, *, policy_decision_point: PolicyDecisionPoint | None = None
    ) -> None:
        self._resource, self._point = resource, policy_decision_point
        self.names = () if policy_decision_point is None else (policy_decision_point.url,)

    def check_configured(self) -> None:
        """Raise `ConfigurationError` if there is no decision point."""
        self._configured()

    async def check(
        self,
        policy: str,
        identity: Identity,
        target: AccessTarget | Mapping[str, Any],
        request: ResourceRequest,
    ) -> None:
        """Raise unless the decision point permits *identity* what *target* says.

        Raises:
            RequestRejected: See `PolicyDecisionPoint.check`.
            IssuerUnavailable: The decision point can't be reached.
            ConfigurationError: There is none.
        """
        point = self._configured()
        await point.check(policy, identity, read_target(target), request, self._resource)

    def measurements(self) -> Iterator[Measurement]:
        """Yield what the decision point measures."""
        if self._point is not None:
            yield from self._point.measurements()

    async def load(self) -> None:
        """Start to find the endpoint of the decision point, in the background."""
        if self._point is not None:
            await self._point.load()

    async def aclose(self) -> None:
        """Close the connections to the decision point."""
        if self._point is not None:
            await self._point.aclose()

    def _configured(self) -> PolicyDecisionPoint:
        if self._point is None:
            raise ConfigurationError(
                "A requirement with policy= needs a guard that evaluates it: write "
                "Guard(..., policy_decision_point=PolicyDecisionPoint(...))."
            )
        return self._point
