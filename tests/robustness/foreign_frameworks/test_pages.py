"""Each application of docs/frameworks and docs/applications is guarded, and passes its own test."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.documents import FRAMEWORK_PAGES, ROOT, python_blocks
from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

pytestmark = pytest.mark.long


@pytest.mark.parametrize("page", [pytest.param(page, id=page.stem) for page in FRAMEWORK_PAGES])
def test_application_of_a_page_passes_its_test(page: Path, tmp_path: Path) -> None:
    """With the real framework: no token, a good one, one without the scope, and a WebSocket."""
    python = prepare(
        ENVIRONMENT.with_name("framework_pages"), Path(__file__).with_name("page_requirements.txt")
    )
    for block in python_blocks(page):
        assert block.file_name is not None
        (tmp_path / block.file_name).write_text(block.text, encoding="utf-8")
    finished = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path)))},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout
    assert "failed" not in finished.stdout
