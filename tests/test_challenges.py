"""The challenge parser of the tests accepts exactly one well-formed challenge."""

import pytest

from tests.challenges import parse_challenge
from tests.unit.jose.vectors import examples


@pytest.mark.parametrize(("line", "parameters"), examples("rfc6750", "challenge", "parameters"))
def test_challenge_of_an_rfc_6750_example_is_parsed(line: str, parameters: dict[str, str]) -> None:
    """The challenges are those that the RFC prints."""
    assert parse_challenge(line) == ("Bearer", parameters)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        pytest.param("a b=c", ("a", {"b": "c"}), id="a token"),
        pytest.param('a b=""', ("a", {"b": ""}), id="an empty string"),
        pytest.param('a b="\\"\\\\\\c"', ("a", {"b": '"\\c'}), id="escapes"),
        pytest.param('a b="c, d=e"', ("a", {"b": "c, d=e"}), id="commas in a string"),
        pytest.param('a  B = "c" ,d=e', ("a", {"b": "c", "d": "e"}), id="white space"),
    ],
)
def test_well_formed_challenge_is_parsed(line: str, parsed: tuple[str, dict[str, str]]) -> None:
    """It has a scheme, and parameters that are tokens or quoted strings."""
    assert parse_challenge(line) == parsed


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="an empty line"),
        pytest.param("Bearer", id="a bare scheme"),
        pytest.param("Bearer ", id="a bare scheme and a space"),
        pytest.param("Bearer abc", id="a token68"),
        pytest.param('Bearer a="b', id="an unclosed string"),
        pytest.param('Bearer a="b"c"', id="a quote in a string"),
        pytest.param('Bearer a="b\n"', id="a line break"),
        pytest.param('Bearer a="b", a="c"', id="a duplicate parameter"),
        pytest.param('Bearer a="b", A="c"', id="a duplicate parameter in another case"),
        pytest.param('Bearer a="b",', id="a trailing comma"),
        pytest.param('Bearer a="b" c="d"', id="a missing comma"),
        pytest.param('Bearer a="b", Basic c="d"', id="two challenges"),
        pytest.param(' Bearer a="b"', id="a space first"),
    ],
)
def test_malformed_challenge_is_rejected(line: str) -> None:
    """Clients could parse such a line in different ways."""
    with pytest.raises(ValueError, match=r"^no (scheme|parameter|comma)|^duplicate parameter"):
        parse_challenge(line)
