"""The page of each reason: its command, run now in both situations, prints what the page shows."""

from collections.abc import Iterator

import pytest

from oauth_guard.reasons import Reason
from tests.tools.reason_pages import (
    FOLDER,
    SCENES,
    Stage,
    index,
    page_of,
    page_without_scene,
    stage,
)

MAX_WITHOUT_SCENE = 5
PROGRAMS = {
    **dict.fromkeys((Reason.REPLAY_STORE_UNAVAILABLE, Reason.REVOCATIONS_UNKNOWN), "valkey-server"),
    Reason.WRONG_CERTIFICATE: "openssl",
}


@pytest.fixture(scope="module")
def own() -> Iterator[Stage]:
    """Yield the stage that all scenes share."""
    with stage() as built:
        yield built


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(each, marks=pytest.mark.needs(PROGRAMS.get(each, "curl")), id=str(each))
        for each in SCENES
    ],
)
def test_page_shows_what_its_command_prints(own: Stage, reason: Reason) -> None:
    """Where the guard rejects a request for the reason, and where it accepts the request.

    `python -m tests.tools.reasons_page` writes the pages.
    """
    page = (FOLDER / f"{reason}.md").read_text(encoding="utf-8")
    assert page == page_of(own, reason, SCENES[reason])


def test_few_reasons_have_no_scene() -> None:
    """Their pages say what the table says."""
    without = set(Reason) - set(SCENES)
    assert len(without) <= MAX_WITHOUT_SCENE
    for reason in without:
        page = (FOLDER / f"{reason}.md").read_text(encoding="utf-8")
        assert page == page_without_scene(reason)


def test_each_reason_has_a_page_that_the_list_names() -> None:
    """And no page is left of a reason that is gone."""
    pages = {path.stem for path in FOLDER.glob("*.md")}
    assert pages == {*map(str, Reason), "index"}
    assert (FOLDER / "index.md").read_text(encoding="utf-8") == index()


def test_commands_differ_by_reason() -> None:
    """At most the requests with curl are the same, whose header fields differ."""
    commands = [each.command for each in SCENES.values() if "headers.txt" not in each.files]
    assert len(set(commands)) >= 0.75 * len(commands)
