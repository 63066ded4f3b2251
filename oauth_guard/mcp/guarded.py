"""guarded(): an MCP server that serves only authorized callers (MCP authorization, 2026-07-28)."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypedDict, Unpack
from urllib.parse import urlsplit

from oauth_guard.asgi import Application, Connection, Receive, Send
from oauth_guard.guard import Guard
from oauth_guard.mcp.bound_sessions import BoundSessions
from oauth_guard.mcp.dispatch import install
from oauth_guard.mcp.guard_checks import check_guard
from oauth_guard.mcp.guarded_server import GuardedServer
from oauth_guard.mcp.message_check import MessageCheck
from oauth_guard.mcp.operations import Operations, Required, Unlisted
from oauth_guard.mcp.owned_events import OwnedEvents
from oauth_guard.mcp.owner_tags import OwnerTags
from oauth_guard.mcp.server_parts import ServerParts
from oauth_guard.middleware import OAuthGuardMiddleware
from oauth_guard.protocol.cross_origin import check_origin
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement, read_requirement
from oauth_guard.protocol.settings import checked_settings

__all__ = ["MCPSettings", "guarded"]

_NO_RULES: Mapping[str, Required] = MappingProxyType({})
_EXPOSED = ("mcp-session-id", "mcp-protocol-version")


class MCPSettings(TypedDict, total=False):
    """What an MCP server requires of its callers: keyword arguments of `guarded`.

    Attributes:
        requires: What every request requires.
        tools: What a call of a tool requires in addition, by its name.
        resources: What a resource requires in addition, by its URI or URI template; see
            `Operations`.
        prompts: What a prompt requires in addition, by its name.
        unlisted: Whether a tool, resource or prompt without a rule requires `requires` alone
            (`"allow"`, the default), or is denied (`"deny"`).
        public: Paths on which no token is looked at; see `OAuthGuardMiddleware`.
        cors: Origins whose scripts may call the server and read the header fields of MCP.
        session_key: At least 32 secret bytes, the same in each process that serves the same
            sessions of a server of another package, or the same event store; see `BoundSessions`
            and `OwnedEvents`. By default random: then both end with the process.
    """

    requires: Required | None
    tools: Mapping[str, Required]
    resources: Mapping[str, Required]
    prompts: Mapping[str, Required]
    unlisted: Unlisted
    public: Iterable[str]
    cors: Iterable[str]
    session_key: bytes | None


@checked_settings
def guarded(
    mcp_app: Application, guard: Guard, **settings: Unpack[MCPSettings]
) -> OAuthGuardMiddleware:
    """Return *mcp_app* as an application that serves only callers with a valid token.

    Tools find the caller by `current_identity()` and by the package's `get_access_token()`, whose
    `token` is a placeholder unless the guard was built with `expose_token=True`. A session
    belongs to the issuer, subject and client that opened it; a request of another caller for it
    is 404. A stream ends with its token.

    With the packages mcp and fastmcp, rules are checked in the server's own dispatch, on the
    message that it has parsed. From then on the server is reached through its guard only. With
    any other application, rules are checked in the body of each request (`MessageCheck`), and
    session identifiers are signed (`BoundSessions`).

    Does not check which tools, resources and prompts a list shows, nor what a tool does by calling
    another one. Does not check whether a low-level `mcp.server.Server` has what rules name: its
    handlers list names only for a request, with its session and the lifespan of the server.

    Args:
        mcp_app: `server.streamable_http_app()` of the package mcp, or `server.http_app()` of
            fastmcp, built without authentication of its own; or any ASGI application that serves
            MCP over HTTP, such as a proxy.
        guard: The guard; its resource is the URL of the MCP endpoint. It is not altered, so it
            may guard other applications too. `Guard(ignore_host_case=True)` accepts an `aud` with
            its scheme and host in upper case.
        settings: See `MCPSettings`.

    Raises:
        ConfigurationError: A setting is wrong; the guard serves no metadata, advertises no
            authorization server, or accepts tokens without an audience; or the server
            authenticates requests itself or is guarded already. At start-up: a rule names what
            an `MCPServer` or `FastMCP` does not have.
    """
    requirement = read_requirement(settings.get("requires"))
    operations = _operations(requirement, settings)
    check_guard(guard, operations)
    server = _server(mcp_app, operations, settings.get("session_key"), guard.resource)
    return _Middleware(server, guard, requirement, settings)


class _Middleware(OAuthGuardMiddleware):
    """Authenticates; `GuardedServer` authorizes, since it knows what the operation requires."""

    def __init__(
        self,
        server: GuardedServer,
        guard: Guard,
        requirement: Requirement | None,
        settings: MCPSettings,
    ) -> None:
        origins = tuple(settings.get("cors", ()))
        super().__init__(
            server,
            guard,
            requires=requirement,
            public=settings.get("public", ()),
            cors=origins,
            cors_expose=_EXPOSED if origins else (),
            end_streams=True,
        )
        # It is not checked here, but its scope stays in the challenges for a token.
        self._requirement = None
        self._base = requirement
        path = urlsplit(guard.resource).path or "/"
        self.operations = [(path, name, each) for name, each in server.operations.listed]
        """What rules name: its path, its kind and name, and what it requires besides."""
        # Each request is prepared, so that its origin is checked before its token.
        self._header_only = False

    def protection(self, connection: Connection) -> tuple[bool, Guard | None, Requirement | None]:
        """Return what a path requires; that is `requires=` here: see `OAuthGuardMiddleware`."""
        is_public, guard, _ = super().protection(connection)
        return is_public, guard, None if is_public else self._base

    async def _prepare(
        self,
        guard: Guard,
        request: ResourceRequest,
        connection: Connection,
        receive: Receive,
        send: Send,
    ) -> tuple[Connection, Receive, Send]:
        """Reject a page of another origin than those of the resource and of `cors=` (403)."""
        if b"*" not in self._cors.origins and request.values_of(b"origin"):
            check_origin(request, guard.resource, self._cors.origins)
        return await super()._prepare(guard, request, connection, receive, send)


def _operations(requirement: Requirement | None, settings: MCPSettings) -> Operations:
    return Operations(
        requirement,
        tools=settings.get("tools", _NO_RULES),
        resources=settings.get("resources", _NO_RULES),
        prompts=settings.get("prompts", _NO_RULES),
        unlisted=settings.get("unlisted", "allow"),
    )


def _server(
    app: Application, operations: Operations, session_key: bytes | None, resource: str
) -> GuardedServer:
    parts, tags = ServerParts.of(app), OwnerTags(session_key)
    if parts is None:
        checked = MessageCheck(app, operations) if operations.has_rules else app
        return GuardedServer(BoundSessions(checked, tags), operations, None, resource)
    if operations.has_rules:
        install(parts.dispatching, operations)
    if getattr(parts.manager, "event_store", None) is not None:
        parts.manager.event_store = OwnedEvents(parts.manager.event_store, tags)
    return GuardedServer(app, operations, parts, resource)
