"""A report can be stored, and lists what misses its target and what got worse."""

from dataclasses import replace

import pytest

from tests.tools.benchmarks.figures import Curve, Figure, PeerFigure, Target, short
from tests.tools.benchmarks.machine import machine, versions
from tests.tools.benchmarks.peers.run import PeerTable
from tests.tools.benchmarks.report import Report
from tests.tools.benchmarks.table import as_markdown, as_text

_PEERS = PeerTable(
    [
        PeerFigure("oauth_guard", "hit", 2.6, "× bare"),
        PeerFigure("slow", "hit", 50.0, "× bare"),
        PeerFigure("fast", "hit", 4.0, "× bare"),
        PeerFigure("broken", "hit", None, "× bare", "500"),
    ],
    {"fast": "1.0"},
)
_CURVE = Curve("hit", "tokens", "µs", ((10.0, 2.0), (100.0, 2.2)), "flat")


def _report(*found: Figure | Curve) -> Report:
    return Report("2026-01-02", 7, {"CPU": "any"}, {"pyjwt": "2"}, {"Heading": found})


def test_stored_report_is_read_back_equal() -> None:
    """A later run is compared with it."""
    spread = Figure("raw", 20.0, "µs", spread=(19.0, 22.5))
    report = _report(Figure("hit", 2.5, "× bare", Target(3)), spread, _CURVE)
    report = replace(report, peers=_PEERS)
    assert "(19 to 22.5)" in "".join(as_text(report))
    again = Report.from_json(report.to_json())
    assert again.to_json() == report.to_json()
    assert again.sections == {"Heading": list(report.sections["Heading"])}
    assert again.peers == _PEERS


@pytest.mark.parametrize(
    ("figure", "missed"),
    [
        pytest.param(Figure("hit", 1.6, "× bare", Target(1.5)), [], id="within the slack"),
        pytest.param(
            Figure("hit", 2.0, "× bare", Target(1.5)),
            ["hit: 2 × bare, not ≤ 1.5"],
            id="beyond the slack",
        ),
        pytest.param(
            Figure("introspected", 2, "calls", Target(1, counted=True)),
            ["introspected: 2 calls, not ≤ 1"],
            id="a count",
        ),
        pytest.param(Figure("hit", 2.0, "µs"), [], id="no target"),
    ],
)
def test_report_lists_missed_targets(figure: Figure, missed: list[str]) -> None:
    """For `--check`."""
    assert _report(figure, _CURVE).missed() == missed


@pytest.mark.parametrize(
    ("was", "now", "worse"),
    [
        pytest.param(Figure("a", 2.0, "µs"), Figure("a", 2.2, "µs"), False, id="noise"),
        pytest.param(Figure("a", 2.0, "µs"), Figure("a", 2.4, "µs"), True, id="slower"),
        pytest.param(Figure("a", 2.0, "µs"), Figure("a", 1.0, "µs"), False, id="faster"),
        pytest.param(Figure("a", 2.0, "µs"), Figure("a", 9.0, "ms"), False, id="another unit"),
        pytest.param(Figure("a", 2.0, "µs"), Figure("b", 9.0, "µs"), False, id="not there before"),
        pytest.param(Figure("a", 0, "bytes"), Figure("a", 1, "bytes"), True, id="more than none"),
        pytest.param(Figure("a", 900, "1/s"), Figure("a", 700, "1/s"), True, id="a lower rate"),
        pytest.param(Figure("a", 900, "1/s"), Figure("a", 999, "1/s"), False, id="a higher rate"),
        pytest.param(
            Figure("a", 0.8, "× unguarded"),
            Figure("a", 1, "× unguarded"),
            False,
            id="more of unguarded",
        ),
        pytest.param(
            Figure("a", 1, "× unguarded"),
            Figure("a", 0.8, "× unguarded"),
            True,
            id="less of unguarded",
        ),
        pytest.param(
            Figure("a", 0.95, "×", Target(0.9, at_least=True)),
            Figure("a", 0.7, "×", Target(0.9, at_least=True)),
            True,
            id="less of what should be much",
        ),
    ],
)
def test_report_lists_what_got_worse(was: Figure, now: Figure, worse: bool) -> None:
    """For `--compare`."""
    assert bool(_report(now, _CURVE).worse_than(_report(was))) is worse


def test_text_and_markdown_show_the_same_figures() -> None:
    """Markdown omits figures without a target."""
    report = _report(Figure("hit", 2.5, "× bare", Target(2)), Figure("raw", 20.0, "µs"), _CURVE)
    text, markdown = "\n".join(as_text(report)), "\n".join(as_markdown(report))
    assert "≤ 2, missed" in text
    assert "raw" in text
    assert "pyjwt 2" in text
    assert "| hit | 2.50 × bare | ≤ 2, missed |  |" in markdown
    assert "raw" not in markdown
    assert "flat: dearest 1.10 × cheapest" in markdown


@pytest.mark.parametrize(
    ("target", "row"),
    [
        pytest.param(Target(3), "| hit | 2.50 × bare | ≤ 3 | 4 (fast) |", id="least is best"),
        pytest.param(
            Target(2, at_least=True), "| hit | 2.50 × bare | ≥ 2 | 50 (slow) |", id="most is best"
        ),
    ],
)
def test_table_names_the_best_other_library(target: Target, row: str) -> None:
    """On the same path and in the same unit; a column for each is below."""
    report = replace(_report(Figure("hit", 2.5, "× bare", target)), peers=_PEERS)
    markdown = "\n".join(as_markdown(report))
    assert row in markdown
    assert "| what is sent | unit | oauth_guard | slow | fast | broken |" in markdown
    assert "Other libraries" in "".join(as_text(report))


def test_section_without_results_is_marked_as_skipped() -> None:
    """So that it is not mistaken for a success."""
    assert "  skipped: a required program is missing" in as_text(_report())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(3.0, "3", id="whole"),
        pytest.param(0.934, "0.93", id="small"),
        pytest.param(23.44, "23.4", id="two digits"),
        pytest.param(123.4, "123", id="three digits"),
        pytest.param(1_234_567, "1 234 567", id="large"),
    ],
)
def test_number_has_three_significant_digits(value: float, text: str) -> None:
    """More digits would change with the next run."""
    assert short(value) == text


def test_report_names_the_machine() -> None:
    """Figures of different machines are not comparable."""
    assert all(machine().values())
    assert {"cryptography", "starlette"} <= set(versions())
