"""MCP authorization, revisions 2025-11-25 and 2026-07-28, with the packages mcp and fastmcp."""

import asyncio
import time

import pytest

from oauth_guard import ConfigurationError, Guard, JWTIssuer
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.mcp import guarded
from oauth_guard.testing import challenge, insufficient_scope, invalid_token, missing_token
from tests.builders.mcp_server import (
    INITIALIZE,
    ISSUER,
    LEGACY,
    METADATA,
    MODERN,
    RESOURCE,
    GuardedNotes,
    Package,
    application_of,
)

PACKAGES = pytest.mark.parametrize("package", ["mcp", "fastmcp"])
REVISIONS = pytest.mark.parametrize("revision", [LEGACY, MODERN])
STREAMED = pytest.mark.parametrize("json_response", [False, True], ids=["stream", "json"])
BOTH = "notes notes:write"


@pytest.mark.conformance("MCP-01")
def test_guard_without_authorization_server_is_refused() -> None:
    """Its metadata would name none; the same for a guard that serves no metadata."""
    notes = GuardedNotes()
    inner = application_of(notes.server)
    unnamed = Guard(RESOURCE, [JWTIssuer("internal", keys=notes.issuer.jwks, algorithms=["ES256"])])
    with pytest.raises(ConfigurationError, match="name an authorization server"):
        guarded(inner, unnamed)
    silent = Guard(RESOURCE, [JWTIssuer(ISSUER)], metadata=False)
    with pytest.raises(ConfigurationError, match="leave out metadata=False"):
        guarded(inner, silent)


@pytest.mark.conformance("MCP-01")
def test_guard_of_tenants_must_advertise_an_authorization_server() -> None:
    """The tenants themselves are not known before their tokens are."""

    async def resolve(_: str) -> None: ...

    inner = application_of(GuardedNotes().server)
    with pytest.raises(ConfigurationError, match="name an authorization server"):
        guarded(inner, Guard(RESOURCE, [Tenants(resolve=resolve)]))
    advertised = Guard(RESOURCE, [Tenants(resolve=resolve, advertised=[ISSUER])])
    guarded(inner, advertised)
    assert ISSUER.encode() in advertised.metadata_document


@pytest.mark.conformance("MCP-01", "MCP-02", "MCP-03")
@PACKAGES
async def test_first_401_names_scope_and_metadata(package: Package) -> None:
    """The metadata names the authorization server, at the address in the challenge."""
    async with GuardedNotes(package).client() as client:
        rejected = await client.post(INITIALIZE)
        assert challenge(rejected) == missing_token("notes")
        assert f'resource_metadata="{METADATA}"' in rejected.headers["www-authenticate"]
        metadata = (await client.http.get(METADATA)).json()
        assert metadata["authorization_servers"] == [ISSUER]
        assert metadata["resource"] == RESOURCE


@pytest.mark.conformance("MCP-04")
@PACKAGES
@REVISIONS
@STREAMED
async def test_missing_scope_of_a_tool_is_403_with_every_scope(
    package: Package, revision: str, json_response: bool
) -> None:
    """The challenge names base and tool together, and the tool has not run."""
    notes = GuardedNotes(package, app={"json_response": json_response})
    async with notes.client() as client:
        rejected = await client.call_tool(revision, notes.token("notes"), "delete")
        assert challenge(rejected) == insufficient_scope(*BOTH.split())
        assert f'resource_metadata="{METADATA}"' in rejected.headers["www-authenticate"]
        assert notes.calls == []
        granted = await client.call_tool(revision, notes.token(*BOTH.split()), "delete")
        assert "deleted" in granted.text
        assert notes.calls == ["delete"]


@pytest.mark.conformance("MCP-04")
@PACKAGES
async def test_missing_base_scope_is_403_with_the_scope_of_the_tool_too(package: Package) -> None:
    """One step-up suffices; a request without an operation names the base scope alone."""
    notes = GuardedNotes(package)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "delete"}}
    async with notes.client() as client:
        token = notes.token("notes:write")
        assert challenge(await client.post(call, token)) == insufficient_scope(*BOTH.split())
        assert challenge(await client.post(INITIALIZE, token)) == insufficient_scope("notes")
        assert challenge(await client.send("GET", token)) == insufficient_scope("notes")
        assert challenge(await client.send("POST", token, b"{")) == insufficient_scope("notes")


@pytest.mark.conformance("MCP-05")
@pytest.mark.parametrize("claims", [{"aud": "https://other.example.com"}, {"exp": 1}], ids=str)
async def test_token_for_another_server_or_expired_is_401(claims: dict[str, object]) -> None:
    """The server is not reached."""
    notes = GuardedNotes()
    async with notes.client() as client:
        rejected = await client.post(INITIALIZE, notes.token("notes", **claims))
        assert challenge(rejected) == invalid_token()


@pytest.mark.conformance("MCP-05")
def test_guard_that_accepts_tokens_without_an_audience_is_refused() -> None:
    """Such a token was not issued for the MCP server."""
    issuer = JWTIssuer(ISSUER, without_audience="single resource")
    with pytest.raises(ConfigurationError, match="leave out without_audience="):
        guarded(application_of(GuardedNotes().server), Guard(RESOURCE, [issuer]))


@pytest.mark.conformance("MCP-06")
async def test_each_request_of_a_session_needs_a_token_in_the_header() -> None:
    """A session proves nothing, and a token in the query is not read."""
    notes = GuardedNotes()
    async with notes.client() as client:
        session = await client.open_session(notes.token("notes"))
        for method in ("POST", "GET", "DELETE"):
            rejected = await client.send(method, mcp_session_id=session)
            assert challenge(rejected) == missing_token("notes")
        query = f"{RESOURCE}?access_token={notes.token('notes')}"
        assert challenge(await client.http.post(query)) == missing_token("notes")


@pytest.mark.conformance("MCP-07")
@PACKAGES
@REVISIONS
async def test_scope_that_implies_the_required_ones_is_accepted(
    package: Package, revision: str
) -> None:
    """The challenge names the narrow scopes all the same."""
    guard = {"scope_implies": {"admin": ["notes", "notes:write"]}}
    notes = GuardedNotes(package, guard=guard)
    async with notes.client() as client:
        assert "deleted" in (await client.call_tool(revision, notes.token("admin"), "delete")).text
        rejected = await client.call_tool(revision, notes.token("notes"), "delete")
        assert challenge(rejected) == insufficient_scope(*BOTH.split())


@pytest.mark.conformance("MCP-08")
@pytest.mark.parametrize("where", ["metadata", "rule"])
def test_offline_access_is_a_warning(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """The guard is built, since a client ignores the scope."""
    supported = ["notes", "offline_access"] if where == "metadata" else ["notes"]
    rules = {"requires": "offline_access"} if where == "rule" else {"requires": "notes"}
    GuardedNotes(guard={"scopes_supported": supported}, rules=rules)
    assert "offline_access" in caplog.text


@pytest.mark.conformance("MCP-09")
@PACKAGES
@REVISIONS
@pytest.mark.parametrize("expose", [False, True], ids=["hidden", "exposed"])
async def test_tool_sees_its_caller_and_no_token(
    package: Package, revision: str, expose: bool
) -> None:
    """Only a guard that exposes tokens lets the tool pass one on."""
    notes = GuardedNotes(package, guard={"expose_token": expose})
    async with notes.client() as client:
        token = notes.token("notes", sub="u7")
        seen = (await client.call_tool(revision, token, "whoami")).text
        assert f"u7|u7|{token if expose else 'not exposed'}|notes" in seen


@pytest.mark.conformance("MCP-11")
@PACKAGES
@pytest.mark.parametrize(
    "other",
    [{"sub": "u2"}, {"client_id": "c2"}, {"sub": None}],
    ids=["subject", "client", "none"],
)
async def test_session_of_another_caller_is_404(package: Package, other: dict[str, object]) -> None:
    """Over every method, and the session of its owner goes on unchanged."""
    notes = GuardedNotes(package)
    call = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "whoami"}}
    async with notes.client() as client:
        owner = notes.token("notes", sub="u1", client_id="c1")
        session = await client.open_session(owner)
        thief = notes.token("notes", **{"sub": "u1", "client_id": "c1", **other})
        for method in ("GET", "DELETE"):
            assert (await client.send(method, thief, mcp_session_id=session)).status_code == 404
            stolen = await client.send(method, thief, mcp_session_id=session, last_event_id="1")
            assert stolen.status_code == 404
        assert (await client.post(call, thief, mcp_session_id=session)).status_code == 404
        assert notes.calls == []
        assert (await client.post(call, owner, mcp_session_id=session)).status_code == 200
        assert notes.calls == ["whoami"]


@pytest.mark.conformance("MCP-11")
async def test_session_without_a_subject_belongs_to_one_token() -> None:
    """A missing subject never equals another one."""
    notes = GuardedNotes()
    listing = {"jsonrpc": "2.0", "id": 5, "method": "tools/list"}
    async with notes.client() as client:
        first, second = (notes.token("notes", sub=None, jti=each) for each in ("1", "2"))
        session = await client.open_session(first)
        assert (await client.post(listing, first, mcp_session_id=session)).status_code == 200
        assert (await client.post(listing, second, mcp_session_id=session)).status_code == 404


@pytest.mark.conformance("MCP-12")
@PACKAGES
async def test_step_up_inside_a_session_calls_the_tool(package: Package) -> None:
    """The tool sees the scopes of the token of its own request, not those of an earlier one."""
    notes = GuardedNotes(package)
    call = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "whoami"}}
    async with notes.client() as client:
        narrow, broad = notes.token("notes"), notes.token("notes", "notes:write")
        session = await client.open_session(narrow)
        for token, scopes in ((broad, BOTH), (narrow, "notes")):
            assert f'|{scopes}"' in (await client.post(call, token, mcp_session_id=session)).text


@pytest.mark.conformance("MCP-14")
@PACKAGES
async def test_stream_of_a_session_ends_with_its_token(package: Package) -> None:
    """The stream for messages of the server, which would stay open otherwise."""
    notes = GuardedNotes(package)
    async with notes.client() as client:
        token = notes.token("notes", exp=time.time() + 2)
        session = await client.open_session(token)
        async with asyncio.timeout(10):
            stream = await client.send("GET", token, mcp_session_id=session)
        assert stream.status_code == 200
        assert challenge(await client.send("GET", token, mcp_session_id=session)) == invalid_token()
