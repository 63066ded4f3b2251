"""The application that `module:name` names."""

from pathlib import Path

import pytest

from tests.builders.command_line import run_command


@pytest.mark.parametrize("target", ["webshop", "missing:app", "webshop:missing", ":app"])
def test_application_that_can_not_be_imported_exits_with_2(tmp_path: Path, target: str) -> None:
    """With one line that names it, and no traceback."""
    (tmp_path / "webshop.py").write_text("good = None\n")
    done = run_command(tmp_path, "routes", target)
    assert done.returncode == 2
    assert target in done.stderr
    assert "Traceback" not in done.stderr
