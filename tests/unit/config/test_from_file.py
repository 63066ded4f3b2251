"""FromConfig: the class method of a guard that reads a file and the environment."""

from pathlib import Path

import pytest

from oauth_guard import ConfigurationError, Guard

_FILE = """
resource = "https://api.example.com"

[[issuers]]
issuer = "https://login.example.com"
"""


def test_guard_is_built_from_a_file(tmp_path: Path) -> None:
    """A variable of the environment replaces a value of the file."""
    path = tmp_path / "oauth_guard.toml"
    path.write_text(_FILE, encoding="utf-8")
    guard = Guard.from_config(str(path), {"OAUTH_GUARD_RESOURCE": "https://other.example.com"})
    assert isinstance(guard, Guard)
    assert guard.resource == "https://other.example.com"


def test_error_begins_with_file_and_line(tmp_path: Path) -> None:
    """As all errors of a configuration."""
    path = tmp_path / "oauth_guard.toml"
    path.write_text(_FILE.replace("resource =", "resorce ="), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"^{path}:2: "):
        Guard.from_config(str(path), {})
