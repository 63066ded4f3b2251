"""ServerParts: what guarded() finds in the application of an MCP server."""

from dataclasses import dataclass, field
from typing import Any, Self

from oauth_guard.app_structure import parts_of
from oauth_guard.errors import ConfigurationError

__all__ = ["ServerParts"]


@dataclass(frozen=True)
class ServerParts:
    """The server behind an application, as the packages mcp and fastmcp build it.

    Attributes:
        dispatching: The low-level server of the package mcp, which dispatches messages.
        listing: The `MCPServer` or `FastMCP` that lists tools, resources and prompts; None if the
            application was built from a low-level server.
        manager: What keeps the sessions and the event store; None for fastmcp, which makes one
            when it starts, and binds events to their sessions itself.
    """

    dispatching: Any
    listing: Any
    manager: Any = field(default=None, compare=False)

    @classmethod
    def of(cls, app: object) -> Self | None:
        """Return the parts of *app*; None if it is no application of these packages.

        Raises:
            ConfigurationError: The server authenticates requests itself, or there are several.
        """
        found: dict[int, Self] = {}
        for part in parts_of(app):
            if type(part).__name__ == "RequireAuthMiddleware":
                raise ConfigurationError(
                    "This MCP server authenticates requests itself: build it without auth= and "
                    "token_verifier=, since guarded() does that."
                )
            if (server := _server_in(part)) is not None:
                found[id(server)] = cls(server, _listing(part, server), _manager(part))
        if len(found) > 1:
            raise ConfigurationError("guarded() takes one MCP server: guard each by itself.")
        return next(iter(found.values()), None)


def _server_in(part: Any) -> Any:
    state = getattr(part, "state", None)
    if (server := getattr(state, "fastmcp_server", None)) is not None:
        return server._mcp_server  # noqa: SLF001 - it has no other name
    return getattr(getattr(part, "session_manager", None), "app", None)


def _manager(part: Any) -> Any:
    return getattr(part, "session_manager", None)


def _listing(part: Any, server: Any) -> Any:
    state = getattr(part, "state", None)
    if (listing := getattr(state, "fastmcp_server", None)) is not None:
        return listing
    entry = server.get_request_handler("tools/list")
    listing = getattr(getattr(entry, "handler", None), "__self__", None)
    return listing if hasattr(listing, "list_tools") else None
