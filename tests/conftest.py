"""What the whole suite stands on: the marks `needs` and `conformance`, and pytest's own tester."""

import os
from pathlib import Path

import pytest

from tests.needs import PROGRAMS, Needs
from tests.tools.conformance.matrix import MATRIX, read_matrix
from tests.tools.conformance.recorder import KnownRows

pytest_plugins = ["pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller keep the list of what was left out, to show it where it wants."""
    parser.addoption("--left-out", type=Path, help="list the tests left out in this file instead")


def pytest_configure(config: pytest.Config) -> None:
    """Put both marks to work, and keep what the tests say to this machine on it."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
    known = read_matrix(MATRIX.read_text(encoding="utf-8"))
    config.pluginmanager.register(KnownRows(known))
    strict = os.environ.get("CI") == "true"
    needs = Needs(PROGRAMS, strict=strict, list_in=config.getoption("left_out"))
    config.pluginmanager.register(needs)
