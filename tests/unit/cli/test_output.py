"""What commands print."""

import json

import pytest

from oauth_guard.cli.output import print_error, print_json, print_line, print_table


def test_table_in_a_pipe_has_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """No line is longer than its cells, and none is cut."""
    print_table(("name", "value"), [("a", "x" * 200), ("longer", "[red]")])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["name    value", f"a       {'x' * 200}", "longer  [red]"]


def test_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no markup, and a long line is not wrapped."""
    text = "[bold] " + "x" * 200
    print_line(text)
    print_error(text)
    assert capsys.readouterr() == (f"{text}\n", f"{text}\n")


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    print_json([{"a": 1}])
    assert json.loads(capsys.readouterr().out) == [{"a": 1}]
