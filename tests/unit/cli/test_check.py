"""The command `oauth-guard check`, run as a person runs it."""

import json
from pathlib import Path

from tests.builders.command_line import run_at_terminal, run_command
from tests.builders.issuer_server import issuer_server

OPAQUE = '[[issuers]]\nkind = "introspection"\nissuer = "{}"\n'
CLIENT = 'client = { client_id = "api", secret = "s3cret" }\n'


def test_check_exits_with_1_on_a_fault(tmp_path: Path) -> None:
    """Each finding has a line of its own; a fault is red at a terminal."""
    with issuer_server() as server:
        text = f'resource = "{server.url}"\n{OPAQUE.format(server.url)}{CLIENT}'
        (tmp_path / "oauth_guard.toml").write_text(text)
        done = run_command(tmp_path, "check")
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(done.stdout.splitlines()) == 6
        server.statuses["/introspect"] = 401
        done = run_command(tmp_path, "check", "--json")
        assert done.returncode == 1
        faults = [each for each in json.loads(done.stdout) if each["status"] == "fault"]
        assert [each["check"] for each in faults] == ["introspection"]
        assert not done.stderr
        status, output = run_at_terminal(tmp_path, "check")
    assert status == 1
    assert "\x1b[1;31mfault" in output
    assert "s3cret" not in output


def test_check_of_a_wrong_file_exits_with_2(tmp_path: Path) -> None:
    """Nobody is asked then."""
    (tmp_path / "oauth_guard.toml").write_text("resource = 1\n")
    done = run_command(tmp_path, "check")
    assert done.returncode == 2
    assert done.stderr.startswith("oauth_guard.toml:1: resource takes a string")
