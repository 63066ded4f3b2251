"""EXPLANATIONS: one for each reason, with the status that is sent; the page has the same table."""

import inspect
from collections.abc import Iterator

import pytest

from oauth_guard import errors
from oauth_guard.errors import RequestRejected
from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.reasons import Reason
from tests.tools.reasons_page import PAGE, page_with_table


def test_each_reason_is_explained_once() -> None:
    """In the order of the reasons, and in full."""
    assert list(EXPLANATIONS) == list(Reason)
    assert all(each.meaning and each.check for each in EXPLANATIONS.values())


def _statuses() -> Iterator[int]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, RequestRejected):
            yield kind.status


@pytest.mark.parametrize("reason", Reason)
def test_status_is_one_that_is_sent(reason: Reason) -> None:
    """Of a class of errors, or 503."""
    assert EXPLANATIONS[reason].status in {*_statuses(), 503}


def test_explanations_are_one_line_of_markdown() -> None:
    """They are cells of a table."""
    for each in EXPLANATIONS.values():
        for text in (each.meaning, each.check):
            assert text == " ".join(text.split())
            assert "|" not in text
            assert text.count("`") % 2 == 0


def test_page_has_the_table_of_the_code() -> None:
    """`python -m tests.tools.reasons_page` writes it."""
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_table(text) == text
    assert text.count("| reason |") == 1
