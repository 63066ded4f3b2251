"""GuardTokenVerifier: a guard as the token verifier of the package mcp, and of fastmcp."""

from typing import Any

import httpx
import pytest
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl

from oauth_guard import Guard, JWTIssuer
from oauth_guard.mcp import GuardTokenVerifier
from oauth_guard.possession import DPoP
from oauth_guard.testing import LocalIssuer
from tests.builders.application_lifespan import running
from tests.builders.mcp_server import (
    INITIALIZE,
    ISSUER,
    RESOURCE,
    NotesClient,
    application_of,
)


def _guard(issuer: LocalIssuer, **settings: Any) -> Guard:
    return Guard(RESOURCE, [JWTIssuer(ISSUER, http=issuer.http)], **settings)


def _issuer() -> LocalIssuer:
    return LocalIssuer(ISSUER, audience=RESOURCE)


async def test_valid_token_is_the_package_s_access_token() -> None:
    """With the principal that owns a session, and without the raw token."""
    issuer = _issuer()
    token = issuer.token("notes", sub="u7")
    verified = await GuardTokenVerifier(_guard(issuer)).verify_token(token)
    assert verified is not None
    assert (verified.subject, verified.scopes, verified.resource) == ("u7", ["notes"], RESOURCE)
    assert token not in str(verified)


@pytest.mark.parametrize(
    "changes",
    [{"aud": "https://other.example.com"}, {"exp": 1}, {"cnf": {"jkt": "x" * 43}}],
    ids=["audience", "expired", "bound"],
)
async def test_invalid_or_bound_token_is_none(
    changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The operator's log has the reason, and no part of the token."""
    issuer = _issuer()
    token = issuer.token("notes", **changes)
    with caplog.at_level("INFO"):
        assert await GuardTokenVerifier(_guard(issuer, dpop=DPoP())).verify_token(token) is None
    assert "rejected with 401" in caplog.text
    assert token not in caplog.text


async def test_token_is_none_while_its_issuer_is_unavailable() -> None:
    """The package knows no other outcome."""
    issuer = _issuer()
    token = issuer.token("notes")
    issuer.outage = lambda _: httpx.Response(503)
    assert await GuardTokenVerifier(_guard(issuer)).verify_token(token) is None


@pytest.mark.parametrize("package", ["mcp", "fastmcp"])
async def test_server_with_its_own_authentication_uses_the_guard(package: str) -> None:
    """A valid token is served, another one is 401."""
    issuer = _issuer()
    verifier = GuardTokenVerifier(_guard(issuer))
    resource, server = AnyHttpUrl(RESOURCE), AnyHttpUrl(ISSUER)
    notes: Any
    if package == "mcp":
        auth = AuthSettings(
            issuer_url=server,
            resource_server_url=resource,
            required_scopes=[],
            validate_token_resource=True,
        )
        notes = MCPServer("notes", token_verifier=verifier, auth=auth)
    else:
        provider = RemoteAuthProvider(
            verifier,  # type: ignore[arg-type] # it has what the provider uses
            [server],
            "http://localhost:8000",
        )
        notes = FastMCP("notes", auth=provider)
    app = application_of(notes)
    async with running(app), httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        client = NotesClient(http)
        assert (await client.post(INITIALIZE, issuer.token("notes"))).status_code == 200
        assert (await client.post(INITIALIZE, issuer.token("notes", exp=1))).status_code == 401
