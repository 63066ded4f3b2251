"""installed(): the CPython interpreters of this machine, and find(): one of a version."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RUNNING", "Interpreter", "find"]

_ABOUT = (
    "import sys, venv; v = sys.version_info; print(sys.implementation.name, *v[:3], v.releaselevel)"
)


@dataclass(frozen=True)
class Interpreter:
    """An interpreter: its path, and its version in full, such as `3.12.1`."""

    path: Path
    version: str

    @property
    def minor(self) -> str:
        """The version without its third number."""
        return self.version.rpartition(".")[0]


RUNNING = Interpreter(Path(sys.executable), ".".join(map(str, sys.version_info[:3])))
"""The interpreter that runs the suite."""


def find(minor: str, folders: Iterable[Path] | None = None) -> Interpreter | None:
    """Return the newest release of CPython *minor* that works, or None.

    Looks in *folders*, by default those of `PATH` and of the version managers pyenv and uv.
    """
    searched = _folders() if folders is None else folders
    paths = {each / f"python{minor}" for each in searched}
    found = filter(None, map(_checked, sorted(path for path in paths if os.access(path, os.X_OK))))
    matching = [each for each in found if each.minor == minor]
    return max(matching, key=lambda each: int(each.version.rpartition(".")[2]), default=None)


def _folders() -> Iterator[Path]:
    home = Path.home()
    yield from map(Path, filter(None, os.environ.get("PATH", "").split(os.pathsep)))
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    yield from pyenv.glob("versions/*/bin")
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", data / "uv" / "python"))
    yield from managed.glob("cpython-*/bin")


def _checked(path: Path) -> Interpreter | None:
    """Return the interpreter at *path* if it runs; a stub of a version manager may fail."""
    try:
        run = subprocess.run(
            [str(path), "-c", _ABOUT], check=False, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if run.returncode:
        return None
    name, *version, level = run.stdout.split()
    released = name == "cpython" and level == "final"
    return Interpreter(path, ".".join(version)) if released else None
