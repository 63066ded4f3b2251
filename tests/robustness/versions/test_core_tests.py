"""core: which unit tests are run with other versions."""

from tests.robustness.versions.core_tests import UNIT, core, left_out


def test_core_is_most_of_the_unit_tests() -> None:
    """What is left out exists."""
    ignored = [each.removeprefix("--ignore=") for each in core() if each.startswith("--ignore=")]
    files = {str(path.relative_to(UNIT.parents[1])) for path in UNIT.rglob("test_*.py")}
    assert files > {*ignored}
    assert len(ignored) < len(files) / 8


def test_test_that_imports_a_package_of_the_suite_is_left_out() -> None:
    """Through a builder too: `tests.builders.mcp_server` imports fastmcp."""
    names = {path.relative_to(UNIT).as_posix() for path in left_out()}
    assert {"mcp/test_dispatch.py", "mcp/test_bound_sessions.py"} <= names
    assert "test_guard.py" not in names
