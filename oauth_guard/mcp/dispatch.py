"""DispatchCheck: decides in the dispatch of the package mcp whether a message may be handled."""

from collections.abc import Awaitable, Iterable, Iterator
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError

from oauth_guard.asgi import Connection
from oauth_guard.errors import ConfigurationError
from oauth_guard.mcp.deferred_response import DEFERRED_RESPONSE, DeferredResponse
from oauth_guard.mcp.operations import Kind, Operation, Operations
from oauth_guard.route_check import check, check_known

__all__ = ["DispatchCheck", "install", "missing_names"]

_INVALID_REQUEST = -32600
_NOT_GRANTED = "The access token does not grant this operation."
_LISTS: Iterable[tuple[Kind, str, str]] = (
    ("tools", "list_tools", "name"),
    ("resources", "list_resources", "uri"),
    ("resources", "list_resource_templates", "uri_template"),
    ("prompts", "list_prompts", "name"),
)


class DispatchCheck:
    """Server middleware of the package mcp: checks each message that the server has parsed.

    The caller is that of the HTTP request which carried the message. A message without a guarded
    request, as over stdio, is rejected.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    # A plain function, since each coroutine in between would cost time on every message.
    def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> Awaitable[HandlerResult]:
        """Handle the message if its caller may, else raise `MCPError`.

        Raises:
            MCPError: The caller lacks what the operation requires, or there is no caller.
        """
        connection: Connection = getattr(ctx.request, "scope", {})
        response: DeferredResponse | None = connection.get(DEFERRED_RESPONSE)
        if response is None:
            return _refuse(ctx, "This server is reached through its guard only.")
        operation = self._operations.of_message(ctx.method, ctx.params)
        if response.checked == operation:  # by the first check
            return call_next(ctx)
        if any(requirement.needs_io for requirement, _ in operation.parts):
            return self._check(ctx, call_next, response, operation)
        for requirement, _ in operation.parts:
            rejection = check_known(connection, requirement, operation.scope_of_challenge)
            if rejection is not None:
                response.reject(rejection)
                return _refuse(ctx, _NOT_GRANTED)
        response.checked = operation
        return _release(ctx, call_next, response) if response.allow() else call_next(ctx)

    async def _check(
        self,
        ctx: ServerRequestContext[Any, Any],
        call_next: CallNext,
        response: DeferredResponse,
        operation: Operation,
    ) -> HandlerResult:
        connection: Connection = ctx.request.scope  # type: ignore[union-attr] # it is there
        for requirement, target in operation.parts:
            challenge_scope = operation.scope_of_challenge
            rejection = await check(connection, requirement, challenge_scope, target)
            if rejection is not None:
                response.reject(rejection)
                return await _refuse(ctx, _NOT_GRANTED)
        response.checked = operation
        response.allow()
        return await _release(ctx, call_next, response)


async def _release(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext, response: DeferredResponse
) -> HandlerResult:
    await response.release()
    return await call_next(ctx)


async def _refuse(ctx: ServerRequestContext[Any, Any], text: str) -> HandlerResult:
    """Drop a notification, which has no response; raise for a request."""
    if ctx.request_id is not None:
        raise MCPError(_INVALID_REQUEST, text)
    return None


def install(server: Any, operations: Operations) -> None:
    """Add a check of *operations* to *server*, first and last of its middleware.

    The first comes before what responds from a cache, the last sees what others rename.

    Raises:
        ConfigurationError: The server has such a check already.
    """
    if any(isinstance(each, DispatchCheck) for each in server.middleware):
        raise ConfigurationError("This MCP server is guarded already: call guarded() once for it.")
    check_messages = DispatchCheck(operations)
    server.middleware[:] = [check_messages, *server.middleware, check_messages]


async def missing_names(server: Any, operations: Operations) -> list[str]:
    """Return the names in the rules of *operations* that *server* does not have.

    *server* is an `MCPServer` or a `FastMCP`. Those that another server provides must be
    reachable.
    """
    found: dict[Kind, set[str]] = {"tools": set(), "resources": set(), "prompts": set()}
    for kind, method, member in _LISTS:
        if operations.rules[kind]:
            found[kind].update([str(getattr(each, member)) for each in await _list(server, method)])
    return list(_absent(found, operations))


async def _list(server: Any, method: str) -> Iterable[Any]:
    listing = getattr(server, method)
    if hasattr(server, "http_app"):  # of fastmcp, whose middleware may hide some from a caller
        return await listing(run_middleware=False)  # type: ignore[no-any-return] # it has no type
    return await listing()  # type: ignore[no-any-return] # likewise


def _absent(found: dict[Kind, set[str]], operations: Operations) -> Iterator[str]:
    for kind, rules in operations.rules.items():
        yield from (f"{kind}={name!r}" for name in rules if name not in found[kind])
