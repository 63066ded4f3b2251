"""MCP, revisions 2025-11-25 and 2026-07-28: what else is demanded of a guarded server."""

import logging
from base64 import b64encode
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, JWTIssuer, Requirement
from oauth_guard.mcp import guarded
from oauth_guard.testing import (
    challenge,
    insufficient_scope,
    invalid_request,
    invalid_token,
    missing_token,
)
from tests.builders.lenient_mcp import LenientMCP
from tests.builders.mcp_server import (
    INITIALIZE,
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
SERVERS = pytest.mark.parametrize("kind", ["mcp", "fastmcp", "other"])
CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 5,
    "method": "tools/call",
    "params": {"name": "whoami"},
}


def _notes(kind: str, **options: Any) -> GuardedNotes | LenientMCP:
    return LenientMCP(**options) if kind == "other" else GuardedNotes(kind, **options)  # type: ignore[arg-type] # a package


@pytest.mark.conformance("MCP-10")
@SERVERS
@pytest.mark.parametrize(
    ("audience", "accepted"),
    [
        ("HTTP://LocalHost:8000/mcp", True),
        (["https://other.example.com", "http://LOCALHOST:8000/mcp"], True),
        ("http://localhost:8000/MCP", False),
        ("http://localhost:8000/mcp/", False),
        ("http://localhost:8001/mcp", False),
        ("http://local\u212aost:8000/mcp", False),
    ],
    ids=["upper", "one of two", "path", "slash", "port", "other letter"],
)
async def test_audience_may_differ_in_the_case_of_scheme_and_host(
    kind: str, audience: Any, accepted: bool
) -> None:
    """If the guard says so; the path is exact."""
    notes = _notes(kind, guard={"ignore_host_case": True})
    async with notes.client() as client:
        response = await client.post(INITIALIZE, notes.token("notes", aud=audience))
        if accepted:
            assert response.status_code == 200
        else:
            assert challenge(response) == invalid_token()


@pytest.mark.conformance("MCP-10")
@SERVERS
async def test_audience_is_exact_by_default(kind: str) -> None:
    """RFC 7519 compares it character by character; `guarded()` does not alter its guard."""
    notes = _notes(kind)
    async with notes.client() as client:
        token = notes.token("notes", aud="HTTP://localhost:8000/mcp")
        assert challenge(await client.post(INITIALIZE, token)) == invalid_token()


@pytest.mark.conformance("MCP-16")
@PACKAGES
@pytest.mark.parametrize(
    "fields",
    [{"mcp_name": "whoami"}, {"mcp_method": "tools/list"}, {"mcp_protocol_version": "2027-01-01"}],
    ids=["name", "method", "version"],
)
async def test_field_that_differs_from_the_body_is_400(
    package: Package, fields: dict[str, str]
) -> None:
    """And no tool runs."""
    notes = GuardedNotes(package)
    agreeing = {"mcp_protocol_version": MODERN, "mcp_method": "tools/call", "mcp_name": "delete"}
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    message = {**CALL, "params": {"name": "delete", "_meta": meta}}
    async with notes.client() as client:
        token = notes.token("notes", "notes:write")
        response = await client.post(message, token, **agreeing | fields)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == -32020
        assert notes.calls == []


@pytest.mark.conformance("MCP-19")
@SERVERS
@pytest.mark.parametrize("has_token", [True, False])
async def test_page_of_another_origin_is_403(kind: str, has_token: bool) -> None:
    """With a token or without; that of the resource and those that are listed pass."""
    listed = "https://app.example.com"
    rules = {"requires": "notes", "cors": [listed]}
    notes = _notes(kind, rules=rules)
    async with notes.client() as client:
        token = notes.token("notes") if has_token else None
        for origin in ("https://evil.example.com", "null", "http://localhost:8001"):
            assert (await client.post(INITIALIZE, token, origin=origin)).status_code == 403
        for origin in (listed, "http://localhost:8000"):
            response = await client.post(INITIALIZE, token, origin=origin)
            assert response.status_code != 403 or kind != "other"
        assert (await client.post(INITIALIZE, token)).status_code == (200 if has_token else 401)
        metadata = "http://localhost:8000/.well-known/oauth-protected-resource/mcp"
        readable = await client.http.get(metadata, headers={"origin": "https://evil.example.com"})
        assert readable.status_code == 200


@pytest.mark.conformance("MCP-20")
def test_resource_with_nothing_but_a_slash_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Clients leave the slash out."""
    inner = application_of(GuardedNotes(rules={}).server)
    guarded(inner, Guard("https://mcp.example.com", [JWTIssuer(ISSUER)]))
    assert "slash" not in caplog.text
    guarded(inner, Guard("https://mcp.example.com/", [JWTIssuer(ISSUER)]))
    assert "should have no slash at its end" in caplog.text


@pytest.mark.conformance("MCP-21")
@SERVERS
async def test_malformed_authorization_is_400(kind: str) -> None:
    """Two fields, or two tokens in one."""
    notes = _notes(kind)
    async with notes.client() as client:
        twice = [("authorization", f"Bearer {notes.token('notes')}")] * 2
        assert challenge(await client.http.post(RESOURCE, headers=twice)) == invalid_request()
        malformed = await client.send("POST", authorization="Bearer a b")
        assert challenge(malformed) == invalid_request()


@pytest.mark.conformance("MCP-22", "MCP-28")
@SERVERS
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT", "OPTIONS"])
async def test_request_without_a_valid_token_has_no_effect(kind: str, method: str) -> None:
    """Whatever it carries: a session of somebody else, or the opening of a new one."""
    notes = _notes(kind)
    async with notes.client() as client:
        session = await client.open_session(notes.token("notes"))
        before = list(notes.calls)
        for content in (b"", client.http.build_request("POST", "/", json=INITIALIZE).content):
            for fields in ({}, {"mcp_session_id": session}):
                rejected = await client.send(method, None, content, **fields)
                assert challenge(rejected) == missing_token("notes")
                assert "mcp-session-id" not in rejected.headers
                forged = f"{notes.token('notes')[:-8]}AAAAAAAA"
                rejected = await client.send(method, forged, content, **fields)
                assert challenge(rejected) == invalid_token()
        assert notes.calls == before


@pytest.mark.conformance("MCP-23")
@SERVERS
async def test_token_is_in_no_line_of_the_log(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level, for requests that are served and rejected."""
    caplog.set_level(logging.DEBUG, logger="oauth_guard")
    notes = _notes(kind)
    async with notes.client() as client:
        for token in (notes.token("notes"), notes.token("other"), notes.token("notes", exp=1)):
            for revision in (LEGACY, MODERN):
                if token == notes.token("notes"):
                    await client.call_tool(revision, token, "whoami")
                await client.send("POST", token, b"{}")
            signature = token.rpartition(".")[2]
            lines = [each for each in caplog.records if each.name == "oauth_guard"]
            assert all(signature not in f"{each.getMessage()}{each.__dict__}" for each in lines)


@pytest.mark.conformance("MCP-24")
def test_server_is_reached_over_https() -> None:
    """Except on a loopback host."""
    with pytest.raises(ConfigurationError):
        Guard("http://mcp.example.com/mcp", [JWTIssuer(ISSUER)])
    Guard("http://127.0.0.1:8000/mcp", [JWTIssuer(ISSUER)])


@pytest.mark.conformance("MCP-25")
@SERVERS
async def test_challenge_depends_on_the_operation_alone(kind: str) -> None:
    """Not on what the token grants; and it names no scope of another tool."""
    rules = {"requires": "notes", "tools": {"delete": "notes:write", "whoami": "profile"}}
    notes = _notes(kind, rules=rules)
    async with notes.client() as client:
        for granted in ((), ("notes",), ("notes:write",), ("profile", "other"), ("notes", "x")):
            rejected = await client.post({**CALL, "params": {"name": "delete"}}, None)
            assert challenge(rejected) == missing_token("notes")
            token = notes.token(*granted)
            message = {**CALL, "params": {"name": "delete"}}
            if "notes" in granted:
                rejected = await client.call_tool(MODERN, token, "delete")
            else:
                rejected = await client.post(message, token)
            assert challenge(rejected) == insufficient_scope("notes", "notes:write")
        assert notes.calls == []


@pytest.mark.conformance("MCP-26")
@SERVERS
@REVISIONS
async def test_tool_may_require_a_role(kind: str, revision: str) -> None:
    """A scope alone is not sufficient."""
    needed = Requirement.of("notes:write", roles=["editor"])
    notes = _notes(kind, rules={"requires": "notes", "tools": {"delete": needed}})
    scopes = ("notes", "notes:write")
    async with notes.client() as client:
        rejected = await client.call_tool(revision, notes.token(*scopes), "delete")
        assert rejected.status_code == 403
        assert notes.calls == []
        editor = notes.token(*scopes, roles=["editor"])
        assert (await client.call_tool(revision, editor, "delete")).status_code == 200
        assert notes.calls == ["delete"]


@pytest.mark.conformance("MCP-27")
@SERVERS
async def test_body_is_bounded(kind: str) -> None:
    """10 MB are not served, whatever is in them."""
    notes = _notes(kind)
    async with notes.client() as client:
        pad = {"pad": "x" * 10_000_000}
        message = {**CALL, "params": {"name": "whoami", "arguments": pad}}
        assert (await client.post(message, notes.token("notes"))).status_code == 413
        assert (await client.post(message, notes.token("other"))).status_code in {403, 413}
        assert notes.calls == []


@pytest.mark.conformance("MCP-29")
@SERVERS
@REVISIONS
async def test_token_with_fewer_scopes_is_served_as_far_as_they_go(
    kind: str, revision: str
) -> None:
    """Only the tool with a scope of its own is out of reach."""
    notes = _notes(kind)
    async with notes.client() as client:
        token = notes.token("notes")
        assert (await client.call_tool(revision, token, "whoami")).status_code == 200
        assert (await client.call(revision, token, "tools/list", {})).status_code == 200
        assert (await client.call_tool(revision, token, "delete")).status_code == 403


@pytest.mark.conformance("MCP-30")
@SERVERS
async def test_missing_scope_is_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """With what is required."""
    caplog.set_level(logging.INFO, logger="oauth_guard")
    notes = _notes(kind)
    async with notes.client() as client:
        await client.call_tool(MODERN, notes.token("notes"), "delete")
    lines = [each.getMessage() for each in caplog.records if each.name == "oauth_guard"]
    assert any("insufficient_scope" in line and "notes:write" in line for line in lines)


@PACKAGES
@pytest.mark.parametrize(
    "name", ["Delete", " delete", "delete ", "DELETE", "\uff44elete", "d\u200belete"]
)
@REVISIONS
async def test_look_alike_of_a_tool_needs_its_scope(
    package: Package, name: str, revision: str
) -> None:
    """Whether or not the server would treat it as the tool."""
    notes = GuardedNotes(package)
    message = {**CALL, "params": {"name": name}}
    async with notes.client() as client:
        token = notes.token("notes")
        if revision == LEGACY:
            fields = {"mcp_session_id": await client.open_session(token)}
        else:
            fields = _modern(message)
        rejected = await client.post(message, token, **fields)
        assert rejected.status_code in {400, 403}
        assert notes.calls == []


def _modern(message: dict[str, Any]) -> dict[str, str]:
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    message["params"]["_meta"] = meta
    name = message["params"]["name"]
    fields = {"mcp_protocol_version": MODERN, "mcp_method": "tools/call"}
    return {**fields, "mcp_name": f"=?base64?{b64encode(name.encode()).decode()}?="}
