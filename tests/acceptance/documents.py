"""Reads the code blocks of a Markdown page, and the commands of its console blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
FRAMEWORK_PAGES = sorted(
    page
    for folder in ("frameworks", "applications")
    for page in (ROOT / "docs" / folder).glob("*.md")
)
REASON_PAGES = sorted((ROOT / "docs/reason").glob("*.md"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# (\w+\.(?:ini|py|yaml))\n")


@dataclass(frozen=True)
class Block:
    """A fenced code block: its page, its first line there, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    @property
    def file_name(self) -> str | None:
        """The name of the file that the reader saves, if the first line is `# NAME.py` or alike."""
        named = _FILE_NAME.match(self.text)
        return named[1] if named else None


@dataclass(frozen=True)
class Command:
    """A command that the reader types, and the output that the page shows for it."""

    text: str
    output: str


def blocks_of(page: Path) -> list[Block]:
    """Return the code blocks of *page* in reading order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page.name, text[: match.start()].count("\n") + 1, match[1], match[2])
        for match in _BLOCK.finditer(text)
    ]


def python_blocks(page: Path) -> list[Block]:
    """Return the Python blocks of *page* in reading order."""
    return [block for block in blocks_of(page) if block.language == "python"]


def commands_of(block: Block) -> Iterator[Command]:
    """Yield the commands of a console *block*; each begins with `$ `."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        # A command goes on while its lines end in a backslash or a pipe.
        end = next(i for i, line in enumerate(lines, 1) if not line.endswith(("\\", "|")))
        yield Command("\n".join(lines[:end]), "\n".join(lines[end:]))
