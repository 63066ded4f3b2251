"""find: the newest release of a version of CPython that works."""

from pathlib import Path

import pytest

from tests.robustness.versions.interpreters import RUNNING, find


def _stub(folder: Path, script: str, minor: str = "3.12") -> Path:
    folder.mkdir()
    path = folder / f"python{minor}"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return folder


def test_running_interpreter_is_found() -> None:
    """It has the version that it reports."""
    assert RUNNING.path.exists()
    assert RUNNING.version.startswith(f"{RUNNING.minor}.")


def test_newest_release_is_found(tmp_path: Path) -> None:
    """By number, not by text."""
    folders = [
        _stub(tmp_path / name, f"echo cpython {name.replace('.', ' ')} final")
        for name in ("3.12.9", "3.12.10")
    ]
    found = find("3.12", folders)
    assert found is not None
    assert (found.version, found.path) == ("3.12.10", tmp_path / "3.12.10" / "python3.12")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exit 127", id="stub of a version manager"),
        pytest.param("echo pypy 3 12 1 final", id="another implementation"),
        pytest.param("echo cpython 3 12 0 candidate", id="no release"),
        pytest.param("echo cpython 3 13 0 final", id="another version"),
    ],
)
def test_other_program_is_not_found(script: str, tmp_path: Path) -> None:
    """Its name is no evidence."""
    assert find("3.12", [_stub(tmp_path / "bin", script)]) is None


def test_file_that_can_not_run_is_not_found(tmp_path: Path) -> None:
    """Neither a missing one, nor one that is no program."""
    assert find("3.12", [tmp_path]) is None
    folder = _stub(tmp_path / "bin", "")
    (folder / "python3.12").write_bytes(b"\x00\x01")
    assert find("3.12", [folder]) is None
