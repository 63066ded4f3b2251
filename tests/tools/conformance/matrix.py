"""The rows of the conformance matrix, parsed from its Markdown."""

import re
from dataclasses import dataclass
from pathlib import Path

MATRIX = Path(__file__).parents[2] / "conformance.md"

_ID = re.compile(r"\b[A-Z0-9]+-\d+\b")
_ROW = re.compile(r"\| (?P<id>[A-Z0-9]+-\d+)(?: \(m\))? \|")
_WAITING = "| rows | what waits | comes with |"


@dataclass(frozen=True)
class Matrix:
    """Every row id in the order of the document, and the rows that wait for a later feature."""

    rows: tuple[str, ...]
    waiting: frozenset[str]

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections in the order of the document."""
        return tuple(dict.fromkeys(section_of(row) for row in self.rows))

    def rows_of(self, section: str) -> tuple[str, ...]:
        """Return the rows of *section*."""
        return tuple(row for row in self.rows if section_of(row) == section)


def section_of(row: str) -> str:
    """Return the section of *row*: the part before the number."""
    return row.rpartition("-")[0]


def read_matrix(text: str) -> Matrix:
    """Parse the matrix from its Markdown *text*.

    Raises:
        ValueError: A row id occurs twice, or a waiting row does not exist.
    """
    requirements, _, rest = text.partition(_WAITING)
    rows = [found["id"] for line in requirements.splitlines() if (found := _ROW.match(line))]
    table = rest.split("\n\n", maxsplit=1)[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    waiting = {row for cell in first_cells for row in _ID.findall(cell)}
    twice = sorted({row for row in rows if rows.count(row) > 1})
    if twice:
        raise ValueError(f"the matrix contains these ids twice: {', '.join(twice)}")
    unknown = sorted(waiting.difference(rows))
    if unknown:
        raise ValueError(f"the matrix lists waiting rows that do not exist: {', '.join(unknown)}")
    return Matrix(tuple(rows), frozenset(waiting))
