"""The parser that tests read challenges with takes one challenge, strictly, and nothing else."""

import pytest

from tests.challenges import parse_challenge
from tests.unit.jose.vectors import examples


@pytest.mark.parametrize(("line", "parameters"), examples("rfc6750", "challenge", "parameters"))
def test_the_examples_of_rfc_6750_are_read(line: str, parameters: dict[str, str]) -> None:
    """Challenges as RFC 6750 prints them."""
    assert parse_challenge(line) == ("Bearer", parameters)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        pytest.param("a b=c", ("a", {"b": "c"}), id="a token"),
        pytest.param('a b=""', ("a", {"b": ""}), id="an empty string"),
        pytest.param('a b="\\"\\\\\\c"', ("a", {"b": '"\\c'}), id="escapes"),
        pytest.param('a b="c, d=e"', ("a", {"b": "c, d=e"}), id="commas inside"),
        pytest.param('a  B = "c" ,d=e', ("a", {"b": "c", "d": "e"}), id="white space"),
    ],
)
def test_a_challenge_is_read(line: str, parsed: tuple[str, dict[str, str]]) -> None:
    """Scheme, then parameters, as tokens or quoted-strings."""
    assert parse_challenge(line) == parsed


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="nothing"),
        pytest.param("Bearer", id="a bare scheme"),
        pytest.param("Bearer ", id="a bare scheme and a space"),
        pytest.param("Bearer abc", id="a token68"),
        pytest.param('Bearer a="b', id="an open string"),
        pytest.param('Bearer a="b"c"', id="a quote inside"),
        pytest.param('Bearer a="b\n"', id="a line break"),
        pytest.param('Bearer a="b", a="c"', id="a parameter twice"),
        pytest.param('Bearer a="b", A="c"', id="a parameter twice, in another case"),
        pytest.param('Bearer a="b",', id="a comma too many"),
        pytest.param('Bearer a="b" c="d"', id="a comma too few"),
        pytest.param('Bearer a="b", Basic c="d"', id="two challenges"),
        pytest.param(' Bearer a="b"', id="a space before"),
    ],
)
def test_anything_else_is_refused(line: str) -> None:
    """What a client might read otherwise is read in no way."""
    with pytest.raises(ValueError, match=r"^no (scheme|parameter|comma)|twice"):
        parse_challenge(line)
