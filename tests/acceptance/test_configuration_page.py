"""The file in docs/configuration.md configures a guard, and its table names every kind."""

import re
from pathlib import Path

import pytest

from oauth_guard import OAuthGuardMiddleware
from oauth_guard.config import load_config
from oauth_guard.config.kinds import KINDS
from tests.acceptance.documents import ROOT, Block, blocks_of

PAGE = ROOT / "docs" / "configuration.md"


def test_file_of_the_page_configures_the_middleware(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the secrets in files of their own."""
    file = _files()[0]
    (tmp_path / "oauth_guard.toml").write_text(file.text)
    for path in re.findall(r'_file = "([^"]*)"', file.text):
        secret = tmp_path / path
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("k" * 40)
        secret.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    app = OAuthGuardMiddleware.from_config(None, environ={})  # type: ignore[arg-type] # not called
    connection = {"type": "http", "method": "GET", "path": "/me", "root_path": "", "headers": []}
    assert app.protection(connection)[1] is not None
    denied = app.protection({**connection, "path": "/other"})[2]
    assert denied is not None
    assert denied.is_denied


def test_second_file_of_the_page_configures_a_guard_for_each_prefix(tmp_path: Path) -> None:
    """The longest prefix decides."""
    _, several = _files()
    (tmp_path / "oauth_guard.toml").write_text(several.text)
    guards = load_config(tmp_path / "oauth_guard.toml", {}).guards
    assert {prefix: guard.resource for prefix, guard in guards.items()} == {
        "/": "https://api.example.com",
        "/admin": "https://api.example.com/admin",
    }


def _files() -> list[Block]:
    return [block for block in blocks_of(PAGE) if block.language == "toml"]


def test_page_names_every_kind() -> None:
    """A table of one kind has no name to write."""
    text = PAGE.read_text(encoding="utf-8")
    several = [kinds for kinds in KINDS.values() if len(kinds) > 1]
    assert all(f"`{kind}`" in text for kinds in several for kind in kinds)
