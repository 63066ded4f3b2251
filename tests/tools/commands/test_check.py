"""`tests/run` runs every check in order, stops if one fails, and lists the skipped tests last."""

import subprocess

import pytest

from tests.tools.architecture.source import CHECKOUT
from tests.tools.commands.machine import COMMANDS, Machine

STATIC_CHECKS = [
    "python -m ruff check",
    "python -m ruff format --check",
    "python -m mypy",
]
ON_EVERY_CORE = "-n auto --maxprocesses 8 --dist worksteal --durations 20"


def _everything(marks: str) -> list[str]:
    """Return every check, with the tests that the *marks* select."""
    return [
        *STATIC_CHECKS,
        f"python -m pytest --cov --cov-report= {ON_EVERY_CORE} -m {marks} --skipped .venv/skipped",
        "python -m coverage report",
    ]


def _checks(machine: Machine) -> list[str]:
    """Return the checks that were run, without the preparation."""
    called = machine.log.splitlines()
    return [line for line in called if line.split()[2] in {"ruff", "mypy", "coverage", "pytest"}]


@pytest.mark.parametrize(
    ("command", "marks"),
    [
        pytest.param(["tests/run"], "not long", id="default"),
        pytest.param(["tests/run", "--all"], "", id="all"),
        pytest.param([".ci/run"], "", id="CI"),
    ],
)
def test_run_performs_every_check(machine: Machine, command: list[str], marks: str) -> None:
    """Lint, format, types, tests and coverage run, after the `dev` extra was installed."""
    machine.put("python3", "new")
    ended = machine.run(*command, cwd=machine.checkout)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert _checks(machine) == _everything(marks)
    assert "--editable .[dev]" in machine.log


@pytest.mark.parametrize("arguments", [["-k", "scopes"], ["--all", "-k", "scopes"]], ids=" ".join)
def test_arguments_go_to_pytest_without_coverage(machine: Machine, arguments: list[str]) -> None:
    """A part of the suite can't cover the whole library, so coverage is not measured."""
    machine.put("python3", "new")
    assert machine.run("tests/run", *arguments).returncode == 0
    assert _checks(machine) == [
        *STATIC_CHECKS,
        "python -m pytest --skipped .venv/skipped -k scopes",
    ]


def test_data_of_an_interrupted_run_is_not_counted(machine: Machine) -> None:
    """Coverage data that lies in the checkout is removed before the tests start."""
    machine.put("python3", "new")
    stale = machine.checkout / ".coverage.host.123"
    stale.touch()
    assert machine.run("tests/run").returncode == 0
    assert not stale.exists()


@pytest.mark.parametrize(
    ("kind", "checks", "message"),
    [
        pytest.param("unlinted", 1, "stopped: lint: fix the errors listed above", id="lint"),
        pytest.param("unformatted", 2, "stopped: format: run ", id="format"),
        pytest.param("untyped", 3, "stopped: types: fix", id="types"),
        pytest.param("failing", 5, "stopped: tests: fix", id="tests"),
        pytest.param("uncovered", 5, "stopped: coverage: fix", id="coverage"),
    ],
)
def test_failed_check_is_named_in_the_last_line(
    machine: Machine, kind: str, checks: int, message: str
) -> None:
    """The command fails, and its last line says which check failed and what to do."""
    machine.put("python3", kind)
    ended = machine.run("tests/run")
    assert ended.returncode == 1
    assert ended.stderr.startswith(message)
    assert _checks(machine) == _everything("not long")[:checks]


@pytest.mark.parametrize(
    ("user", "apt", "installs"),
    [
        pytest.param("0", "works", True, id="root with apt-get"),
        pytest.param("0", "broken", True, id="root, apt-get fails"),
        pytest.param("1000", "works", False, id="not root"),
        pytest.param("0", None, False, id="no apt-get"),
    ],
)
def test_missing_programs_are_installed_only_by_root(
    machine: Machine, user: str, apt: str | None, installs: bool
) -> None:
    """They are named when installed; without them the suite runs and lists the skipped tests."""
    machine.put("python3", "needy")
    machine.put("id", user)
    if apt:
        machine.put("apt-get", apt)
    ended = machine.run("tests/run")
    assert ended.returncode == 0
    assert ("apt-get update" in machine.log) is installs
    assert ("== system packages: chromium chromium-driver" in ended.stdout) is installs
    assert ("apt-get could not install chromium" in ended.stderr) is (apt == "broken")
    assert ended.stdout.endswith("== skipped\nchromium is missing\n")


@pytest.mark.parametrize(
    ("node", "npm", "installs", "message"),
    [
        pytest.param("works", "works", True, "", id="npm"),
        pytest.param("works", "broken", True, "npm could not install oidc", id="npm fails"),
        pytest.param("broken", "works", False, "they require Node 20 or newer", id="old Node"),
        pytest.param(None, None, False, "", id="no Node"),
    ],
)
def test_missing_node_packages_are_installed_for_a_supported_node(
    machine: Machine, node: str | None, npm: str | None, *, installs: bool, message: str
) -> None:
    """They go into the virtual environment; without them the suite runs all the same."""
    machine.put("python3", "needy")
    for name, kind in (("id", "1000"), ("node", node), ("npm", npm)):
        if kind:
            machine.put(name, kind)
    ended = machine.run("tests/run")
    assert ended.returncode == 0
    assert ("npm install --prefix .venv/npm --no-package-lock " in machine.log) is installs
    assert ended.stderr.startswith(message)
    assert bool(ended.stderr) is bool(message)
    assert ended.stdout.endswith("== skipped\nchromium is missing\n")


def test_node_packages_of_long_tests_are_installed_for_all(machine: Machine) -> None:
    """They are large, so a run without the tests marked `long` does without them."""
    machine.put("python3", "needy")
    for name in ("id", "node", "npm"):
        machine.put(name, "works")
    assert machine.run("tests/run").returncode == 0
    assert "inspector@2" not in machine.log
    assert machine.run("tests/run", "--all").returncode == 0
    assert "oidc-provider@9 inspector@2" in machine.log


@pytest.mark.parametrize("command", COMMANDS)
def test_command_parses_in_the_system_shell(command: str) -> None:
    """`sh -n` reads it without an error."""
    checked = subprocess.run(["sh", "-n", command], cwd=CHECKOUT, timeout=30, check=False)  # noqa: S607  whichever sh
    assert checked.returncode == 0
