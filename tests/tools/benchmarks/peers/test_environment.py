"""The peers have their own environment, which is created once and reports its versions."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.benchmarks.peers.environment import (
    ENVIRONMENT,
    REQUIREMENTS,
    commands,
    prepare,
    versions,
)


def test_environment_folder_is_ignored_by_git() -> None:
    """`.gitignore` names the parent folder."""
    root = REQUIREMENTS.parents[4]
    assert ENVIRONMENT.relative_to(root).parts[0] == ".venv"
    assert ".venv/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("uv", ["uv", None])
def test_environment_is_created_by_uv_or_by_venv_and_pip(uv: str | None, tmp_path: Path) -> None:
    """Isolated from the environment that runs the command."""
    make, fill = commands(tmp_path, uv)
    assert make[-1] == str(tmp_path)
    assert fill[-2:] == ["--requirement", str(REQUIREMENTS)]
    assert str(tmp_path / "bin" / "python") in fill


def test_environment_is_created_once(tmp_path: Path) -> None:
    """Until the list of packages changes."""
    (tmp_path / "installed").write_text(REQUIREMENTS.read_text(encoding="utf-8"), encoding="utf-8")
    assert prepare(tmp_path) == tmp_path / "bin" / "python"


def test_environment_is_created_by_one_of_several_processes(tmp_path: Path) -> None:
    """The workers of the suite run side by side; no two of them may write into one folder."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing to install\n", encoding="utf-8")
    call = (
        "import sys; from pathlib import Path; "
        "from tests.tools.benchmarks.peers.environment import prepare; "
        f"print(prepare(Path({str(tmp_path / 'made')!r}), Path({str(requirements)!r})))"
    )
    command = [sys.executable, "-c", call]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    results = {process.communicate(timeout=120)[0] for process in processes}
    assert {process.returncode for process in processes} == {0}
    assert results == {f"{tmp_path / 'made' / 'bin' / 'python'}\n"}
    assert (tmp_path / "made" / "pyvenv.cfg").exists()


def test_environment_is_created_again_if_its_packages_can_not_be_installed(tmp_path: Path) -> None:
    """Once; there is no stamp after the second failure, so the next call tries again."""
    requirements, made = tmp_path / "requirements.txt", tmp_path / "made"
    requirements.write_text(f"{tmp_path / 'missing.whl'}\n", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        prepare(made, requirements)
    assert isinstance(failure.value.__context__, subprocess.CalledProcessError)
    assert not (made / "installed").exists()


def test_environment_reports_its_versions(tmp_path: Path) -> None:
    """Read without starting its Python, whatever the spelling of a name."""
    about = tmp_path / "lib" / "python3" / "site-packages" / "Some_Peer-1.2.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: Some_Peer\nVersion: 1.2\n")
    assert versions(["some-peer"], tmp_path) == {"some-peer": "1.2"}
