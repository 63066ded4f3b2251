"""GuardedServer: checks `requires=`, and lets the server know its caller."""

from typing import Any

import pytest

from oauth_guard.testing import challenge, insufficient_scope
from tests.builders.mcp_server import LEGACY, MODERN, GuardedNotes, NotesClient

WRITE = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "delete"}}


def _call(members: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{%s}}' % members


async def _rejected(client: NotesClient, token: str, content: bytes) -> Any:
    return challenge(await client.send("POST", token, content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"method": "tools/call", "method": "ping", "params": {"name": "delete"}}',
        b'{"params": "' + b"x" * 10_000_000 + b'"}',
        b'[{"method": "tools/call", "params": {"name": "delete"}}]',
    ],
    ids=["empty", "list", "bytes", "deep", "duplicate", "10 MB", "batch"],
)
async def test_body_that_can_not_be_read_names_the_base_scope_alone(content: bytes) -> None:
    """The decision does not depend on it."""
    notes = GuardedNotes()
    async with notes.client() as client:
        rejected = await _rejected(client, notes.token("other"), content)
        assert rejected == insufficient_scope("notes")


async def test_requirement_without_rules_reads_no_body() -> None:
    """The challenge names the base scope, and no message is checked in the dispatch."""
    notes = GuardedNotes(rules={"requires": "notes"})
    async with notes.client() as client:
        rejected = await client.post(WRITE, notes.token("other"))
        assert challenge(rejected) == insufficient_scope("notes")
        for revision in (LEGACY, MODERN):
            await client.call_tool(revision, notes.token("notes"), "delete")
        assert notes.calls == ["delete", "delete"]


async def test_server_without_requirement_serves_every_valid_token() -> None:
    """A tool's own scope is required all the same."""
    notes = GuardedNotes(rules={"tools": {"delete": "notes:write"}})
    async with notes.client() as client:
        assert (await client.call_tool(MODERN, notes.token(), "whoami")).status_code == 200
        rejected = await client.call_tool(MODERN, notes.token(), "delete")
        assert challenge(rejected) == insufficient_scope("notes:write")


@pytest.mark.parametrize("json_response", [False, True], ids=["stream", "json"])
@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"[" * 100_000,
        b"[%s,%s]" % (_call(b'"name":"whoami"'), _call(b'"name":"delete"')),
        b'{"jsonrpc":"2.0","id":1,"method":"ping",' + _call(b'"name":"delete"')[24:],
        b'{"params":{"name":"whoami"},' + _call(b'"name":"delete"')[1:],
        _call(b'"name":"whoami","name":"delete"'),
        _call(b'"name":"delete","pad":"' + b"x" * 10_000_000 + b'"'),
    ],
    ids=["bytes", "deep", "batch", "two methods", "two params", "two names", "10 MB"],
)
@pytest.mark.parametrize("revision", [LEGACY, MODERN])
async def test_hostile_message_calls_no_forbidden_tool(
    content: bytes, json_response: bool, revision: str
) -> None:
    """Whichever member the server reads, its dispatch is checked on the same one."""
    notes = GuardedNotes(app={"json_response": json_response})
    async with notes.client() as client:
        token = notes.token("notes")
        fields = {"mcp_protocol_version": MODERN, "mcp_method": "tools/call"}
        if revision == LEGACY:
            fields = {"mcp_session_id": await client.open_session(token)}
        response = await client.send("POST", token, content, **fields)
        assert response.status_code in {400, 403, 413}
        assert notes.calls == []
