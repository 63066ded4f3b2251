"""python -m tests.tools.reasons_page [REASON ...]: write docs/reasons.md and the pages of reasons.

The table is the code's own. Each page of docs/reason/ shows what a command printed just now.
"""

import re
import sys
from pathlib import Path

from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.reasons import Reason
from tests.tools.reason_pages import FOLDER, SCENES, index, page_of, page_without_scene, stage

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"

_TABLE = re.compile(r"^\| reason \|.*?(?=^\n)", re.MULTILINE | re.DOTALL)


def page_with_table(text: str) -> str:
    """Return the page *text* with the table that `EXPLANATIONS` says."""
    head = "| reason | status | meaning | what to do |\n|---|---|---|---|\n"
    rows = (
        f"| [`{reason}`](reason/{reason}.md) | {each.status} | {each.meaning} | {each.check} |\n"
        for reason, each in EXPLANATIONS.items()
    )
    table = head + "".join(rows)
    return _TABLE.sub(lambda _: table, text)


def write_pages(reasons: list[Reason]) -> None:
    """Run the scenes of *reasons*, and write their pages and the list of all."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "index.md").write_text(index(), encoding="utf-8")
    with stage() as own:
        for reason in reasons:
            scene = SCENES.get(reason)
            text = page_of(own, reason, scene) if scene else page_without_scene(reason)
            (FOLDER / f"{reason}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    write_pages([Reason(each) for each in sys.argv[1:]] or list(Reason))
