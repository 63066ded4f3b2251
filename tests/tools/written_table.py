"""with_table(): a Markdown page with a table that a program writes."""

import re
from collections.abc import Iterable, Sequence


def row(cells: Iterable[str]) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(cells)} |\n"


def with_table(text: str, columns: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return the page *text* with *rows* in the table whose first column has that name.

    The page has one table whose head begins so; it ends with an empty line.
    """
    head = row(columns) + f"|{'---|' * len(columns)}\n"
    written = head + "".join(map(row, rows))
    table = re.compile(rf"^\| {re.escape(columns[0])} \|.*?(?=^\n)", re.MULTILINE | re.DOTALL)
    page, replaced = table.subn(lambda _: written, text)
    if replaced != 1:
        raise ValueError(f"the page has {replaced} tables that begin with {columns[0]!r}")
    return page
