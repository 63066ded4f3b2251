"""DispatchCheck: decides in the dispatch of the package mcp whether a message may be handled."""

from collections.abc import Iterable, Iterator
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError

from oauth_guard.asgi import Connection
from oauth_guard.errors import ConfigurationError
from oauth_guard.mcp.deferred_response import DEFERRED_RESPONSE, DeferredResponse
from oauth_guard.mcp.operations import Kind, Operations
from oauth_guard.route_check import check

__all__ = ["DispatchCheck", "install", "missing_names"]

_INVALID_REQUEST = -32600
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

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Handle the message if its caller may, else raise `MCPError`.

        Raises:
            MCPError: The caller lacks what the operation requires, or there is no caller.
        """
        connection: Connection = getattr(ctx.request, "scope", {})
        response: DeferredResponse | None = connection.get(DEFERRED_RESPONSE)
        if response is None:
            _refuse(ctx, "This server is reached through its guard only.")
            return None
        operation = self._operations.of_message(ctx.method, ctx.params)
        for requirement, target in operation.parts:
            rejection = await check(
                connection, requirement, lambda _: operation.challenge_scope, target
            )
            if rejection is not None:
                response.reject(rejection)
                _refuse(ctx, "The access token does not grant this operation.")
                return None
        await response.allow()
        return await call_next(ctx)


def _refuse(ctx: ServerRequestContext[Any, Any], text: str) -> None:
    """Drop a notification, which has no response; raise for a request."""
    if ctx.request_id is not None:
        raise MCPError(_INVALID_REQUEST, text)


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
