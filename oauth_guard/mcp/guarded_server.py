"""GuardedServer: the application of an MCP server, behind the middleware that authenticates."""

from oauth_guard.asgi import (
    GUARD,
    IDENTITY,
    REQUEST,
    Application,
    Connection,
    Receive,
    Send,
    read_body,
    reject_connection,
)
from oauth_guard.errors import ConfigurationError, RequestTooLarge
from oauth_guard.guard import Guard
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.mcp.caller import access_token_of, as_caller
from oauth_guard.mcp.deferred_response import DEFERRED_RESPONSE, DeferredResponse
from oauth_guard.mcp.dispatch import missing_names
from oauth_guard.mcp.message_check import MAX_MESSAGE_BYTES
from oauth_guard.mcp.operations import Operations
from oauth_guard.mcp.server_parts import ServerParts
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.route_check import check

__all__ = ["GuardedServer"]


class GuardedServer:
    """Checks `requires=`, lets the server know its caller, and turns its refusals into 403.

    Args:
        app: The application of the server.
        operations: What its operations require.
        parts: The server of the packages mcp or fastmcp, whose dispatch is checked; None for
            another one.
    """

    def __init__(self, app: Application, operations: Operations, parts: ServerParts | None) -> None:
        self.application = app
        self._operations, self._parts = operations, parts
        self._defers = operations.has_rules and parts is not None

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection, with guard, request and identity of the middleware in it."""
        if scope["type"] == "lifespan":
            await self._serve_lifespan(scope, receive, send)
            return
        request: ResourceRequest = scope[REQUEST]
        if request.validated is None:  # its path is public
            await self.application(scope, receive, send)
            return
        if (rejection := await self._violation(scope, receive)) is not None:
            await reject_connection(rejection, scope, receive, send)
            return
        identity: Identity = scope[IDENTITY]
        if self._defers and scope.get("method") == "POST":
            scope[DEFERRED_RESPONSE] = deferred = DeferredResponse(scope, send)
            send = deferred.send
        guard: Guard = scope[GUARD]
        token = access_token_of(identity, guard.resource, lambda: request.token.text)
        with as_caller(token) as user:
            scope["user"] = user
            await self.application(scope, receive, send)

    async def _violation(self, connection: Connection, receive: Receive) -> Rejection | None:
        """Return the rejection of a caller who lacks `requires=`; the challenge names all scopes.

        The body decides nothing here: it is read only to name the scopes that the operation
        requires besides.
        """
        requirement = self._operations.requires
        if requirement is None:
            return None
        if not self._operations.has_rules or connection.get("method") != "POST":
            return await check(connection, requirement)
        try:
            return await check(connection, requirement, _raise_scope_needs_body)
        except LookupError:
            scope = await self._scope_of_body(receive)
            return await check(connection, requirement, lambda _: scope)

    async def _scope_of_body(self, receive: Receive) -> str | None:
        try:
            message = parse_object((await read_body(receive, MAX_MESSAGE_BYTES))[0], bounded=False)
        except (RequestTooLarge, ValueError):
            message = {}
        operation = self._operations.of_message(message.get("method"), message.get("params"))
        return operation.challenge_scope

    async def _serve_lifespan(self, connection: Connection, receive: Receive, send: Send) -> None:
        try:
            await self._check_names()
        except ConfigurationError as error:
            # If the error were raised, the server would serve without a lifespan.
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await self.application(connection, receive, send)

    async def _check_names(self) -> None:
        if self._parts is None or self._parts.listing is None:
            return
        if missing := await missing_names(self._parts.listing, self._operations):
            raise ConfigurationError(
                f"The MCP server has no {', '.join(missing)}: write the name that it lists."
            )


def _raise_scope_needs_body(_: Connection) -> None:
    raise LookupError("the operation, and so the scope for the challenge, is in the body")
