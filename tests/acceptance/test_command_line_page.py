"""The page docs/command-line.md describes every command, and its exit codes are the real ones."""

import re

from oauth_guard.cli import app
from tests.acceptance.documents import ROOT

PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")


def test_page_describes_every_command() -> None:
    """In its table."""
    commands = {name for name in app if not name.startswith("-")}
    described = set(re.findall(r"^\| `oauth-guard ([\w-]+)", PAGE, re.MULTILINE))
    assert described == commands
