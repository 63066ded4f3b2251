"""The page on MCP servers: its server, run with a local issuer, does what the page says."""

from typing import Any

import httpx

from oauth_guard.testing import (
    LocalIssuer,
    challenge,
    insufficient_scope,
    missing_token,
    trusting,
)
from tests.acceptance.documents import ROOT, python_blocks
from tests.builders.application_lifespan import running
from tests.builders.mcp_server import LEGACY, MODERN, NotesClient


def _server() -> dict[str, Any]:
    block = python_blocks(ROOT / "docs/mcp.md")[0]
    names: dict[str, Any] = {}
    exec(compile(block.text, block.page, "exec"), names)  # noqa: S102 - our own text
    return names


async def test_server_of_the_page_treats_callers_as_its_table_says() -> None:
    """In both revisions."""
    for revision in (LEGACY, MODERN):
        names = _server()
        issuer = LocalIssuer("https://login.example.com")
        with trusting(names["guard"], issuer):
            transport = httpx.ASGITransport(names["app"])
            async with running(names["app"]), httpx.AsyncClient(transport=transport) as http:
                client = NotesClient(http)
                assert challenge(await client.send("POST")) == missing_token("notes")
                reader = issuer.token("notes", sub="u7")
                listed = await client.call_tool(revision, reader, "list_notes")
                assert "notes of u7" in listed.text
                rejected = await client.call_tool(revision, reader, "delete_note")
                assert challenge(rejected) == insufficient_scope("notes", "notes:write")
                params = {"name": "delete_note", "arguments": {"number": 7}}
                writer = issuer.token("notes", "notes:write")
                deleted = await client.call(revision, writer, "tools/call", params)
                assert "note 7 is deleted" in deleted.text


def test_server_of_the_page_has_fifteen_lines() -> None:
    """Without imports and empty lines."""
    lines = python_blocks(ROOT / "docs/mcp.md")[0].text.splitlines()
    code = [line for line in lines if line.strip() and not line.startswith(("from", "import", "#"))]
    assert len(code) <= 15
