"""VersionsReport: the end of a run names what it used, and what it lacked."""

import pytest

_TEST = """
import pytest
from tests.robustness.versions.report import LACKED, USED

def test_used(record_property):
    record_property(USED, "CPython 3.98.1")

def test_lacked(record_property):
    record_property(LACKED, "CPython 3.99")
    pytest.skip("not installed")
"""
_CONFTEST = """
from tests.robustness.versions.report import VersionsReport

def pytest_configure(config):
    config.pluginmanager.register(VersionsReport())
"""


def test_end_of_a_run_names_interpreters(pytester: pytest.Pytester) -> None:
    """Those of tests that passed, and those of tests that were skipped."""
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile(_TEST)
    output = pytester.runpytest("-p", "no:asyncio").stdout
    output.fnmatch_lines(
        ["*checked with: CPython 3.*(the whole suite), CPython 3.98.1", "*installed: CPython 3.99"]
    )


def test_other_run_has_no_such_lines(pytester: pytest.Pytester) -> None:
    """Without the long tests, nothing is recorded."""
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile("def test_nothing(): pass")
    assert "versions" not in pytester.runpytest("-p", "no:asyncio").stdout.str()
