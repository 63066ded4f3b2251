"""The demo's client of MCP reports each failure in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo_api.mcp_client import main
from tests.acceptance.demo.command import ROOT

# A person who denies: the browser is redirected with this error (RFC 6749 §4.1.2.1).
_DENY = """\
#!{python}
import sys, httpx
query = httpx.URL(sys.argv[1]).params
sent = {{"error": "access_denied", "state": query["state"]}}
httpx.get(query["redirect_uri"], params=sent, trust_env=False).raise_for_status()
"""


def test_client_without_a_server_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing listens on port 1."""
    assert main(["--origin", "http://127.0.0.1:1/"]) == 1
    assert capsys.readouterr().err == (
        "stopped: no server at http://127.0.0.1:1: start the demo with  sh demo_api/run\n"
    )


def test_client_of_a_person_who_denies_stops(origin: str, tmp_path: Path) -> None:
    """It has no token then, and calls no tool."""
    browser = tmp_path / "browser"
    browser.write_text(_DENY.format(python=sys.executable))
    browser.chmod(0o755)
    ended = subprocess.run(
        [sys.executable, "-m", "demo_api.mcp_client", "--origin", origin],
        cwd=ROOT,
        env=os.environ | {"BROWSER": str(browser)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout.startswith("The client requests: read. ")
    assert "list_people" not in ended.stdout
    assert ended.stderr.splitlines()[-1].startswith("stopped: the sign-in did not succeed")
