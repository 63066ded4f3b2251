"""CORE, DEMO: the tests that are run with other versions, and check(), which runs them."""

import ast
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.acceptance.documents import ROOT
from tests.acceptance.installed import missing_modules
from tests.robustness.versions.declared import LIBRARY_EXTRAS, TOOLS, requirements
from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

__all__ = ["DEMO", "UNIT", "check", "core", "left_out"]

UNIT = ROOT / "tests" / "unit"

# They measure time, memory or load, which takes long and depends little on versions; two are
# the slowest of the properties.
_SLOW = (
    *("cli/test_probes.py", "connections/test_deadlines.py"),
    "issuers/test_endpoint_client_load.py",
    *("issuers/test_failing_tokens.py", "issuers/test_loop_stalls.py"),
    *("issuers/test_remote_keys_outages.py", "issuers/test_remote_keys_refresh.py"),
    *("issuers/test_shared_results.py", "protocol/test_access_token_size.py"),
    *("protocol/test_scopes.py", "test_deny_entries.py", "test_deny_list.py"),
    *("test_guard_memory.py", "test_middleware_any_path.py", "test_single_flight.py"),
)
# Settings of the run outside; with CI=true, tests whose foreign programs are missing would fail.
_LEFT_OUT = re.compile(r"PYTEST_|CI$")
DEMO = ("tests/acceptance/demo/test_app.py", "tests/acceptance/demo/test_routes.py")
"""The tests of the demo's routes, with tokens of its authorization server."""


def core() -> list[str]:
    """Return the arguments of pytest for the core of the suite.

    The core is the unit tests without those that are slow, and without those that import packages
    which neither the library nor its extras require.
    """
    ignored = [UNIT / name for name in _SLOW] + left_out()
    # The library is imported from the checkout, so there is no distribution of it.
    name = "test_version_equals_that_of_the_installed_distribution"
    return [
        str(UNIT.relative_to(ROOT)),
        *(f"--ignore={path.relative_to(ROOT)}" for path in ignored),
        f"--deselect=tests/unit/test_face.py::{name}",
    ]


def left_out() -> list[Path]:
    """Return the unit tests that import, directly or not, a package of the suite alone."""
    foreign = missing_modules([*requirements(LIBRARY_EXTRAS), *requirements(["dev"], TOOLS)])
    return sorted(path for path in UNIT.rglob("test_*.py") if foreign & _imports(path))


@cache
def _imports(path: Path) -> frozenset[str]:
    """Return the top-level modules that *path* imports, and those of the test modules it imports.

    Only imports at the top of a file count.
    """
    modules = list(_imported_by(path))
    nested = [_file(module) for module in modules if module.startswith("tests.")]
    found = {module.partition(".")[0] for module in modules}
    return frozenset(found.union(*(_imports(each) for each in nested if each)))


def _imported_by(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.exists() else None


def check(
    name: str,
    python: Path,
    listed: Iterable[str],
    arguments: Sequence[str],
    scratch: Path,
) -> None:
    """Run pytest with *arguments* in the environment *name* of *python*, with what is *listed*.

    Two processes may call it together: one creates the environment. It is created again when the
    requirements or the interpreter change.

    Raises:
        AssertionError: A test fails; the text is the output of pytest.
    """
    file = scratch / "requirements.txt"
    file.write_text("\n".join([f"# {python}", *listed, ""]), encoding="utf-8")
    environment = prepare(ENVIRONMENT.parent / "versions" / name, file, python)
    finished = subprocess.run(
        [
            *(str(environment), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-m", "not long", "-W", "ignore::DeprecationWarning"),  # of one library about another
            *arguments,
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not _LEFT_OUT.match(name)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout[-8000:] + finished.stderr[-2000:]
