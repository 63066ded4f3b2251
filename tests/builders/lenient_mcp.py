"""LenientMCP: an MCP server of no package, which reads messages as leniently as any parser does."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Guard, JWTIssuer
from oauth_guard.mcp import guarded
from oauth_guard.testing import LocalIssuer
from tests.builders.application_lifespan import running
from tests.builders.mcp_server import ISSUER, RESOURCE, RULES, NotesClient

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class LenientMCP:
    """A server with the tools `whoami` and `delete`, which serves every message that it can find.

    It takes batches, the last of two members, names in any case, a body of any method, and
    it knows sessions by their identifiers alone.

    Args:
        guard: Options of its guard.
        rules: Options of `guarded`, instead of those of the notes.

    Attributes:
        issuer: The authorization server.
        calls: The tools that have run, and the sessions that were opened, read or ended.
        sessions: The open sessions.
        inner: The server.
        application: The guarded application.
    """

    def __init__(
        self,
        *,
        guard: Mapping[str, Any] | None = None,
        rules: Mapping[str, Any] | None = None,
    ) -> None:
        self.issuer = LocalIssuer(ISSUER, audience=RESOURCE)
        self.calls: list[str] = []
        self.sessions: set[str] = set()
        required = {"iss", "aud", "exp"}
        issuer = JWTIssuer(ISSUER, required_claims=required, leeway=0, http=self.issuer.http)
        self.guard = Guard(RESOURCE, [issuer], **guard or {})
        routes = [
            Route("/mcp", self._serve, methods=_METHODS),
            Route("/upload", self._serve, methods=["POST"]),
            WebSocketRoute("/mcp", self._serve_socket),
        ]
        self.inner = Starlette(routes=routes)
        self.application = guarded(self.inner, self.guard, **RULES if rules is None else rules)

    def token(self, *scopes: str, **claims: Any) -> str:
        """Return a token of the issuer."""
        return self.issuer.token(*scopes, **claims)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[NotesClient]:
        """Run the application's lifespan, and yield a client."""
        async with running(self.application):
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as http:
                yield NotesClient(http)

    async def _serve(self, request: Request) -> Response:
        session = request.headers.get("mcp-session-id")
        if session is not None and session not in self.sessions:
            return Response(status_code=404)
        if session is not None and request.method in {"GET", "DELETE"}:
            self.calls.append(f"{request.method} {session}")
            self.sessions -= {session} if request.method == "DELETE" else set()
        try:
            found = json.loads(await request.body())
        except (ValueError, RecursionError):
            return Response(status_code=400 if request.method == "POST" else 200)
        for message in found if isinstance(found, list) else [found]:
            self._handle({name.lower(): value for name, value in message.items()})
        return self._response(found)

    def _handle(self, message: Mapping[str, Any]) -> None:
        method, params = str(message.get("method")).lower(), message.get("params") or {}
        if method == "tools/call":
            named = [value for name, value in params.items() if name.lower() == "name"]
            self.calls.append(str(named[-1]).strip().lower())
        elif method == "resources/read":
            self.calls.append(str(params.get("uri")))

    def _response(self, message: Any) -> Response:
        if isinstance(message, dict) and "id" not in message:
            return Response(status_code=202)
        if isinstance(message, dict) and message.get("method") == "initialize":
            session = f"session-{len(self.sessions)}.0"
            self.sessions.add(session)
            return Response("{}", headers={"mcp-session-id": session})

        async def events() -> AsyncIterator[str]:
            yield "data: {}\r\n\r\n"
            await asyncio.sleep(0)

        return StreamingResponse(events(), media_type="text/event-stream")

    async def _serve_socket(self, socket: WebSocket) -> None:
        await socket.accept()
        self.calls.append("socket")
        await socket.close()
