"""folded(): names that a server might treat as the same have one spelling."""

import pytest

from oauth_guard.mcp.names import folded, folded_uri, has_dot_segments


@pytest.mark.parametrize(
    "name",
    [
        "Delete",
        "DELETE",
        " delete ",
        "delete\t",
        "dele te",
        "dele\u200bte",
        "dele\u00adte",
        "delete\x00",
        "\uff44\uff45\uff4c\uff45\uff54\uff45",
        "\u24d3elete",
        "DELETE\u00a0",
    ],
    ids=ascii,
)
def test_look_alike_has_the_same_spelling(name: str) -> None:
    """Case, white space, characters without a glyph, and forms of compatibility."""
    assert folded(name) == "delete"


@pytest.mark.parametrize(
    ("first", "second"), [("\u017fend", "send"), ("\u212aill", "kill"), ("stra\u00dfe", "STRASSE")]
)
def test_letters_of_one_case_folding_are_the_same(first: str, second: str) -> None:
    """As parsers treat members that ignore case."""
    assert folded(first) == folded(second)


@pytest.mark.parametrize("name", ["deletes", "delete2", "d\u0435lete", "de_lete", ""], ids=ascii)
def test_other_name_stays_another(name: str) -> None:
    """Also with a letter of another script that looks the same."""
    assert folded(name) != "delete"


@pytest.mark.parametrize("uri", ["NOTES://all", "notes://%61ll", "notes://al%6C", "notes://all "])
def test_uri_that_decodes_to_another_has_the_same_spelling(uri: str) -> None:
    """Percent-encoding of a letter changes nothing."""
    assert folded_uri(uri) == "notes://all"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("notes://all", False),
        ("notes://one/a.txt", False),
        ("notes://one/..txt", False),
        ("notes://one/7?path=../x", False),
        ("notes://one/../all", True),
        ("notes://one/./7", True),
        ("notes://one/..", True),
        ("notes://one/%2e%2e/all", True),
        ("notes://one/..%2Fall", True),
        ("notes://one\\..\\all", True),
        ("notes://one/%41", False),
    ],
)
def test_dot_segments_are_found(uri: str, expected: bool) -> None:
    """However they are encoded, in the path alone."""
    assert has_dot_segments(uri) is expected
