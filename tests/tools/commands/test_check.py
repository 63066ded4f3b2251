"""`tests/run` takes every step in order, stops where one fails, and ends with what was left out."""

import subprocess

import pytest

from tests.tools.architecture.source import CHECKOUT
from tests.tools.commands.machine import COMMANDS, Machine

EVERYTHING = [
    "python -m ruff check",
    "python -m ruff format --check",
    "python -m mypy",
    "python -m coverage run -m pytest --left-out .venv/left-out",
    "python -m coverage report",
]


def _steps(machine: Machine) -> list[str]:
    """Return the checks that were run, without the preparation."""
    asked = machine.log.splitlines()
    return [line for line in asked if line.split()[2] in {"ruff", "mypy", "coverage", "pytest"}]


@pytest.mark.parametrize("command", ["tests/run", ".ci/run"])
def test_everything_is_checked(machine: Machine, command: str) -> None:
    """Lint, format, types, tests and coverage, in the extra that brings them."""
    machine.put("python3", "new")
    ended = machine.run(command, cwd=machine.checkout)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert _steps(machine) == EVERYTHING
    assert "--editable .[dev]" in machine.log


def test_arguments_go_to_pytest_and_ask_for_no_coverage(machine: Machine) -> None:
    """A part of the suite can't cover the whole library."""
    machine.put("python3", "new")
    assert machine.run("tests/run", "-k", "scopes").returncode == 0
    assert _steps(machine) == [
        *EVERYTHING[:3],
        "python -m pytest --left-out .venv/left-out -k scopes",
    ]


@pytest.mark.parametrize(
    ("kind", "steps", "said"),
    [
        pytest.param("unlinted", 1, "stopped: lint: mend what is named above", id="lint"),
        pytest.param("unformatted", 2, "stopped: format: run ", id="format"),
        pytest.param("untyped", 3, "stopped: types: mend", id="types"),
        pytest.param("failing", 5, "stopped: tests: mend", id="tests"),
        pytest.param("uncovered", 5, "stopped: coverage: mend", id="coverage"),
    ],
)
def test_a_step_that_fails_is_named_at_the_end(
    machine: Machine, kind: str, steps: int, said: str
) -> None:
    """The command fails, and its last line says which step and what to do."""
    machine.put("python3", kind)
    ended = machine.run("tests/run")
    assert ended.returncode == 1
    assert ended.stderr.startswith(said)
    assert _steps(machine) == EVERYTHING[:steps]


@pytest.mark.parametrize(
    ("user", "apt", "installs"),
    [
        pytest.param("0", "works", True, id="root with apt-get"),
        pytest.param("0", "broken", True, id="root, apt-get fails"),
        pytest.param("1000", "works", False, id="not root"),
        pytest.param("0", None, False, id="no apt-get"),
    ],
)
def test_programs_are_installed_by_root_alone(
    machine: Machine, user: str, apt: str | None, installs: bool
) -> None:
    """Root installs them, saying which; the suite runs without, and ends with what is missing."""
    machine.put("python3", "needy")
    machine.put("id", user)
    if apt:
        machine.put("apt-get", apt)
    ended = machine.run("tests/run")
    assert ended.returncode == 0
    assert ("apt-get update" in machine.log) is installs
    assert ("== system packages: chromium chromium-driver" in ended.stdout) is installs
    assert ("apt-get could not install chromium" in ended.stderr) is (apt == "broken")
    assert ended.stdout.endswith("== left out\nchromium is missing\n")


@pytest.mark.parametrize(
    ("node", "npm", "installs", "said"),
    [
        pytest.param("works", "works", True, "", id="npm"),
        pytest.param("works", "broken", True, "npm could not install oidc", id="npm fails"),
        pytest.param("broken", "works", False, "they want Node 20 or newer", id="old Node"),
        pytest.param(None, None, False, "", id="no Node"),
    ],
)
def test_packages_for_node_are_installed_where_they_can_run(
    machine: Machine, node: str | None, npm: str | None, *, installs: bool, said: str
) -> None:
    """They come into the virtual environment; the suite runs without, and says what is missing."""
    machine.put("python3", "needy")
    for name, kind in (("id", "1000"), ("node", node), ("npm", npm)):
        if kind:
            machine.put(name, kind)
    ended = machine.run("tests/run")
    assert ended.returncode == 0
    assert ("npm install --prefix .venv/npm --no-package-lock " in machine.log) is installs
    assert ended.stderr.startswith(said)
    assert bool(ended.stderr) is bool(said)
    assert ended.stdout.endswith("== left out\nchromium is missing\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_are_plain_shell(command: str) -> None:
    """The shell of this machine, whichever it is, can read them."""
    checked = subprocess.run(["sh", "-n", command], cwd=CHECKOUT, timeout=30, check=False)  # noqa: S607  whichever sh
    assert checked.returncode == 0
