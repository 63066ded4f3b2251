"""A column tells what was measured, and why a cell of it is empty."""

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
    """Return what *peer* shows where a guard adds 3 µs to 2 µs, and a signature takes 10 µs."""
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
        ("no token → 401", "× bare", 4),
        ("forged RS256 signature → 401", "× raw", 0.3),
        ("header of 5 MB: refused", "µs", 3),
        ("one new token, 200 requests at once", "calls", 7),
        (*_OPAQUE_ROW, 0.5),
        ("key server down past the keys' life: served", "of 200", 150),
    ],
)
def test_a_number_is_what_the_guard_adds(name: str, unit: str, value: float) -> None:
    """It is held to the same application without the guard."""
    figure = _column(_PLAIN)[name, unit]
    assert figure.value == pytest.approx(value)
    assert not figure.note


def test_a_wrong_answer_has_no_number() -> None:
    """However fast it was, the status is told instead."""
    figure = _column(_PLAIN, sent={**_SENT, "none": 500})["no token → 401", "× bare"]
    assert (figure.value, figure.note) == (None, "answers 500")


def test_a_request_that_is_not_served_is_told_beside_the_number() -> None:
    """A rate of refusals is no rate."""
    assert _column(_PLAIN, served=999)[_OPAQUE_ROW].note == "serves 999 of 1000"


@pytest.mark.parametrize(
    ("cause", "empty"),
    [
        (OPAQUE, 2),
        (OUTAGE, 1),
        (REFUSALS, 8),
    ],
)
def test_a_dash_says_why(cause: str, empty: int) -> None:
    """What a peer can't do is no number, and no wrong answer either."""
    column = _column(Peer("Peer", "peer", [], {cause: "it can't"}))
    assert [each.note for each in column.values() if each.value is None] == ["it can't"] * empty


def test_a_remark_stands_beside_a_number() -> None:
    """What is to be known about it is told where it is."""
    column = _column(Peer("Peer", "peer", [], remarks={OPAQUE: "holds the loop"}))
    assert (column[_OPAQUE_ROW].value, column[_OPAQUE_ROW].note) == (0.5, "holds the loop")


def test_the_table_has_a_column_for_each_peer() -> None:
    """Equal notes have one number."""
    figures = [
        PeerFigure("A", "sent", 1234, "µs"),
        PeerFigure("A", "asked", None, "calls", "it can't"),
        PeerFigure("B", "sent", 1.234, "µs", "slowly"),
        PeerFigure("B", "asked", None, "calls", "it can't"),
    ]
    assert list(peer_table(PeerTable(figures, {"a": "1.0", "b": "2.0"}))) == [
        "| what is sent | unit | A | B |",
        "|---|---|---:|---:|",
        "| sent | µs | 1 234 | 1.23 (1) |",
        "| asked | calls | — (2) | — (2) |",
        "",
        "1. slowly",
        "2. it can't",
        "",
        "Times are the processor's, for what a guard adds to the same application without it.",
        "",
        "a 1.0, b 2.0",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1, "1"), (0.126, "0.13"), (45.67, "45.7"), (456.7, "457"), (29440.4, "29 440")],
)
def test_a_number_is_short(value: float, shown: str) -> None:
    """Three figures are as many as a noisy machine can tell."""
    assert short(value) == shown
