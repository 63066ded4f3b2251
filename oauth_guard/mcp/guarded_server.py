"""GuardedServer: the application of an MCP server, behind the middleware that authenticates."""

from oauth_guard.asgi import (
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
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.mcp.caller import AsCaller, Callers
from oauth_guard.mcp.deferred_response import DEFERRED_RESPONSE, DeferredResponse
from oauth_guard.mcp.dispatch import missing_names
from oauth_guard.mcp.message_check import MAX_MESSAGE_BYTES
from oauth_guard.mcp.operations import Operations
from oauth_guard.mcp.server_parts import ServerParts
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.route_check import check, check_known

__all__ = ["GuardedServer"]


class GuardedServer:
    """Checks `requires=`, lets the server know its caller, and turns its refusals into 403.

    Args:
        app: The application of the server.
        operations: What its operations require.
        parts: The server of the packages mcp or fastmcp, whose dispatch is checked; None for
            another one.
        resource: The resource of the guard.
    """

    def __init__(
        self, app: Application, operations: Operations, parts: ServerParts | None, resource: str
    ) -> None:
        self.application = app
        self.operations, self._parts = operations, parts
        self._requires = operations.requires
        self._callers = Callers(resource)
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
        if self._requires is not None:
            rejection = await self._violation(self._requires, scope, receive)
            if rejection is not None:
                await reject_connection(rejection, scope, receive, send)
                return
        if self._defers and scope.get("method") == "POST":
            scope[DEFERRED_RESPONSE] = deferred = DeferredResponse(scope, send)
            send = deferred.send
        scope["user"] = user = self._callers.user_of(
            scope[IDENTITY], lambda: str(request.token.text)
        )
        with AsCaller(user):
            await self.application(scope, receive, send)

    async def _violation(
        self, requirement: Requirement, connection: Connection, receive: Receive
    ) -> Rejection | None:
        """Return the rejection of a caller who lacks `requires=`; the challenge names all scopes.

        The body decides nothing here: it is read only to name the scopes that the operation
        requires besides.
        """
        names_body = self.operations.has_rules and connection.get("method") == "POST"
        scope_of_route = _raise_scope_needs_body if names_body else None
        try:
            if requirement.needs_io:
                return await check(connection, requirement, scope_of_route)
            return check_known(connection, requirement, scope_of_route)
        except LookupError:
            scope = await self._scope_of_body(receive)
            return await check(connection, requirement, lambda _: scope)

    async def _scope_of_body(self, receive: Receive) -> str | None:
        try:
            message = parse_object((await read_body(receive, MAX_MESSAGE_BYTES))[0], bounded=False)
        except (RequestTooLarge, ValueError):
            message = {}
        operation = self.operations.of_message(message.get("method"), message.get("params"))
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
        if missing := await missing_names(self._parts.listing, self.operations):
            raise ConfigurationError(
                f"The MCP server has no {', '.join(missing)}: write the name that it lists."
            )


def _raise_scope_needs_body(_: Connection) -> None:
    raise LookupError("the operation, and so the scope for the challenge, is in the body")
