"""The page docs/command-line.md describes every command, and its exit codes are the real ones."""

import re

from oauth_guard.cli import app
from tests.acceptance.documents import ROOT

PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
ELSEWHERE = {"forward-auth", "token"}


def test_page_describes_every_command() -> None:
    """Those that are described elsewhere have a page of their own."""
    commands = {name for name in app if not name.startswith("-")}
    described = set(re.findall(r"^\| `oauth-guard ([\w-]+)", PAGE, re.MULTILINE))
    assert described == commands - ELSEWHERE
