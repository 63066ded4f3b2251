"""claims_in() and readable(): the claims of a JWT as a person reads them."""

import json

import pytest

from oauth_guard.cli.token_claims import claims_in, readable
from oauth_guard.testing import LocalIssuer

_NOW = 1_800_000_000.0


def test_claims_of_a_jwt_are_read_without_validation() -> None:
    """An opaque token has none."""
    token = LocalIssuer().token("read", exp=1)
    assert claims_in(token)["exp"] == 1
    assert claims_in("opaque") == {}
    assert claims_in("a.b.c") == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (_NOW, "2027-01-15T08:00:00+00:00, 0 s ago"),
        (_NOW + 119, "2027-01-15T08:01:59+00:00, 119 s ahead"),
        (_NOW - 7200, "2027-01-15T06:00:00+00:00, 2 h ago"),
        (_NOW + 600, "2027-01-15T08:10:00+00:00, 10 min ahead"),
        (_NOW - 3 * 86_400, "2027-01-12T08:00:00+00:00, 3 days ago"),
        (1e300, "1e+300"),
        ("soon", "soon"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_time_is_a_date_and_how_far_away_it_is(value: object, text: str) -> None:
    """What is no time is shown as it is."""
    assert readable({"exp": value}, clock=lambda: _NOW) == {"exp": text}


def test_other_claims_are_texts() -> None:
    """Lists and objects as JSON."""
    found = readable({"aud": ["a", "b"], "cnf": {"jkt": "x"}, "sub": "u1", "n": 1})
    assert found == {"aud": '["a", "b"]', "cnf": '{"jkt": "x"}', "sub": "u1", "n": "1"}


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\nb", "\u202eabc", "\x9b2J"])
def test_text_that_a_terminal_might_obey_is_escaped(text: str) -> None:
    """In names and in values."""
    ((name, value),) = readable({text: text}).items()
    assert name == value == json.dumps(text)
    assert name.isascii()
    assert name.isprintable()
