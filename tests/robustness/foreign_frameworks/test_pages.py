"""Each application of docs/frameworks and docs/applications is guarded, and passes its own test."""

from pathlib import Path

import pytest

from tests.acceptance.documents import FRAMEWORK_PAGES
from tests.robustness.foreign_frameworks.pages import COLUMNS, FRAMEWORKS, run, seen
from tests.tools.frameworks_page import PAGE
from tests.tools.written_table import row, with_table

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize("page", [pytest.param(page, id=page.stem) for page in FRAMEWORK_PAGES])
def test_application_of_a_page_passes_its_test(page: Path, tmp_path: Path) -> None:
    """With the real framework: no token, a good one, one without the scope, and a WebSocket."""
    finished = run(page, tmp_path, "pytest", "-q", "-p", "no:cacheprovider")
    assert finished.returncode == 0, finished.stdout
    assert "failed" not in finished.stdout


@pytest.mark.long
@pytest.mark.parametrize("page", [pytest.param(page, id=page.stem) for page in FRAMEWORKS])
def test_application_of_a_page_behaves_as_its_row_says(page: Path, tmp_path: Path) -> None:
    """Otherwise write the table again: `python -m tests.tools.frameworks_page`."""
    assert row(seen(page, tmp_path)) in TEXT.splitlines(keepends=True)


def test_table_has_a_row_for_each_page() -> None:
    """In the order of the files, so that the tool would change nothing but what is seen."""
    rows = [
        line.strip("| ").split(" | ")
        for page in FRAMEWORKS
        for line in TEXT.splitlines()
        if f"](frameworks/{page.name}) |" in line and line.count(" | ") == len(COLUMNS) - 1
    ]
    assert len(rows) == len(FRAMEWORKS)
    assert with_table(TEXT, COLUMNS, rows) == TEXT
