"""The peers' environment is their own, made once, and tells what is in it."""

from pathlib import Path

import pytest

from tests.tools.benchmarks.peers.environment import (
    ENVIRONMENT,
    REQUIREMENTS,
    commands,
    prepare,
    versions,
)


def test_it_lies_where_git_does_not_look() -> None:
    """`.gitignore` names the folder that it is in."""
    root = REQUIREMENTS.parents[4]
    assert ENVIRONMENT.relative_to(root).parts[0] == ".venv"
    assert ".venv/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("uv", ["uv", None])
def test_it_is_made_by_what_is_installed(uv: str | None, tmp_path: Path) -> None:
    """One command makes it and one fills it, with nothing of the environment that runs them."""
    make, fill = commands(tmp_path, uv)
    assert make[-1] == str(tmp_path)
    assert fill[-2:] == ["--requirement", str(REQUIREMENTS)]
    assert str(tmp_path / "bin" / "python") in fill


def test_it_is_made_once(tmp_path: Path) -> None:
    """It stays as it is for as long as the same packages are asked for."""
    (tmp_path / "installed").write_text(REQUIREMENTS.read_text(encoding="utf-8"), encoding="utf-8")
    assert prepare(tmp_path) == tmp_path / "bin" / "python"


def test_it_tells_its_versions(tmp_path: Path) -> None:
    """They are read without starting it, whatever way a name is written."""
    about = tmp_path / "lib" / "python3" / "site-packages" / "Some_Peer-1.2.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: Some_Peer\nVersion: 1.2\n")
    assert versions(["some-peer"], tmp_path) == {"some-peer": "1.2"}
