"""print_table() and others: what commands print, in colours on a terminal and plain in a pipe."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["print_error", "print_json", "print_line", "print_table"]

_STYLES: Mapping[str, str] = {
    **dict.fromkeys(("ok", "guarded", "passed"), "green"),
    **dict.fromkeys(
        ("public", "warning", "hidden", "skipped", "not needed", "not reached"), "yellow"
    ),
    **dict.fromkeys(("fault", "unguarded", "failed", "rejected"), "bold red"),
}
"""The colour of a cell that consists of one of these texts."""


def print_line(text: str) -> None:
    """Print a line on standard output."""
    sys.stdout.write(f"{text}\n")


def print_error(text: str) -> None:
    """Print a line on standard error."""
    _console(stderr=True).print(f"[bold red]{escape(text)}[/]", soft_wrap=True)


def print_json(value: Any) -> None:
    """Print *value* as JSON, without colours."""
    sys.stdout.write(f"{json.dumps(value, indent=2)}\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: with colours on a terminal, else with aligned columns and nothing else."""
    console = _console()
    listed = [list(row) for row in rows]
    if not console.is_terminal:
        sys.stdout.write(_aligned([list(columns), *listed]))
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in listed:
        table.add_row(*map(_cell, row))
    console.print(table)


def _cell(text: str) -> str:
    style = _STYLES.get(text)
    return escape(text) if style is None else f"[{style}]{escape(text)}[/]"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


def _console(*, stderr: bool = False) -> Console:
    """Return a console of the present streams; it reads `NO_COLOR` and `TERM`."""
    return Console(stderr=stderr, highlight=False, emoji=False)
