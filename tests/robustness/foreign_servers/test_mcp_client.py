"""The SDK's own client of MCP signs in, calls a tool and steps up, by our challenges alone."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import Guard, JWTIssuer, current_identity
from oauth_guard.asgi import Application, Connection, Receive, Send
from oauth_guard.mcp import guarded
from oauth_guard.testing import LocalIssuer
from tests.builders.mcp_server import LEGACY, MODERN

CALLBACK = "http://127.0.0.1:9/callback"


class _World:
    """An authorization server at *origin* that grants what is requested, and a guarded server."""

    def __init__(self, origin: str) -> None:
        self.origin, self.resource = origin, f"{origin}/mcp"
        self.issuer = LocalIssuer(origin, audience=self.resource)
        self.requested: list[str] = []
        self.callback: AuthorizationCodeResult | None = None
        issuer = JWTIssuer(origin, keys=self.issuer.jwks)
        server = MCPServer("notes")
        server.tool()(self.whoami)
        server.tool()(self.delete)
        self.server = guarded(
            server.streamable_http_app(),
            Guard(self.resource, [issuer]),
            requires="notes",
            tools={"delete": "notes:write"},
        )
        self.authority = Starlette(
            routes=[
                Route("/.well-known/oauth-authorization-server", self.metadata),
                Route("/register", self.register, methods=["POST"]),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    async def whoami(self) -> str:
        """Return the caller."""
        return str(current_identity().subject)

    async def delete(self) -> str:
        """Delete every note."""
        return "deleted"

    async def metadata(self, _: Request) -> JSONResponse:
        """Return the metadata of the authorization server."""
        return JSONResponse(
            {
                "issuer": self.origin,
                "authorization_endpoint": f"{self.origin}/authorize",
                "token_endpoint": f"{self.origin}/token",
                "registration_endpoint": f"{self.origin}/register",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
            }
        )

    async def register(self, request: Request) -> JSONResponse:
        """Register any client."""
        return JSONResponse({**await request.json(), "client_id": "c1"}, 201)

    async def token(self, request: Request) -> JSONResponse:
        """Issue a token for the resource and the scope that were requested."""
        form = parse_qs((await request.body()).decode())
        assert form["resource"] == [self.resource]
        token = self.issuer.token(*form["code"][0].split(), sub="u7", client_id="c1")
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 300})

    async def authorize(self, url: str) -> None:
        """Agree in place of the user; the code is the scope."""
        query = parse_qs(urlsplit(url).query)
        assert query["resource"] == [self.resource]
        self.requested.append(query["scope"][0])
        self.callback = AuthorizationCodeResult(code=query["scope"][0], state=query["state"][0])

    async def callback_result(self) -> AuthorizationCodeResult:
        """Return what the browser would bring back."""
        assert self.callback is not None
        return self.callback

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve the guarded server at its path and that of its metadata."""
        path = scope.get("path", "/mcp")
        app: Application = self.server if path.endswith("/mcp") else self.authority
        await app(scope, receive, send)


class _Storage:
    """Keeps tokens and the registration in memory."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@asynccontextmanager
async def _world() -> AsyncIterator[_World]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        world = _World(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(world, log_level="critical", lifespan="on", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.01)
        try:
            yield world
        finally:
            server.should_exit = server.force_exit = True
            await serving


@pytest.mark.conformance("MCP-02", "MCP-03", "MCP-04", "MCP-12")
@pytest.mark.parametrize("mode", ["legacy", MODERN], ids=[LEGACY, MODERN])
async def test_own_client_goes_from_401_to_a_tool_and_steps_up(mode: Any) -> None:
    """It requests the scope of the 401 first, and that of the 403 when a tool needs more."""
    async with _world() as world:
        provider = OAuthClientProvider(
            world.resource,
            OAuthClientMetadata(
                redirect_uris=[AnyUrl(CALLBACK)], token_endpoint_auth_method="none"
            ),
            _Storage(),
            world.authorize,
            world.callback_result,
        )
        async with (
            httpx2.AsyncClient(auth=provider) as http,
            Client(streamable_http_client(world.resource, http_client=http), mode=mode) as client,
        ):
            who = await client.call_tool("whoami", {})
            assert "u7" in str(who.content)
            assert world.requested == ["notes"]
            gone = await client.call_tool("delete", {})
            assert "deleted" in str(gone.content)
            assert len(world.requested) == 2
            assert set(world.requested[1].split()) == {"notes", "notes:write"}
