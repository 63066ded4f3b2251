"""The spelling of every page, checked by codespell."""

import subprocess
import sys

import pytest

from tests.acceptance.documents import FRAMEWORK_PAGES, PAGES, README, REASON_PAGES, ROOT


@pytest.mark.parametrize(
    "folder", ["docs", "demo_api/client_app", "demo_api/authorization_server/templates"]
)
def test_pages_have_no_known_misspelling(folder: str) -> None:
    """Names of people and of parameters are spelled as they are."""
    pages = [README, *PAGES, *FRAMEWORK_PAGES, *REASON_PAGES]
    files = pages if folder == "docs" else [ROOT / folder]
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "--skip", "*.png,*.pyc", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
