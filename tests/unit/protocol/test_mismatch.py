"""mismatch(): names that were expected and found, safe to log whoever wrote them."""

from typing import Any

import pytest

from oauth_guard.protocol.mismatch import mismatch, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("https://a.example/", "https://a.example/", id="a URL"),
        pytest.param("x" * 200, "x" * 200, id="the longest"),
        pytest.param("x" * 201, "a text of 201 characters", id="too long"),
        pytest.param("", "a text of 0 characters", id="empty"),
        pytest.param("a b", "a text of 3 characters", id="a space"),
        pytest.param('a"b', "a text of 3 characters", id="a quote"),
        pytest.param("a\nINFO forged line", "a text of 18 characters", id="a line break"),
        pytest.param("\x1b[31m", "a text of 5 characters", id="an escape sequence"),
        pytest.param("\u202eabc", "a text of 4 characters", id="not ASCII"),
        pytest.param("eyJhbGciOiJub25lIn0", "a text of 19 characters", id="part of a token"),
        pytest.param(None, "none", id="none"),
        pytest.param(5, "no text", id="a number"),
        pytest.param({"a": "secret"}, "no text", id="an object"),
        pytest.param([], "an empty array", id="an empty array"),
        pytest.param(("a", "b c", 5), "a a text of 3 characters no text", id="an array"),
        pytest.param(list("abcdefg"), "a b c d e and 2 more", id="a long array"),
    ],
)
def test_value_is_shown_only_if_it_looks_like_a_name(value: Any, text: str) -> None:
    """A caller may have written it."""
    assert shown(value) == text


@pytest.mark.parametrize(
    ("expected", "found", "hint"),
    [
        ("https://a.example", "https://a.example/", "differs by a slash at its end"),
        ("https://a.example/", "https://a.example", "differs by a slash at its end"),
        ("https://a.example", "https://A.example", "differs by upper and lower case"),
        ("https://a.example", " https://a.example", "differs by white space around it"),
        ("https://a.example", "http://a.example", "differs by its scheme"),
        (
            "http://localhost:8000",
            "http://127.0.0.1:8000",
            "differs by the name of the loopback host",
        ),
        (
            "http://localhost:8000/mcp",
            "http://[::1]:8000/mcp",
            "differs by the name of the loopback host",
        ),
        ("http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/v1", None),
        ("http://localhost:8000", "http://127.0.0.1:9000", None),
        ("http://localhost:8000", "http://127.0.0.1:x", None),
        ("https://a.example", "https://b.example", None),
        ("https://a.example", "http://[", None),
        ("a", "b", None),
        ("a", "a" + "/" * 300, None),
        ("a", 5, None),
        ("a", ["b", "a/"], "differs by a slash at its end"),
    ],
)
def test_small_difference_is_named(expected: str, found: Any, hint: str | None) -> None:
    """One that is easily overlooked."""
    detail = mismatch(["https://other.example", expected], found)
    assert detail.get("hint") == hint
    assert detail["expected"] == f"https://other.example or {expected}"
    assert detail["found"] == shown(found)


def test_only_the_first_expected_names_are_listed() -> None:
    """An operator may trust many issuers."""
    assert mismatch(iter("abcdefgh"), None)["expected"] == "a or b or c or d or e or 3 more"
