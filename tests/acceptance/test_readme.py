"""README: its files run, its commands print what it shows, and it keeps its size and order."""

import re
from pathlib import Path

import httpx
import pytest

from tests.acceptance.documents import README, blocks_of, python_blocks
from tests.acceptance.reader import Reader

MAX_LINES = 250
SECTIONS = [
    "Quick start",
    "Three ways to use it",
    "What callers receive",
    "Documentation",
]
FILES = {block.file_name: block for block in python_blocks(README)}


@pytest.mark.needs("curl")
def test_readme_followed_literally_prints_the_shown_output(tmp_path: Path) -> None:
    """The reader saves each file, and types each command, with only the installed packages."""
    assert Reader(tmp_path).follow(blocks_of(README)) == 10


@pytest.mark.parametrize("name", ["wrapped", "decorated"])
def test_application_of_readme_accepts_a_token_of_its_issuer(name: str, tmp_path: Path) -> None:
    """The guarded route is 200 with a token and 401 without one."""
    reader = Reader(tmp_path)
    reader.save(FILES[f"{name}.py"])
    with reader.serving(f"{name}:app") as origin:
        token = (tmp_path / "token.txt").read_text(encoding="utf-8")
        for headers, status in [({"Authorization": f"Bearer {token}"}, 200), ({}, 401)]:
            response = httpx.get(f"{origin}/orders", headers=headers, trust_env=False)
            assert response.status_code == status


def test_every_python_block_of_readme_is_a_whole_file() -> None:
    """Its first line names the file, so a reader can save and run it."""
    assert None not in FILES
    assert set(FILES) == {"quickstart.py", "wrapped.py", "decorated.py"}


def test_readme_has_at_most_250_lines_and_its_sections_in_order() -> None:
    """A reader finds the quick start first."""
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
