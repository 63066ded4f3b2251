"""The machine on which the tests run the commands."""

from pathlib import Path

import pytest

from tests.tools.commands.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without any Python."""
    return Machine(tmp_path)
