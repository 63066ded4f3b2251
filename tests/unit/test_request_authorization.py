"""authorize_request: comparison, introspection and policy, in this order and on one identity."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from oauth_guard import (
    ANONYMOUS,
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    Identity,
    IntrospectionIssuer,
    IssuerUnavailable,
    Requirement,
)
from oauth_guard.errors import InsufficientScope, MissingCredentials, Reason
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.protocol.access_target import AccessTarget
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import bearer
from tests.builders.policy_server import PolicyServer, policy_server

TARGET = AccessTarget("GET", "/orders/42")
TOKEN = "opaque-1"


class Introspected:
    """A guard with an introspecting issuer and a policy decision point, and one request."""

    def __init__(self, server: PolicyServer) -> None:
        self.local = LocalIssuer()
        client = ClientSecretBasic("api", "secret")
        issuer = IntrospectionIssuer(self.local.issuer, client=client, http=self.local.http)
        point = PolicyDecisionPoint(server.url)
        self.guard = Guard(self.local.audience, [issuer], policy_decision_point=point)
        self.request = ResourceRequest({"headers": bearer(TOKEN)})
        self.grant("read")

    def grant(self, *scopes: str) -> None:
        """Let the token grant *scopes* from now on."""
        responses = self.local.introspection.responses
        responses[TOKEN] = {"active": True, **self.local.claims(*scopes)}

    async def authorize(self, **settings: Any) -> Identity:
        """Authenticate the request, and authorize it for scope and policy."""
        identity = await self.guard.authenticate(self.request)
        requirement = Requirement.of("read", policy="order", introspect=True)
        return await self.guard.authorize_request(
            self.request, identity, requirement, TARGET, **settings
        )


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    """Run a policy decision point."""
    with policy_server() as server:
        yield server


def test_requirement_without_io_is_authorized_without_a_suspension() -> None:
    """So a cache hit never waits where no policy is required."""
    caller = Identity(issuer="https://login.test", subject="u1", scopes=frozenset({"read"}))
    guard = Guard(LocalIssuer().audience, [_issuer()])
    request = ResourceRequest({"headers": []})
    for requirement in (Requirement(), Requirement.of("read"), Requirement.of(users_only=True)):
        assert not requirement.needs_io
        authorizing = guard.authorize_request(request, caller, requirement, TARGET)
        with pytest.raises(StopIteration) as ended:
            authorizing.send(None)
        assert ended.value.value is caller
        assert inspect.getcoroutinestate(authorizing) == inspect.CORO_CLOSED


def _issuer() -> IntrospectionIssuer:
    client = ClientSecretBasic("api", "secret")
    return IntrospectionIssuer("https://login.test", client=client)


async def test_policy_is_evaluated_for_the_introspected_caller(server: PolicyServer) -> None:
    """Once."""
    world = Introspected(server)
    await world.guard.authenticate(world.request)
    world.grant("read", "more")
    identity = await world.authorize()
    assert identity.scopes == {"read", "more"}
    (evaluation,) = server.evaluations
    assert evaluation["subject"]["properties"]["scopes"] == ["more", "read"]
    await world.guard.aclose()


async def test_policy_is_not_evaluated_for_a_token_that_lacks_the_scope_now(
    server: PolicyServer,
) -> None:
    """The scope was taken away since it was cached."""
    world = Introspected(server)
    await world.guard.authenticate(world.request)
    world.grant("other")
    with pytest.raises(InsufficientScope) as caught:
        await world.authorize()
    assert caught.value.reason == Reason.INSUFFICIENT_SCOPE
    assert server.evaluations == []
    await world.guard.aclose()


async def test_token_that_is_current_is_not_introspected_again(server: PolicyServer) -> None:
    """The policy is evaluated all the same."""
    world = Introspected(server)
    await world.guard.authenticate(world.request)
    world.grant("other")
    assert (await world.authorize(is_current=True)).scopes == {"read"}
    assert len(server.evaluations) == 1
    await world.guard.aclose()


async def test_outage_of_the_decision_point_is_no_permission(server: PolicyServer) -> None:
    """After everything else was satisfied."""
    world = Introspected(server)
    server.status = 500
    with pytest.raises(IssuerUnavailable) as caught:
        await world.authorize()
    assert caught.value.issuer == server.url
    await world.guard.aclose()


async def test_policy_of_an_anonymous_caller_is_not_evaluated(server: PolicyServer) -> None:
    """A token is missing."""
    guard = Introspected(server).guard
    request = ResourceRequest({"headers": []})
    with pytest.raises(MissingCredentials):
        await guard.authorize_request(request, ANONYMOUS, Requirement.of(policy="a"), TARGET)
    assert server.evaluations == []


async def test_guard_without_a_decision_point_refuses_a_policy() -> None:
    """By an error."""
    guard = Guard(LocalIssuer().audience, [_issuer()])
    caller = Identity(issuer="https://login.test", subject="u1")
    requirement = Requirement.of(policy="order")
    for call in (guard.check_can_decide, lambda each: guard.authorize(caller, each)):
        with pytest.raises(ConfigurationError, match="policy"):
            call(requirement)
    with pytest.raises(ConfigurationError, match="policy"):
        await guard.authorize_request(ResourceRequest({"headers": []}), caller, requirement, TARGET)
