"""The command `oauth-guard routes`, run as a person runs it."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.builders.command_line import run_at_terminal, run_command

APP = """
from tests.builders.report_apps import by_rules, forgetful, guard

good, bad = by_rules(guard()), forgetful(guard())


def create():
    return good
"""


@pytest.fixture(name="folder")
def folder_with_app(tmp_path: Path) -> Path:
    """A folder with the module `webshop`."""
    (tmp_path / "webshop.py").write_text(APP)
    return tmp_path


def _run(folder: Path, *arguments: str) -> CompletedProcess[str]:
    return run_command(folder, "routes", *arguments)


@pytest.mark.parametrize(
    ("target", "status"),
    [("webshop:good", 0), ("webshop:create()", 0), ("webshop:bad", 1)],
)
def test_routes_exits_with_1_if_a_route_is_neither_guarded_nor_public(
    folder: Path, target: str, status: int
) -> None:
    """So that continuous integration fails."""
    done = _run(folder, target)
    assert done.returncode == status, done.stderr
    assert ("unguarded: GET /forgotten (page)" in done.stderr) is bool(status)
    assert done.stdout.startswith("method")
    assert "\x1b" not in done.stdout + done.stderr


def test_routes_takes_declared_public_paths(folder: Path) -> None:
    """A pattern of another form is an error."""
    options = ["--public", "/forgotten", "--public", "/opaque/*", "--public", "/optional/any"]
    done = _run(folder, "webshop:bad", *options)
    assert done.stderr.splitlines() == ["unguarded: WEBSOCKET /socket (feed)"]
    assert _run(folder, "webshop:bad", "--public", "forgotten").returncode == 2


@pytest.mark.parametrize("option", [("--json",), ("--format", "json")], ids=" ".join)
def test_routes_prints_json(folder: Path, option: tuple[str, ...]) -> None:
    """It is for programs."""
    done = _run(folder, "webshop:good", *option)
    assert {each["path"] for each in json.loads(done.stdout)} >= {"/orders", "/other"}


def test_routes_at_a_terminal_are_coloured(folder: Path) -> None:
    """An unguarded route is red, unless NO_COLOR is set."""
    status, output = run_at_terminal(folder, "routes", "webshop:bad")
    assert status == 1
    assert "\x1b[1;31munguarded" in output
    assert "\x1b[32mguarded" in output
    status, output = run_at_terminal(folder, "routes", "webshop:bad", NO_COLOR="1")
    assert status == 1
    assert "31m" not in output
    assert "32m" not in output
