"""A small checkout and a PATH on which every program is a stub."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.tools.architecture.source import CHECKOUT

COMMANDS = (".ci/run", "demo_api/prepare", "demo_api/run", "tests/run")
FOLDERS = (".ci", "demo_api", "tests")
POSIX_TOOLS = ("cat", "cksum", "cp", "dirname", "mkdir", "rm", "sed", "sh")

# Each stub logs its arguments; its kind decides what it prints and whether it fails.
PYTHON = """#!/bin/sh
echo "${{0##*/}} $*" >>"{log}"
kind={kind}
case "$*" in
*version_info*) [ $kind = shim ] && exit 127; [ $kind = old ] && echo False || echo True ;;
*"import ensurepip"*) [ $kind != bare ] ;;
"-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip install"*) [ $kind != offline ] ;;
"-m tests.needs") [ $kind != needy ] || echo chromium chromium-driver ;;
"-m tests.needs npm") [ $kind != needy ] || echo oidc-provider@9 ;;
"-m tests.needs npm --all") [ $kind != needy ] || echo oidc-provider@9 inspector@2 ;;
"-m ruff check") [ $kind != unlinted ] ;;
"-m ruff format --check") [ $kind != unformatted ] ;;
"-m mypy") [ $kind != untyped ] ;;
*"-m pytest"*)
    [ $kind != needy ] || echo chromium is missing >.venv/skipped
    [ $kind != failing ]
    ;;
"-m coverage report") [ $kind != uncovered ] ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >>"{log}"
case $1 in
venv) mkdir -p .venv/bin && cp "$4" .venv/bin/python ;;
pip) [ {kind} != offline ] ;;
*) [ {kind} != shim ] ;;
esac
"""
ANYTHING_ELSE = """#!/bin/sh
echo "${{0##*/}} $*" >>"{log}"
echo {kind}
[ {kind} != broken ]
"""
STUBS = {"uv": UV, **dict.fromkeys(("apt-get", "id", "node", "npm"), ANYTHING_ELSE)}


class Machine:
    """A checkout in a folder with a space in its name, and a PATH of two folders."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "check out"
        self.first, self.second = folder / "first bin", folder / "second"
        self._log = folder / "log"
        for each in (self.first, self.second, *(self.checkout / name for name in FOLDERS)):
            each.mkdir(parents=True)
        for name in ("pyproject.toml", *COMMANDS):
            shutil.copy(CHECKOUT / name, self.checkout / name)
        for tool in POSIX_TOOLS:
            (self.second / tool).symlink_to(shutil.which(tool) or tool)

    def put(self, name: str, kind: str, folder: Path | None = None) -> None:
        """Put a stub called *name* of this *kind* on the PATH."""
        stub = (folder or self.first) / name
        stub.write_text(STUBS.get(name, PYTHON).format(kind=kind, log=self._log))
        stub.chmod(0o755)

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run *command* of the checkout, from another folder unless *cwd* is given."""
        self._log.write_text("")
        return subprocess.run(
            ["sh", str(self.checkout / command[0]), *command[1:]],  # noqa: S607  the PATH is ours
            env={"PATH": f"{self.first}{os.pathsep}{self.second}"},
            cwd=cwd or self.first,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @property
    def log(self) -> str:
        """The calls of the stubs in the last run, one a line."""
        return self._log.read_text()
