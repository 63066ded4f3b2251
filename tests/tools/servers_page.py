"""python -m tests.tools.servers_page: write the table of docs/servers.md from what is seen."""

import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.robustness.asgi_servers.observations import COLUMNS, observe
from tests.robustness.asgi_servers.servers import SERVERS, required_versions
from tests.tools.written_table import with_table

PAGE = Path(__file__).parents[2] / "docs" / "servers.md"

_VERSIONS = re.compile(r"^Seen with .*$", re.MULTILINE)


def versions_line() -> str:
    """Return the sentence of the page about the versions."""
    pinned = ", ".join(each.replace("==", " ") for each in required_versions())
    return f"Seen with {pinned}."


def page_with_table(text: str, rows: Iterable[Sequence[str]]) -> str:
    """Return the page *text* with *rows* in its table, and the versions of the servers."""
    page = with_table(text, ("server", *COLUMNS), rows)
    return _VERSIONS.sub(lambda _: versions_line(), page)


def _seen() -> list[tuple[str, ...]]:
    rows = []
    for server in SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(observe(server, Path(folder)))
    return rows


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text(encoding="utf-8"), _seen()), encoding="utf-8")
