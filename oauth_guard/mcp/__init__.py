"""The guard of MCP servers: guarded() for servers of the packages mcp and fastmcp."""

from oauth_guard.mcp.guarded import guarded

__all__ = ["guarded"]
