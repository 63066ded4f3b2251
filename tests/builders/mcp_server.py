"""GuardedNotes: a guarded MCP server of notes, built with mcp or fastmcp, and a client for it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
from fastmcp import FastMCP
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer

from oauth_guard import Guard, JWTIssuer, current_identity
from oauth_guard.asgi import Application
from oauth_guard.mcp import guarded
from oauth_guard.testing import LocalIssuer
from tests.builders.application_lifespan import running

RESOURCE = "http://localhost:8000/mcp"
ISSUER = "https://login.example.com"
METADATA = "http://localhost:8000/.well-known/oauth-protected-resource/mcp"
LEGACY, MODERN = "2025-11-25", "2026-07-28"
RULES: dict[str, Any] = {"requires": "notes", "tools": {"delete": "notes:write"}}

Package = Literal["mcp", "fastmcp"]
Headers = Mapping[str, str]

_META = "io.modelcontextprotocol/"
_FIELDS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


class GuardedNotes:
    """A server with the tools `whoami` and `delete`, a resource, a template and a prompt.

    Args:
        package: The package that it is built with.
        app: Options of its application, such as `json_response`.
        guard: Options of its guard.
        rules: Options of `guarded`, instead of those of the notes.

    Attributes:
        issuer: The authorization server.
        calls: What has run on the server.
        server: The server of the package.
        application: The guarded application.
    """

    def __init__(
        self,
        package: Package = "mcp",
        *,
        app: Mapping[str, Any] | None = None,
        guard: Mapping[str, Any] | None = None,
        rules: Mapping[str, Any] | None = None,
    ) -> None:
        self.issuer = LocalIssuer(ISSUER, audience=RESOURCE)
        self.calls: list[str] = []
        required = {"iss", "aud", "exp"}  # so not the subject
        issuer = JWTIssuer(ISSUER, required_claims=required, leeway=0, http=self.issuer.http)
        self.guard = Guard(RESOURCE, [issuer], **guard or {})
        self.server = self._server(package)
        inner = application_of(self.server, **app or {})
        self.application = guarded(inner, self.guard, **RULES if rules is None else rules)

    def _server(self, package: Package) -> Any:
        server: Any = MCPServer("notes") if package == "mcp" else FastMCP("notes")
        server.tool()(self.whoami)
        server.tool()(self.delete)
        server.resource("notes://all")(self.every)
        server.resource("notes://one/{number}")(self.one)
        server.prompt()(self.summary)
        return server

    async def whoami(self) -> str:
        """Return what a tool sees of its caller."""
        self.calls.append("whoami")
        token = get_access_token()
        assert token is not None
        scopes = " ".join(sorted(current_identity().scopes))
        return f"{current_identity().subject}|{token.subject}|{token.token}|{scopes}"

    async def delete(self) -> str:
        """Delete every note."""
        self.calls.append("delete")
        return "deleted"

    async def every(self) -> str:
        """Return every note."""
        self.calls.append("all")
        return "every note"

    async def one(self, number: str) -> str:
        """Return one note."""
        self.calls.append("one")
        return f"note {number}"

    async def summary(self) -> str:
        """Return a prompt."""
        self.calls.append("summary")
        return "Summarize the notes."

    def token(self, *scopes: str, **claims: Any) -> str:
        """Return a token of the issuer."""
        return self.issuer.token(*scopes, **claims)

    @asynccontextmanager
    async def client(self) -> AsyncIterator["NotesClient"]:
        """Run the application's lifespan, and yield a client."""
        async with running(self.application):
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as http:
                yield NotesClient(http)


class NotesClient:
    """Sends messages of both revisions, each with a token of the test's choice."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def send(
        self, method: str, token: str | None = None, content: bytes = b"", **fields: str
    ) -> httpx.Response:
        """Send an HTTP request to the endpoint; *fields* are header fields, `_` for `-`."""
        headers = {**_FIELDS, **{name.replace("_", "-"): value for name, value in fields.items()}}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return await self.http.request(method, RESOURCE, content=content, headers=headers)

    async def post(self, message: Any, token: str | None = None, **fields: str) -> httpx.Response:
        """Send one JSON-RPC message."""
        request = self.http.build_request("POST", "/", json=message)
        return await self.send("POST", token, request.content, **fields)

    async def open_session(self, token: str) -> str:
        """Open a session of the revision 2025-11-25, and return its identifier."""
        response = await self.post(INITIALIZE, token)
        assert response.status_code == 200
        session = response.headers["mcp-session-id"]
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await self.post(ready, token, mcp_session_id=session)).status_code == 202
        return str(session)

    async def call(
        self, revision: str, token: str, method: str, params: dict[str, Any]
    ) -> httpx.Response:
        """Send a request of *revision*; for the older one in a session of its own."""
        message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        if revision == LEGACY:
            session = await self.open_session(token)
            return await self.post(message, token, mcp_session_id=session)
        message["params"] = {**params, "_meta": ENVELOPE}
        fields = {"mcp_protocol_version": MODERN, "mcp_method": method}
        if name := params.get("name", params.get("uri")):
            fields["mcp_name"] = name
        return await self.post(message, token, **fields)

    async def call_tool(self, revision: str, token: str, name: str) -> httpx.Response:
        """Call a tool without arguments."""
        return await self.call(revision, token, "tools/call", {"name": name, "arguments": {}})


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ENVELOPE = {
    f"{_META}protocolVersion": MODERN,
    f"{_META}clientInfo": {"name": "test", "version": "1"},
    f"{_META}clientCapabilities": {},
}


def application_of(server: Any, **options: Any) -> Application:
    """Return the application of a server of either package."""
    build = getattr(server, "streamable_http_app", None) or server.http_app
    app: Application = build(**options)
    return app
