"""The guard of MCP servers, which are built with the packages mcp and fastmcp."""

from oauth_guard.mcp.guarded import guarded
from oauth_guard.mcp.token_verifier import GuardTokenVerifier

__all__ = ["GuardTokenVerifier", "guarded"]
