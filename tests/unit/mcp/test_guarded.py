"""guarded(): an MCP server that serves only authorized callers."""

import httpx
import pytest
from mcp.server.lowlevel import Server

from oauth_guard.mcp import guarded
from oauth_guard.testing import challenge, missing_token
from tests.builders.application_lifespan import running
from tests.builders.mcp_server import METADATA, RESOURCE, GuardedNotes

ORIGIN = "https://app.example.com"


async def test_low_level_server_is_guarded_without_a_check_of_names() -> None:
    """Its handlers can't list names without a request."""
    app = guarded(Server("notes").streamable_http_app(), GuardedNotes().guard, tools={"a": "b"})
    async with running(app):
        pass


async def test_public_path_is_served_without_a_token() -> None:
    """The server's own routes may be public."""
    notes = GuardedNotes(rules={"public": ["/health"]})
    async with notes.client() as client:
        response = await client.http.get("http://localhost:8000/health")
        assert response.status_code == 404  # of the server


@pytest.mark.conformance("MCP-13")
async def test_scripts_of_a_listed_origin_read_the_fields_of_mcp() -> None:
    """The preflight allows what they send; the 401 and the metadata are readable."""
    notes = GuardedNotes(rules={"cors": [ORIGIN]})
    async with notes.client() as client:
        names = "authorization, content-type, mcp-protocol-version, mcp-session-id, mcp-method"
        preflight = {
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": names,
        }
        allowed = await client.http.options(RESOURCE, headers=preflight)
        listed = allowed.headers["access-control-allow-headers"].split(", ")
        assert set(names.split(", ")) <= set(listed)
        rejected = await client.send("POST", origin=ORIGIN)
        assert challenge(rejected) == missing_token()
        assert rejected.headers["access-control-allow-origin"] == ORIGIN
        exposed = rejected.headers["access-control-expose-headers"].lower().split(", ")
        assert {"www-authenticate", "mcp-session-id", "mcp-protocol-version"} <= set(exposed)
        metadata: httpx.Response = await client.http.get(METADATA, headers={"origin": ORIGIN})
        assert metadata.headers["access-control-allow-origin"] in {ORIGIN, "*"}
