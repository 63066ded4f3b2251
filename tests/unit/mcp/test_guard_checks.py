"""check_guard(): what a guard of an MCP server must satisfy."""

import logging

import pytest

from oauth_guard import ConfigurationError, Guard, JWTIssuer
from oauth_guard.issuers.presets import cognito
from oauth_guard.mcp.guard_checks import check_guard
from oauth_guard.mcp.operations import Operations
from tests.builders.mcp_server import ISSUER, RESOURCE


def _operations() -> Operations:
    return Operations(None, tools={"a": "b"}, resources={}, prompts={}, unlisted="allow")


def test_guard_of_an_mcp_server_is_accepted(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged where no rule names the scope of refresh tokens."""
    with caplog.at_level(logging.WARNING):
        check_guard(Guard(RESOURCE, [JWTIssuer(ISSUER)]), _operations())
    assert caplog.text == ""


def test_issuer_whose_tokens_name_only_their_client_is_refused() -> None:
    """A token must have been issued for the server."""
    issuer = cognito("eu-west-1_abc", client_ids=["c1"])
    with pytest.raises(ConfigurationError, match="issued for it"):
        check_guard(Guard(RESOURCE, [issuer]), _operations())
