"""The plugins of the whole suite: the marks `needs` and `conformance`, and pytest's `pytester`."""

import os
from pathlib import Path

import pytest

from tests.needs import PROGRAMS, Needs
from tests.robustness.versions.report import VersionsReport
from tests.tools.conformance.matrix import MATRIX, read_matrix
from tests.tools.conformance.recorder import KnownRows

pytest_plugins = ["pytester", "oauth_guard.testing.plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--skipped`, the file for the list of skipped tests, and `--pictures`."""
    parser.addoption("--skipped", metavar="FILE", help="write the list of skipped tests to FILE")
    parser.addoption("--pictures", action="store_true", help="make the pictures of README again")


def pytest_configure(config: pytest.Config) -> None:
    """Register both marks, and exempt loopback addresses from a configured proxy."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
    known = read_matrix(MATRIX.read_text(encoding="utf-8"))
    config.pluginmanager.register(KnownRows(known))
    strict = os.environ.get("CI") == "true"
    file = config.getoption("skipped")
    needs = Needs(PROGRAMS, strict=strict, list_in=Path(file) if file else None)
    config.pluginmanager.register(needs)
    config.pluginmanager.register(VersionsReport())
