"""The command `oauth-guard config`, run as a person runs it."""

import json
from pathlib import Path

import pytest

from tests.builders.command_line import run_at_terminal, run_command

TEXT = """\
resource = "https://api.test"
[[issuers]]
kind = "introspection"
issuer = "https://as.test"
client = { client_id = "api", secret = "s3cret" }
"""


@pytest.fixture(name="folder")
def folder_with_file(tmp_path: Path) -> Path:
    """A folder with a configuration."""
    (tmp_path / "oauth_guard.toml").write_text(TEXT)
    return tmp_path


def test_show_prints_values_and_origins_without_secrets(folder: Path) -> None:
    """A variable of the environment replaces a value of the file."""
    done = run_command(folder, "config", "--show", OAUTH_GUARD_REALM="shop")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert rows["resource"] == ["https://api.test", "oauth_guard.toml:1"]
    assert rows["realm"] == ["shop", "OAUTH_GUARD_REALM"]
    assert rows["issuers[0].client.secret"] == ["hidden", "oauth_guard.toml:5"]
    assert rows["require_https"] == ["false", "default"]
    assert "s3cret" not in done.stdout


def test_show_prints_json(folder: Path) -> None:
    """For programs."""
    rows = json.loads(run_command(folder, "config", "--show", "--json").stdout)
    assert {"setting": "require_https", "value": False, "origin": "default"} in rows
    assert "s3cret" not in repr(rows)


def test_show_at_a_terminal_is_coloured(folder: Path) -> None:
    """What is hidden is yellow."""
    status, output = run_at_terminal(folder, "config", "--show")
    assert status == 0
    assert "\x1b[33mhidden" in output
    assert "s3cret" not in output


def test_config_checks_the_file(folder: Path) -> None:
    """The line for a mistake begins with file and line."""
    assert run_command(folder, "config").stdout == "oauth_guard.toml: ok\n"
    done = run_command(folder, "config", "--json")
    assert json.loads(done.stdout) == {"file": "oauth_guard.toml", "status": "ok"}
    (folder / "oauth_guard.toml").write_text(f"require_http = true\n{TEXT}")
    done = run_command(folder, "config")
    assert done.returncode == 2
    assert done.stderr.startswith("oauth_guard.toml:1: ")
    assert "Did you mean require_https?" in done.stderr


def test_environment_alone_suffices(tmp_path: Path) -> None:
    """Without file and variables there is nothing to check."""
    environ = {
        "OAUTH_GUARD_RESOURCE": "https://api.test",
        "OAUTH_GUARD_ISSUERS__0__ISSUER": "https://as.test",
    }
    assert run_command(tmp_path, "config", **environ).stdout == "environment: ok\n"
    done = run_command(tmp_path, "config")
    assert done.returncode == 2
    assert "there is no oauth_guard.toml" in done.stderr


def test_schema_is_printed_without_a_file(tmp_path: Path) -> None:
    """For editors."""
    done = run_command(tmp_path, "config", "--schema")
    assert json.loads(done.stdout)["title"] == "oauth_guard.toml"
