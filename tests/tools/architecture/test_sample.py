"""The draw for a reader is reproducible, and consists of whole sentences and names."""

import pytest

from tests.tools.architecture.sample import draw, main, names, sentences
from tests.tools.architecture.source import Module, modules_of

MODULE = Module(
    "oauth_guard.example",
    '''"""Provides one thing.

It has RFC 6750 §2 in it. It wraps
lines.

Args:
    seconds: How long.
"""

LIMIT = 1
''',
)


def test_docstring_is_split_into_sentences() -> None:
    """Line breaks are joined, headings dropped, and each argument is a sentence of its own."""
    assert list(sentences(MODULE)) == [
        "oauth_guard.example:1  Provides one thing.",
        "oauth_guard.example:1  It has RFC 6750 §2 in it.",
        "oauth_guard.example:1  It wraps lines.",
        "oauth_guard.example:1  seconds: How long.",
    ]


def test_names_are_drawn_with_their_place() -> None:
    """A name is shown with its module and line."""
    assert list(names(MODULE)) == ["oauth_guard.example:10  LIMIT"]


def test_same_seed_gives_the_same_draw() -> None:
    """Another seed gives another draw of the same size."""
    modules = modules_of("oauth_guard")
    assert draw(7, modules) == draw(7, modules) != draw(8, modules)
    assert [len(set(drawn)) for drawn in draw(7, modules)] == [20, 20]


def test_command_prints_the_draw(capsys: pytest.CaptureFixture[str]) -> None:
    """Two headings, 20 sentences, 20 names and three blank lines."""
    main(["--seed", "7"])
    printed = capsys.readouterr().out.splitlines()
    assert (len(printed), printed[0], printed[23]) == (45, "Sentences", "Names")
