"""guarded(): an MCP server that serves only authorized callers."""

from typing import Any

import httpx
import pytest
from mcp.server.lowlevel import Server
from mcp.types import ListToolsResult

from oauth_guard.mcp import guarded
from oauth_guard.routes import protection_report
from oauth_guard.testing import challenge, insufficient_scope, missing_token
from tests.builders.lenient_mcp import LenientMCP
from tests.builders.mcp_server import METADATA, MODERN, RESOURCE, GuardedNotes

ORIGIN = "https://app.example.com"


async def test_low_level_server_is_guarded_without_a_check_of_names() -> None:
    """Its handlers are called with a request only, so that they may list names by caller."""
    requested = []

    async def list_tools(ctx: Any, _: Any) -> ListToolsResult:
        requested.append(ctx.method)
        return ListToolsResult(tools=[])

    server = Server("notes", on_list_tools=list_tools)
    notes = GuardedNotes()
    rules: dict[str, Any] = {"tools": {"erase": "notes:write"}}
    notes.application = guarded(server.streamable_http_app(), notes.guard, **rules)
    async with notes.client() as client:
        assert requested == []
        rejected = await client.call_tool(MODERN, notes.token("notes"), "erase")
        assert challenge(rejected) == insufficient_scope("notes:write")


async def test_public_path_is_served_without_a_token() -> None:
    """The server's own routes may be public."""
    notes = GuardedNotes(rules={"public": ["/health"]})
    async with notes.client() as client:
        response = await client.http.get("http://localhost:8000/health")
        assert response.status_code == 404  # of the server


async def test_guard_that_reads_tokens_elsewhere_is_prepared_as_by_the_middleware() -> None:
    """A token in the query is read too."""
    notes = GuardedNotes(guard={"bearer_methods": ["header", "query"]})
    async with notes.client() as client:
        served = await client.call_tool(MODERN, notes.token("notes"), "whoami")
        assert served.status_code == 200


@pytest.mark.conformance("MCP-13")
async def test_scripts_of_a_listed_origin_read_the_fields_of_mcp() -> None:
    """The preflight allows what they send; the 401 and the metadata are readable."""
    notes = GuardedNotes(rules={"cors": [ORIGIN]})
    async with notes.client() as client:
        names = "authorization, content-type, mcp-protocol-version, mcp-session-id, mcp-method"
        preflight = {
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": names,
        }
        allowed = await client.http.options(RESOURCE, headers=preflight)
        listed = allowed.headers["access-control-allow-headers"].split(", ")
        assert set(names.split(", ")) <= set(listed)
        rejected = await client.send("POST", origin=ORIGIN)
        assert challenge(rejected) == missing_token()
        assert rejected.headers["access-control-allow-origin"] == ORIGIN
        exposed = rejected.headers["access-control-expose-headers"].lower().split(", ")
        assert {"www-authenticate", "mcp-session-id", "mcp-protocol-version"} <= set(exposed)
        metadata: httpx.Response = await client.http.get(METADATA, headers={"origin": ORIGIN})
        assert metadata.headers["access-control-allow-origin"] in {ORIGIN, "*"}


@pytest.mark.parametrize("kind", ["mcp", "fastmcp", "other"])
async def test_report_shows_what_each_operation_requires(kind: str) -> None:
    """Each line is what a request gets: without a token, and with the base scope alone."""
    rules = {
        "requires": "notes",
        "tools": {"delete": "notes:write"},
        "resources": {"notes://all": "all"},
        "unlisted": "deny",
    }
    notes = LenientMCP(rules=rules) if kind == "other" else GuardedNotes(kind, rules=rules)  # type: ignore[arg-type] # a package
    report = protection_report(notes.application)
    lines = {each.endpoint: each for each in report}
    assert {each.protection for each in report} == {"guarded"}
    assert {each.requires for each in report if " " not in each.endpoint} == {"notes"}
    expected = {
        "tools delete": "notes, notes:write",
        "tools *": "notes, denied",
        "resources notes://all": "notes, all",
        "resources *": "notes, denied",
        "prompts *": "notes, denied",
    }
    assert {name: lines[name].requires for name in expected} == expected
    assert {(lines[name].method, lines[name].path) for name in expected} == {("POST", "/mcp")}
    async with notes.client() as client:
        for name in ("delete", "whoami"):
            rejected = await client.call_tool(MODERN, notes.token("notes"), name)
            assert rejected.status_code == 403
        granted = await client.call_tool(MODERN, notes.token("notes", "notes:write"), "delete")
        assert granted.status_code == 200


@pytest.mark.parametrize(
    ("public", "protection", "requires"),
    [(["/mcp"], "guarded", "notes"), (["/mcp", "POST /mcp"], "public", "")],
    ids=["GET", "both"],
)
def test_path_is_public_in_the_report_if_it_is_for_messages(
    public: list[str], protection: str, requires: str
) -> None:
    """The route of the package has no methods."""
    notes = GuardedNotes(rules={"requires": "notes", "public": public})
    (line,) = protection_report(notes.application)
    assert (line.method, line.protection, line.requires) == ("*", protection, requires)
