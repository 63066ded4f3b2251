"""DispatchCheck: each message that the package mcp has parsed is checked in its dispatch."""

from contextlib import nullcontext
from typing import Any

import pytest
from fastmcp import Client
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from oauth_guard import (
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    IntrospectionIssuer,
    Requirement,
)
from oauth_guard.mcp import guarded
from oauth_guard.mcp.dispatch import DispatchCheck, install, missing_names
from oauth_guard.mcp.operations import Operations
from oauth_guard.testing import challenge, insufficient_scope, invalid_token
from tests.builders.application_lifespan import running
from tests.builders.mcp_server import (
    ISSUER,
    LEGACY,
    MODERN,
    RESOURCE,
    GuardedNotes,
    Package,
    application_of,
)

PACKAGES = pytest.mark.parametrize("package", ["mcp", "fastmcp"])
REVISIONS = pytest.mark.parametrize("revision", [LEGACY, MODERN])
RULES = {
    "requires": "notes",
    "tools": {"whoami": "notes"},
    "resources": {"notes://all": "all", "notes://one/{number}": "one"},
    "prompts": {"summary": "sum"},
    "unlisted": "deny",
}


def _operations(**rules: Any) -> Operations:
    empty: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}, "unlisted": "allow"}
    return Operations(None, **empty | rules)


@PACKAGES
@REVISIONS
@pytest.mark.parametrize(
    ("method", "params", "needed", "effect"),
    [
        ("resources/read", {"uri": "notes://all"}, "all", "all"),
        ("resources/read", {"uri": "notes://one/7"}, "one", "one"),
        ("prompts/get", {"name": "summary"}, "sum", "summary"),
    ],
    ids=["resource", "template", "prompt"],
)
async def test_resource_and_prompt_need_their_scope(
    package: Package, revision: str, method: str, params: dict[str, Any], needed: str, effect: str
) -> None:
    """Without it the response is 403 and nothing has run; with it the server responds."""
    notes = GuardedNotes(package, rules=RULES)
    async with notes.client() as client:
        rejected = await client.call(revision, notes.token("notes"), method, params)
        assert challenge(rejected) == insufficient_scope("notes", needed)
        assert notes.calls == []
        granted = await client.call(revision, notes.token("notes", needed), method, params)
        assert granted.status_code == 200
        assert notes.calls == [effect]


@PACKAGES
@REVISIONS
async def test_unlisted_tool_is_denied_whatever_the_token(package: Package, revision: str) -> None:
    """No scope is named, since none would help."""
    notes = GuardedNotes(package, rules=RULES)
    async with notes.client() as client:
        rejected = await client.call_tool(revision, notes.token("notes", "all"), "delete")
        assert challenge(rejected) == insufficient_scope()
        assert notes.calls == []


@PACKAGES
async def test_notification_for_a_forbidden_tool_has_no_effect(package: Package) -> None:
    """It has no response, so it is dropped."""
    notes = GuardedNotes(package)
    message = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "delete"}}
    async with notes.client() as client:
        token = notes.token("notes")
        session = await client.open_session(token)
        assert (await client.post(message, token, mcp_session_id=session)).status_code == 202
        listed = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
        assert (await client.post(listed, token, mcp_session_id=session)).status_code == 200
        assert notes.calls == []


async def test_server_is_not_reached_around_its_guard() -> None:
    """A client inside the process carries no guarded request."""
    notes = GuardedNotes("fastmcp")
    with pytest.raises(MCPError):
        async with Client(notes.server) as client:
            await client.call_tool("whoami")
    assert notes.calls == []


@pytest.mark.parametrize("request_id", [None, 1], ids=["notification", "request"])
async def test_message_without_a_guarded_request_is_not_handled(request_id: int | None) -> None:
    """As over stdio: a notification is dropped, a request gets an error."""
    handled = []

    async def handle(_: object) -> None:
        handled.append("handled")

    context = ServerRequestContext(
        session=None,  # type: ignore[arg-type] # the check needs none
        lifespan_context=None,
        protocol_version=MODERN,
        method="tools/list",
        request_id=request_id,
    )
    expected = nullcontext() if request_id is None else pytest.raises(MCPError, match="its guard")
    with expected:
        await DispatchCheck(_operations())(context, handle)
    assert handled == []


async def test_caching_middleware_of_the_server_runs_after_the_check() -> None:
    """What responds without a handler is behind the check, and what renames is in front of it."""
    notes = GuardedNotes()
    server = notes.server._lowlevel_server  # noqa: SLF001 - its middleware
    assert isinstance(server.middleware[0], DispatchCheck)
    assert isinstance(server.middleware[-1], DispatchCheck)


def test_server_is_guarded_once() -> None:
    """Two sets of rules would need two requests."""
    notes = GuardedNotes()
    with pytest.raises(ConfigurationError, match="guarded already"):
        install(notes.server._lowlevel_server, _operations())  # noqa: SLF001 - its middleware


@PACKAGES
async def test_names_that_the_server_lacks_are_found(package: Package) -> None:
    """Of each kind; URIs and templates are both names of resources."""
    rules = {
        "tools": {"whoami": "a", "erase": "a"},
        "resources": {"notes://all": "a", "notes://one/{number}": "a", "notes://none": "a"},
        "prompts": {"summary": "a", "poem": "a"},
    }
    missing = await missing_names(GuardedNotes(package).server, _operations(**rules))
    assert missing == ["tools='erase'", "resources='notes://none'", "prompts='poem'"]


@PACKAGES
async def test_server_with_a_rule_for_a_missing_tool_does_not_start(package: Package) -> None:
    """The text names it."""
    notes = GuardedNotes(package, rules={"tools": {"erase": "a"}})
    with pytest.raises(RuntimeError, match="no tools='erase'"):
        async with running(notes.application):
            pass


@REVISIONS
@pytest.mark.parametrize("json_response", [False, True], ids=["stream", "json"])
@pytest.mark.parametrize("where", ["tool", "base"])
async def test_rule_that_introspects_sees_a_revocation(
    revision: str, json_response: bool, where: str
) -> None:
    """The token was valid in the cache; the tool does not run."""
    notes = GuardedNotes(rules={})
    client_auth = ClientSecretBasic("api", "secret")
    issuer = IntrospectionIssuer(ISSUER, client=client_auth, http=notes.issuer.http)
    introspected = Requirement.of("notes:write", introspect=True)
    rules: dict[str, Any] = {"tool": {"tools": {"delete": introspected}}}
    rules["base"] = {"requires": introspected, "tools": {"whoami": "notes"}}
    inner = application_of(notes.server, json_response=json_response)
    notes.application = guarded(inner, Guard(RESOURCE, [issuer]), **rules[where])
    async with notes.client() as client:
        token = notes.issuer.opaque_token("notes:write", aud=RESOURCE)
        assert "deleted" in (await client.call_tool(revision, token, "delete")).text
        params = {"name": "delete", "arguments": {}}
        session = await client.open_session(token)
        notes.issuer.revoke(token)
        message = {"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params}
        rejected = await client.post(message, token, mcp_session_id=session)
        assert challenge(rejected) == invalid_token()
        assert notes.calls == ["delete"]


async def test_middleware_that_renames_a_tool_in_place_is_noticed() -> None:
    """The last check reads the message again."""
    notes = GuardedNotes()

    async def rename(ctx: Any, call_next: Any) -> Any:
        if ctx.method == "tools/call":
            ctx.params["name"] = "delete"
        return await call_next(ctx)

    middleware = notes.server._lowlevel_server.middleware  # noqa: SLF001 - its middleware
    middleware.insert(1, rename)
    async with notes.client() as client:
        rejected = await client.call_tool(MODERN, notes.token("notes"), "whoami")
        assert challenge(rejected) == insufficient_scope("notes", "notes:write")
        assert notes.calls == []
