"""The page on MCP servers: its server, run with a local issuer, does what the page says."""

import shlex
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from oauth_guard.testing import (
    LocalIssuer,
    challenge,
    insufficient_scope,
    missing_token,
    trusting,
)
from tests.acceptance.documents import ROOT, blocks_of, python_blocks
from tests.acceptance.reader import Reader
from tests.builders.application_lifespan import running
from tests.builders.mcp_server import LEGACY, MODERN, NotesClient
from tests.robustness.mcp_tools.node_tools import node_command


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


@pytest.mark.long
@pytest.mark.needs("node", "mcp-inspector")
def test_commands_of_the_page_print_the_shown_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They start the demo and use its server by the SDK's client and by the Inspector."""
    browser = tmp_path / "browser"
    sign_in = f"{sys.executable} -m tests.acceptance.demo.sign_in_by_forms"
    # The page does not install what the browser of the tests needs.
    browser.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec {sign_in} ada "$1"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MCP_AUTO_OPEN_ENABLED", "true")  # for the Inspector without a terminal
    launcher = node_command("mcp-inspector", "clients/launcher/build/index.js")
    programs = {"npx @modelcontextprotocol/inspector@2": shlex.join(launcher)}
    assert Reader(tmp_path, programs).follow(blocks_of(ROOT / "docs/mcp.md")) == 3
