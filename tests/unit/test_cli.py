"""The command `oauth-guard`, run as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
from tests.builders.report_apps import by_rules, forgetful, guard

good, bad = by_rules(guard()), forgetful(guard())


def create():
    return good
"""


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "webshop.py").write_text(APP)
    root = Path(__file__).parents[2]
    code = (
        f"import sys; sys.path[:0] = ['', {str(root)!r}]; sys.argv[0] = 'oauth-guard'; "
        "from oauth_guard.cli import app; app()"
    )
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("target", "status"),
    [("webshop:good", 0), ("webshop:create()", 0), ("webshop:bad", 1)],
)
def test_routes_exits_with_1_if_a_route_is_neither_guarded_nor_public(
    tmp_path: Path, target: str, status: int
) -> None:
    """So that continuous integration fails."""
    done = _run(tmp_path, "routes", target)
    assert done.returncode == status, done.stderr
    assert ("unguarded: GET /forgotten (page)" in done.stderr) is bool(status)
    assert done.stdout.startswith("method")


def test_routes_takes_declared_public_paths(tmp_path: Path) -> None:
    """A pattern of another form is an error."""
    options = ["--public", "/forgotten", "--public", "/opaque/*", "--public", "/optional/any"]
    done = _run(tmp_path, "routes", "webshop:bad", *options)
    assert done.stderr.splitlines() == ["unguarded: WEBSOCKET /socket (feed)"]
    assert _run(tmp_path, "routes", "webshop:bad", "--public", "forgotten").returncode == 2


def test_routes_prints_json(tmp_path: Path) -> None:
    """It is for programs."""
    done = _run(tmp_path, "routes", "webshop:good", "--format", "json")
    assert {each["path"] for each in json.loads(done.stdout)} >= {"/orders", "/other"}


@pytest.mark.parametrize("target", ["webshop", "missing:app", "webshop:missing", ":app"])
def test_application_that_can_not_be_imported_exits_with_2(tmp_path: Path, target: str) -> None:
    """With one line that names it, and no traceback."""
    done = _run(tmp_path, "routes", target)
    assert done.returncode == 2
    assert target in done.stderr
    assert "Traceback" not in done.stderr
