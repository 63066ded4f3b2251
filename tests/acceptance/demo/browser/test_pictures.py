"""The two pictures of README:  .venv/bin/python -m pytest --pictures -k pictures."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from tests.acceptance.demo.browser.visit import visiting
from tests.acceptance.demo.running import Walk
from tests.acceptance.documents import README, ROOT

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 1000, "height": 900}
NAMES = ("walk.png", "stolen-token.png")


@pytest.mark.needs("chromium")
def test_pictures_of_readme_show_the_demo(
    chromium: Browser, walk: Walk, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The walk with all messages, and the stolen token that is bound to a key."""
    folder = FOLDER if request.config.getoption("pictures") else tmp_path
    with visiting(chromium, walk, viewport=SIZE, reduced_motion="reduce") as visit:
        visit.people()
        visit.lit(*range(1, 10))
        _save(visit.page.locator(".diagram"), folder / NAMES[0])
        visit.press("Steal a token that is bound to a key")
        _save(visit.page.locator("#result"), folder / NAMES[1])
    assert all((folder / name).stat().st_size > 10_000 for name in NAMES)


def test_readme_shows_both_pictures() -> None:
    """They are in the repository, each with a text for people who can't see it."""
    text = README.read_text(encoding="utf-8")
    for name in NAMES:
        assert (FOLDER / name).is_file()
        assert re.search(rf"!\[[^\]]+\]\([^)]*docs/pictures/{name}\)", text)


def _save(part: Locator, file: Path) -> None:
    part.wait_for()
    file.parent.mkdir(exist_ok=True)
    part.screenshot(path=file)
