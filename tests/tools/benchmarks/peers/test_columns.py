"""A column shows what was measured, and why a cell is empty."""

from collections.abc import Mapping

import pytest

from tests.tools.benchmarks.figures import PeerFigure, short
from tests.tools.benchmarks.peers.columns import Found, column_of
from tests.tools.benchmarks.peers.roster import OPAQUE, OUTAGE, REFUSALS, Peer
from tests.tools.benchmarks.peers.run import PeerTable
from tests.tools.benchmarks.peers.stress import Rate
from tests.tools.benchmarks.peers.table import peer_table
from tests.tools.benchmarks.peers.timing import Measured

_SENT = {
    "unguarded": 200,
    "seen": 200,
    "new": 200,
    "none": 401,
    "junk": 401,
    "forged": 401,
    "16 kB": 400,
    "64 kB": 401,
    "1 MB": 413,
    "5 MB": 431,
}
_OPAQUE_ROW = ("1 000 distinct opaque tokens", "× httpx alone")


def _column(
    peer: Peer,
    *,
    sent: Mapping[str, int] = _SENT,
    added: float = 3e-6,
    served: int = 1000,
) -> dict[tuple[str, str], PeerFigure]:
    """Return the column of *peer* if a guard adds 3 µs to 2 µs, and a signature takes 10 µs."""
    seconds = {"bare": 1e-6, "unguarded": 2e-6, "raw": 10e-6}
    seconds = dict.fromkeys(sent, 2e-6 + added) | seconds
    rounds = [Measured(seconds, {name: [status] for name, status in sent.items()})] * 3
    found = Found(rounds, crowd=(7, 200), rates=[Rate(1.0, 2.0, served)], kept=150)
    return {(each.name, each.unit): each for each in column_of(peer, found)}


_PLAIN = Peer("Peer", "peer", [])


@pytest.mark.parametrize(
    ("name", "unit", "value"),
    [
        ("no guard", "µs", 2),
        ("token seen before", "µs", 3),
        ("token seen before", "× bare", 4),
        ("new RS256 token", "× raw", 0.3),
        ("no token → 401", "µs", 3),
        ("forged RS256 signature → 401", "× raw", 0.3),
        ("header of 5 MB: rejected", "µs", 3),
        ("one new token, 200 requests at once", "calls", 7),
        (*_OPAQUE_ROW, 0.5),
        ("key server down past the keys' life: served", "of 200", 150),
    ],
)
def test_number_is_the_time_that_the_guard_adds(name: str, unit: str, value: float) -> None:
    """Compared with the same application without the guard."""
    figure = _column(_PLAIN)[name, unit]
    assert figure.value == pytest.approx(value)
    assert not figure.note


def test_wrong_status_replaces_the_number() -> None:
    """However fast it was."""
    figure = _column(_PLAIN, sent={**_SENT, "none": 500})["no token → 401", "µs"]
    assert (figure.value, figure.note) == (None, "status 500")


def test_unserved_requests_are_noted_beside_the_number() -> None:
    """A rate of rejections is not a rate of requests served."""
    assert _column(_PLAIN, served=999)[_OPAQUE_ROW].note == "serves 999 of 1000"


@pytest.mark.parametrize(
    ("cause", "empty"),
    [
        (OPAQUE, 2),
        (OUTAGE, 1),
        (REFUSALS, 8),
    ],
)
def test_dash_has_a_note_with_the_reason(cause: str, empty: int) -> None:
    """For what a peer does not support, which is neither a number nor a wrong status."""
    column = _column(Peer("Peer", "peer", [], {cause: "it can't"}))
    assert [each.note for each in column.values() if each.value is None] == ["it can't"] * empty


def test_remark_is_noted_beside_the_number() -> None:
    """It qualifies the number."""
    column = _column(Peer("Peer", "peer", [], remarks={OPAQUE: "holds the loop"}))
    assert (column[_OPAQUE_ROW].value, column[_OPAQUE_ROW].note) == (0.5, "holds the loop")


def test_table_has_a_column_for_each_peer() -> None:
    """Equal notes share a number."""
    figures = [
        PeerFigure("A", "sent", 1234, "µs"),
        PeerFigure("A", "introspected", None, "calls", "it can't"),
        PeerFigure("B", "sent", 1.234, "µs", "slowly"),
        PeerFigure("B", "introspected", None, "calls", "it can't"),
    ]
    assert list(peer_table(PeerTable(figures, {"a": "1.0", "b": "2.0"}))) == [
        "| what is sent | unit | A | B |",
        "|---|---|---:|---:|",
        "| sent | µs | 1 234 | 1.23 (1) |",
        "| introspected | calls | — (2) | — (2) |",
        "",
        "1. slowly",
        "2. it can't",
        "",
        "Times are processor time that a guard adds to the same application without one.",
        "",
        "a 1.0, b 2.0",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1, "1"), (0.126, "0.13"), (45.67, "45.7"), (456.7, "457"), (29440.4, "29 440")],
)
def test_table_number_has_three_significant_digits(value: float, shown: str) -> None:
    """Noise makes further digits meaningless."""
    assert short(value) == shown
