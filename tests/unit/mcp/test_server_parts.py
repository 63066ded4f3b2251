"""ServerParts: the server that guarded() finds in an application."""

import pytest
from fastmcp import FastMCP
from fastmcp.server.auth import StaticTokenVerifier
from mcp.server.lowlevel import Server
from mcp.server.mcpserver import MCPServer
from starlette.applications import Starlette
from starlette.routing import Mount

from oauth_guard import ConfigurationError
from oauth_guard.mcp.server_parts import ServerParts
from tests.builders.mcp_server import application_of


def test_application_of_mcp_has_its_server() -> None:
    """Inside a mount too."""
    server = MCPServer("notes")
    app = server.streamable_http_app()
    for outer in (app, Starlette(routes=[Mount("/inner", app)])):
        parts = ServerParts.of(outer)
        assert parts == ServerParts(server._lowlevel_server, server)  # noqa: SLF001 - the one


def test_application_of_fastmcp_has_its_server() -> None:
    """The low-level server dispatches, and the other one lists."""
    server = FastMCP("notes")
    parts = ServerParts.of(server.http_app())
    assert parts == ServerParts(server._mcp_server, server)  # noqa: SLF001 - the one


def test_low_level_server_lists_nothing() -> None:
    """Its handlers need a request."""
    server = Server("notes")
    assert ServerParts.of(server.streamable_http_app()) == ServerParts(server, None)


def test_other_application_has_no_parts() -> None:
    """It may be a server of another package."""
    assert ServerParts.of(Starlette()) is None


def test_server_that_authenticates_is_refused() -> None:
    """It would replace the caller."""
    server = FastMCP("notes", auth=StaticTokenVerifier({"t": {"client_id": "c", "scopes": []}}))
    with pytest.raises(ConfigurationError, match="authenticates requests itself"):
        ServerParts.of(server.http_app())


def test_two_servers_in_one_application_are_refused() -> None:
    """Each needs a guard of its own."""
    mounts = [Mount(f"/{name}", MCPServer(name).streamable_http_app()) for name in ("one", "two")]
    with pytest.raises(ConfigurationError, match="takes one MCP server"):
        ServerParts.of(Starlette(routes=mounts))


def test_manager_of_mcp_is_found_with_its_event_store() -> None:
    """That of fastmcp is made when it starts."""
    store = object()
    parts = ServerParts.of(application_of(MCPServer("notes"), event_store=store))
    assert parts is not None
    assert parts.manager.event_store is store
    other = ServerParts.of(application_of(FastMCP("notes")))
    assert other is not None
    assert other.manager is None
