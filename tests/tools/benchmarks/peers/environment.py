"""prepare(): the environment of the peers, separate from the one that runs the benchmark."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ENVIRONMENT = Path(__file__).parents[4] / ".venv" / "peers"


def prepare(
    folder: Path = ENVIRONMENT,
    requirements: Path = REQUIREMENTS,
    interpreter: Path = Path(sys.executable),
) -> Path:
    """Return the Python of the environment in *folder*, which is created if it is missing.

    It is an environment of *interpreter*, and created again when *requirements* change.

    Several processes may call it together: one creates the environment, the others wait for it.

    Raises:
        CalledProcessError: The packages can't be installed, in two attempts.
    """
    stamp, wanted = folder / "installed", requirements.read_text(encoding="utf-8")
    with _locked(folder.with_name(f"{folder.name}.lock")):
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            try:
                _create(folder, requirements, interpreter)
            except subprocess.CalledProcessError:  # a package index may fail for a moment
                _create(folder, requirements, interpreter)
            stamp.write_text(wanted, encoding="utf-8")
    return _python(folder)


def commands(
    folder: Path,
    uv: str | None,
    requirements: Path = REQUIREMENTS,
    interpreter: Path = Path(sys.executable),
) -> list[list[str]]:
    """Return the commands that create the environment: uv if it is installed, else venv and pip."""
    python, wanted = str(_python(folder)), str(requirements)
    if uv is not None:
        return [
            [uv, "venv", "--quiet", "--python", str(interpreter), str(folder)],
            [uv, "pip", "install", "--quiet", "--python", python, "--requirement", wanted],
        ]
    # Our own pip installs into the environment, so none has to be unpacked there first.
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    return [
        [str(interpreter), "-m", "venv", "--without-pip", str(folder)],
        # A module is compiled when it is imported: most are never imported.
        [*pip, "install", "-qq", "--no-compile", "--requirement", wanted],
    ]


def versions(packages: Iterable[str], folder: Path = ENVIRONMENT) -> dict[str, str]:
    """Return the version of each of *packages* in the environment."""
    installed = {
        found.name.lower().replace("_", "-"): found.version
        for found in distributions(path=[str(each) for each in folder.glob("lib/*/site-packages")])
    }
    return {package: installed[package] for package in packages}


def _create(folder: Path, requirements: Path, interpreter: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for command in commands(folder, shutil.which("uv"), requirements, interpreter):
        subprocess.run(command, check=True)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"
