"""python -m tests.tools.reasons_page: write the table of docs/reasons.md from the code's own."""

import re
from pathlib import Path

from oauth_guard.explanations import EXPLANATIONS

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"

_TABLE = re.compile(r"^\| reason \|.*?(?=^\n)", re.MULTILINE | re.DOTALL)


def page_with_table(text: str) -> str:
    """Return the page *text* with the table that `EXPLANATIONS` says."""
    head = "| reason | status | meaning | what to check |\n|---|---|---|---|\n"
    rows = (
        f"| `{reason}` | {each.status} | {each.meaning} | {each.check} |\n"
        for reason, each in EXPLANATIONS.items()
    )
    table = head + "".join(rows)
    return _TABLE.sub(lambda _: table, text)


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
