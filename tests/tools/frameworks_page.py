"""python -m tests.tools.frameworks_page: write a table of docs/frameworks.md from what is seen."""

import tempfile
from pathlib import Path

from tests.robustness.foreign_frameworks.pages import COLUMNS, FRAMEWORKS, seen
from tests.tools.written_table import with_table

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"


def _rows() -> list[list[str]]:
    rows = []
    for page in FRAMEWORKS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(seen(page, Path(folder)))
    return rows


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(text, COLUMNS, _rows()), encoding="utf-8")
