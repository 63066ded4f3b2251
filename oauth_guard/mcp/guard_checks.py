"""check_guard(): what a guard of an MCP server must satisfy (MCP authorization, 2026-07-28)."""

import json
import logging
from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.issuers.shared_audience import accepts_without_audience
from oauth_guard.mcp.operations import Operations

__all__ = ["check_guard"]

_log = logging.getLogger("oauth_guard")

_REFRESH = "offline_access"


def check_guard(guard: Guard, operations: Operations) -> None:
    """Reject a guard that an MCP server must not have.

    A warning is logged if the metadata or a challenge of *operations* names `offline_access`, or
    if the resource has no path but a slash.

    Raises:
        ConfigurationError: It serves no metadata, names no authorization server in it, accepts
            tokens without an audience, or can't introspect or evaluate a policy as a rule requires.
    """
    if guard.metadata_path is None:
        raise ConfigurationError(
            "An MCP server must serve its metadata (RFC 9728): leave out metadata=False."
        )
    if not json.loads(guard.metadata_document).get("authorization_servers"):
        raise ConfigurationError(
            "An MCP server must name an authorization server in its metadata: list an issuer "
            "whose identifier is a URL, or write Tenants(..., advertised=[...])."
        )
    if accepts_without_audience(guard.accepted_tokens):
        raise ConfigurationError(
            "An MCP server must accept only tokens that were issued for it: leave out "
            "without_audience=, and write audience= if the issuer names the server otherwise."
        )
    for requirement in operations.requirements:
        guard.check_can_decide(requirement)
    if urlsplit(guard.resource).path == "/":
        _log.warning(
            "%s: the resource of an MCP server should have no slash at its end, since clients "
            "leave it out",
            guard.resource,
        )
    supported = json.loads(guard.metadata_document).get("scopes_supported", ())
    if _REFRESH in supported or _REFRESH in operations.challenge_scopes:
        _log.warning(
            "%s: offline_access is for the client to request, so an MCP server should name it "
            "neither in scopes_supported= nor in a rule",
            guard.resource,
        )
