"""The page on MCP servers: its server, run with a local issuer, does what the page says."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from oauth_guard.mcp import guarded
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
from tests.builders.tls_server import serving
from tests.robustness.mcp_tools.node_tools import node_command

PAGE = ROOT / "docs/mcp.md"
_ROW = re.compile(r"^\| (.+?) \| `(.+?)` \|", re.MULTILINE)
SYMPTOMS = dict(_ROW.findall(PAGE.read_text(encoding="utf-8").partition("## Symptoms\n")[2]))
SIGN_IN = "Sign-in succeeds, then 401 again and again"
MISMATCH = "The client says that the resource does not match"
NO_SERVER = "The client finds no authorization server"
STEP_UP = "403 although the user agreed"
HOST = "421 or 403 without `WWW-Authenticate`"


def _server(port: int = 8000) -> dict[str, Any]:
    block = python_blocks(PAGE)[0]
    names: dict[str, Any] = {}
    text = block.text.replace("localhost:8000", f"localhost:{port}")
    exec(compile(text, block.page, "exec"), names)  # noqa: S102 - our own text
    return names


@contextmanager
def _served() -> Iterator[tuple[int, LocalIssuer]]:
    """Serve the page's server on a free port; yield the port and the issuer of its guard."""
    issuer = LocalIssuer("https://login.example.com")
    with ExitStack() as trust:

        def configure(port: int) -> uvicorn.Config:
            names = _server(port)
            trust.enter_context(trusting(names["guard"], issuer))
            return uvicorn.Config(names["app"], log_level="warning")

        with serving(configure) as port:
            yield port, issuer


def _printed(symptom: str, folder: Path, host: str, token: str) -> str:
    """Run the command for *symptom* as the reader does, with *host* as that of the server."""
    own = {"HOME": str(folder), "TOKEN": token, "no_proxy": "*"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["sh", "-euc", SYMPTOMS[symptom].replace("localhost:8000", host)],  # noqa: S607 - the reader's
        cwd=folder,
        env=os.environ | own | {"PATH": path, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return ran.stdout.decode()


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
    assert Reader(tmp_path, programs).follow(blocks_of(PAGE)) == 3


def test_every_command_of_a_symptom_is_run() -> None:
    """By the tests below."""
    assert set(SYMPTOMS) == {SIGN_IN, MISMATCH, NO_SERVER, STEP_UP, HOST}


@pytest.mark.needs("curl")
@pytest.mark.parametrize(
    ("symptom", "ending", "host", "shown"),
    [
        (SIGN_IN, "", "localhost", ["HTTP/1.1 400 ", "Missing session ID"]),
        (SIGN_IN, "/", "localhost", ["HTTP/1.1 401 ", 'error="invalid_token"']),
        (MISMATCH, "", "localhost", ['"resource": "http://localhost:PORT/mcp"']),
        (
            NO_SERVER,
            "",
            "localhost",
            [
                "HTTP/1.1 401 ",
                'scope="notes"',
                'resource_metadata="http://localhost:PORT/.well-known/oauth-protected-resource/mcp"',
            ],
        ),
        (HOST, "", "mcp.example.com", ["HTTP/1.1 421 ", "Invalid Host header"]),
    ],
    ids=["good token", "aud with a slash", "metadata", "no token", "public host"],
)
def test_command_of_a_symptom_shows_what_the_page_says(
    symptom: str, ending: str, host: str, shown: list[str], tmp_path: Path
) -> None:
    """The server is that of the page; the public host leads to this machine."""
    with _served() as (port, issuer):
        (tmp_path / ".curlrc").write_text(f"resolve = mcp.example.com:{port}:127.0.0.1\n")
        token = issuer.token("notes", aud=f"http://localhost:{port}/mcp{ending}")
        printed = _printed(symptom, tmp_path, f"{host}:{port}", token)
    for text in shown:
        assert text.replace("PORT", str(port)) in printed


@pytest.mark.needs("curl")
def test_wrong_audience_is_in_the_log_of_the_operator(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the hint that a slash at the end differs."""
    with caplog.at_level("INFO"), _served() as (port, issuer):
        token = issuer.token("notes", aud=f"http://localhost:{port}/mcp/")
        _printed(SIGN_IN, tmp_path, f"localhost:{port}", token)
    assert "wrong_audience" in caplog.text
    assert "differs by a slash at its end" in caplog.text


@pytest.mark.parametrize("is_written", [False, True], ids=["by default", "as written"])
async def test_package_accepts_host_and_origin_that_are_written_as_on_the_page(
    is_written: bool,
) -> None:
    """By default it rejects an origin of `cors=`, without a challenge."""
    names, issuer = _server(), LocalIssuer("https://login.example.com")
    settings = {"TransportSecuritySettings": TransportSecuritySettings}
    text = re.search(r"`streamable_http_app\(transport.*\)`", PAGE.read_text(encoding="utf-8"))
    assert text is not None
    call = text[0].strip("`") if is_written else "streamable_http_app()"
    inner = eval(f"MCPServer('notes').{call}", names | settings)  # noqa: S307 - our own text
    origin = "https://inspector.example.com"
    app = guarded(inner, names["guard"], cors=[origin])
    host = "mcp.example.com" if is_written else "localhost:8000"
    headers = {"host": host, "origin": origin}
    with trusting(names["guard"], issuer):
        headers |= issuer.headers("notes")
        async with running(app), httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
            response = await http.get("http://localhost:8000/mcp", headers=headers)
    if is_written:
        assert (response.status_code, "Missing session ID" in response.text) == (400, True)
    else:
        assert (response.status_code, response.text) == (403, "Invalid Origin header")
        assert "www-authenticate" not in response.headers


def test_routes_of_the_server_of_the_page_name_all_scopes_of_a_tool(tmp_path: Path) -> None:
    """Those of the challenge."""
    (tmp_path / "notes.py").write_text(python_blocks(PAGE)[0].text, encoding="utf-8")
    lines = _printed(STEP_UP, tmp_path, "localhost:8000", "").splitlines()
    assert "notes, notes:write" in next(line for line in lines if "tools delete_note" in line)
