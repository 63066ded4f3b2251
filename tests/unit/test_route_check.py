"""check(): one function that says for every framework whether a route may serve its caller."""

import json
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError, Identity, OAuthGuardMiddleware, Requirement
from oauth_guard.asgi import send_rejection
from oauth_guard.route_check import check, check_known
from oauth_guard.testing import LocalIssuer, challenge, insufficient_scope, invalid_token, trusting
from tests.unit.testing.applications import RESOURCE, remote_guard


def _app(requirement: Requirement) -> Any:
    """Return an application of no framework, whose every route requires *requirement*."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        rejection = await check(scope, requirement)
        if rejection is not None:
            await send_rejection(rejection, scope, send)
            return
        assert isinstance(scope["user"], Identity)
        body = json.dumps(scope["user"].subject).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


async def _get(requirement: Requirement, issuer: LocalIssuer, token: str | None) -> httpx.Response:
    guard = remote_guard()
    transport = httpx.ASGITransport(OAuthGuardMiddleware(_app(requirement), guard, required=False))
    with trusting(guard, issuer):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
            return await client.get("/", headers=headers)


def _issuer() -> LocalIssuer:
    return LocalIssuer("https://login.example.com", audience=RESOURCE)


async def test_caller_who_satisfies_the_requirement_is_served() -> None:
    """The function returns None, and the caller is in the connection."""
    issuer = _issuer()
    response = await _get(Requirement.of("read"), issuer, issuer.token("read"))
    assert response.json() == "u1"


async def test_rejection_is_the_response_that_the_middleware_would_send() -> None:
    """Status, header fields and body are public."""
    issuer = _issuer()
    rejected = await _get(Requirement.of("write"), issuer, issuer.token("read"))
    assert challenge(rejected) == insufficient_scope("write")
    assert rejected.json()["error"] == "insufficient_scope"
    assert (await _get(Requirement.of("write"), issuer, None)).status_code == 401


async def test_route_that_introspects_rejects_a_revoked_token() -> None:
    """The signature alone would be valid."""
    issuer = _issuer()
    token = issuer.token()
    assert (await _get(Requirement.of(introspect=True), issuer, token)).json() == "u1"
    issuer.revoke(token)
    rejected = await _get(Requirement.of(introspect=True), issuer, token)
    assert challenge(rejected) == invalid_token()


async def test_connection_without_a_guard_is_an_error() -> None:
    """A route is never served because the middleware is missing."""
    with pytest.raises(ConfigurationError, match="put OAuthGuardMiddleware around"):
        await check({"type": "http"}, Requirement.of("read"))


def test_requirement_that_introspects_is_not_checked_without_introspection() -> None:
    """The plain function can't wait for the authorization server."""
    with pytest.raises(ConfigurationError, match="await check"):
        check_known({}, Requirement.of("read", introspect=True))


@pytest.mark.parametrize("introspect", [False, True])
async def test_check_without_a_middleware_is_an_error_of_configuration(introspect: bool) -> None:
    """No guard has authenticated a caller."""
    with pytest.raises(ConfigurationError, match="OAuthGuardMiddleware"):
        await check({}, Requirement.of("read", introspect=introspect))
