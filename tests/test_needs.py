"""A test whose program is missing is left out and named, or fails where nothing may be missing."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import NODE_PACKAGES, PROGRAMS, Needs, NodePackage, Program, how_to_install

SHELL = Program(("sh",), debian="dash", homebrew="dash")
NOWHERE = Program(("no-such-program", "nor-this"), debian="no-such", homebrew="no-such-cask")
KNOWN = {"shell": SHELL, "nowhere": NOWHERE}

SUITE = """
    import pytest

    @pytest.mark.needs("shell")
    def test_with_what_is_there():
        pass

    @pytest.mark.needs("shell", "nowhere")
    def test_with_what_is_missing(request):
        pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A miniature suite: one test that can run, one whose program is missing."""
    pytester.makeini("""
        [pytest]
        addopts = -p no:cacheprovider -p no:hypothesispytest
        asyncio_default_fixture_loop_scope = function
        markers = needs(*programs): the programs that a test needs
    """)
    pytester.makepyfile(SUITE)
    return pytester


def test_a_test_is_left_out_and_named_at_the_end(suite: pytest.Pytester) -> None:
    """What runs, runs; the rest is listed under its program with the command that installs it."""
    result = suite.runpytest_inprocess(plugins=[Needs(KNOWN, strict=False)])
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        ["nowhere is missing; left out:", "*::test_with_what_is_missing", "to run them too: *"]
    )
    result.stdout.no_fnmatch_line("*shell is missing*")


def test_the_list_can_be_kept_in_a_file(suite: pytest.Pytester, tmp_path: Path) -> None:
    """Whoever prints more after pytest shows the list at its own end."""
    kept = tmp_path / "left-out"
    result = suite.runpytest_inprocess(plugins=[Needs(KNOWN, strict=False, list_in=kept)])
    result.stdout.no_fnmatch_line("*is missing; left out*")
    assert kept.read_text().startswith("nowhere is missing; left out:\n")


def test_a_missing_program_is_a_failure_where_nothing_may_be_missing(
    suite: pytest.Pytester,
) -> None:
    """Strictly judged, the test fails and says how to install what it needs."""
    result = suite.runpytest_inprocess(plugins=[Needs(KNOWN, strict=True)])
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*needs nowhere: {how_to_install([NOWHERE])}*"])


def test_an_unknown_program_stops_the_run(suite: pytest.Pytester) -> None:
    """A misspelt program would leave its test out for ever."""
    result = suite.runpytest_inprocess(plugins=[Needs({"shell": SHELL}, strict=False)])
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*needs 'nowhere', which tests/needs.py does not describe"])


@pytest.mark.parametrize(
    ("installer", "command"),
    [
        pytest.param("apt-get", "sudo apt-get install -y no-such dash", id="Debian"),
        pytest.param("brew", "brew install no-such-cask dash", id="macOS"),
        pytest.param(
            None,
            "install no-such-program and sh with your system's package manager",
            id="elsewhere",
        ),
    ],
)
def test_one_command_installs_what_is_missing(
    installer: str | None, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is the one of the installer that the system has."""
    if installer:
        (tmp_path / installer).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert how_to_install([NOWHERE, SHELL]) == command


def test_a_package_for_node_is_installed_by_npm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After what brings npm, and on the same line."""
    package = NodePackage("no-such-package", "9")
    assert package.find() is None
    (tmp_path / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    by_npm = shlex.join(["npm", "install", "--prefix", str(NODE_PACKAGES), "no-such-package@9"])
    assert how_to_install([package]) == by_npm
    assert how_to_install([package, SHELL]) == f"sudo apt-get install -y dash && {by_npm}"


def test_the_module_prints_what_is_to_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m tests.needs` prints it for apt-get, or for npm, and nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))  # where nothing is
    absent = [each for each in PROGRAMS.values() if each.find() is None]
    programs = {each.debian for each in absent if isinstance(each, Program)}
    assert {"curl", "npm"} <= programs
    assert sorted(printed()) == sorted(programs)
    assert printed("npm") == [str(each) for each in absent if isinstance(each, NodePackage)]


def printed(*arguments: str) -> list[str]:
    """Return what the module prints."""
    command = [sys.executable, "-m", "tests.needs", *arguments]
    return subprocess.check_output(
        command, cwd=Path(__file__).parents[1], text=True, timeout=60
    ).split()


def test_a_variable_names_one_that_runs_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs elsewhere needs no program here."""
    there = Program(("no-such-program",), debian="", homebrew="", variable="NO_SUCH_PROGRAM_URL")
    assert there.find() is None
    monkeypatch.setenv("NO_SUCH_PROGRAM_URL", "redis://elsewhere")
    assert there.find() == "redis://elsewhere"
