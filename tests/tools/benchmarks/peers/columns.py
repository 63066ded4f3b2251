"""column_of(): the figures of one peer, made of all that was found out about it."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.tools.benchmarks.figures import PeerFigure
from tests.tools.benchmarks.peers.paths import SIZES
from tests.tools.benchmarks.peers.roster import OPAQUE, OUTAGE, REFUSALS, Peer
from tests.tools.benchmarks.peers.stress import CROWD, DISTINCT, Rate
from tests.tools.benchmarks.peers.timing import Measured, Seconds

Measure: TypeAlias = Callable[[Seconds, str], float]


@dataclass(frozen=True)
class Found:
    """All that was found out about one peer.

    Attributes:
        rounds: What each round took.
        crowd: How often the issuer was asked, and how many requests were served.
        rates: What many opaque tokens took; empty where the peer takes none.
        kept: How many requests were served without the issuer.
    """

    rounds: Sequence[Measured]
    crowd: tuple[int, int]
    rates: Sequence[Rate]
    kept: int


@dataclass(frozen=True)
class _Timed:
    """A row of times.

    Attributes:
        name: How the table calls it.
        sent: How the paths of a peer call it.
        statuses: What may be answered.
        unit: What it is told in.
        measure: How its number is made of the times of one round.
    """

    name: str
    sent: str
    statuses: frozenset[int]
    unit: str
    measure: Measure


def _whole(seconds: Seconds, sent: str) -> float:
    """Return what the whole request takes."""
    return seconds[sent] * 1e6


def _added(seconds: Seconds, sent: str) -> float:
    """Return what the guard adds to the application that it stands before."""
    return (seconds[sent] - seconds["unguarded"]) * 1e6


def _over_bare(seconds: Seconds, sent: str) -> float:
    """Return what a bare application would take with what the guard adds, to what it takes."""
    return 1 + (seconds[sent] - seconds["unguarded"]) / seconds["bare"]


def _over_raw(seconds: Seconds, sent: str) -> float:
    """Return what the guard adds, to what the signature takes."""
    return (seconds[sent] - seconds["unguarded"]) / seconds["raw"]


_SERVED, _CHALLENGED = frozenset({200}), frozenset({401})
_REFUSED = frozenset({400, 401, 413, 431})

_TIMED = [
    _Timed("no guard", "unguarded", _SERVED, "µs", _whole),
    _Timed("token seen before", "seen", _SERVED, "µs", _added),
    _Timed("token seen before", "seen", _SERVED, "× bare", _over_bare),
    _Timed("new RS256 token", "new", _SERVED, "× raw", _over_raw),
    _Timed("no token → 401", "none", _CHALLENGED, "× bare", _over_bare),
    _Timed("junk → 401: three short words", "junk", _CHALLENGED, "× bare", _over_bare),
    _Timed("forged RS256 signature → 401", "forged", _CHALLENGED, "× raw", _over_raw),
    *(_Timed(f"header of {size}: refused", size, _REFUSED, "µs", _added) for size in SIZES),
]


@dataclass(frozen=True)
class _Cell:
    """Where a number goes."""

    peer: Peer
    name: str
    unit: str

    def figure(self, value: float | None, note: str = "") -> PeerFigure:
        return PeerFigure(self.peer.name, self.name, value, self.unit, note)

    def remarked(self, value: float, cause: str) -> PeerFigure:
        return self.figure(value, self.peer.remarks.get(cause, ""))

    def counted(self, value: float, served: int, requests: int) -> PeerFigure:
        if served < requests:
            return self.figure(value, f"serves {served} of {requests}")
        return self.remarked(value, OPAQUE)

    def dash(self, cause: str) -> PeerFigure | None:
        why = self.peer.dashes.get(cause)
        return None if why is None else self.figure(None, why)


def column_of(peer: Peer, found: Found) -> Iterator[PeerFigure]:
    """Yield the column of *peer*, from top to bottom."""
    for timed in _TIMED:
        yield _timed(peer, timed, found.rounds)
    cell = _Cell(peer, "one new token, 200 requests at once", "calls")
    yield cell.dash(OPAQUE) or cell.counted(found.crowd[0], found.crowd[1], CROWD)
    cell = _Cell(peer, "1 000 distinct opaque tokens", "× httpx alone")
    yield cell.dash(OPAQUE) or cell.counted(
        statistics.median(rate.client / rate.guard for rate in found.rates),
        min(rate.served for rate in found.rates),
        DISTINCT,
    )
    cell = _Cell(peer, "key server down past the keys' life: served", "of 200")
    yield cell.dash(OUTAGE) or cell.remarked(found.kept, OUTAGE)


def _timed(peer: Peer, timed: _Timed, rounds: Sequence[Measured]) -> PeerFigure:
    cell = _Cell(peer, timed.name, timed.unit)
    if timed.sent not in {"seen", "unguarded"} and (dash := cell.dash(REFUSALS)):
        return dash
    answered = {status for each in rounds for status in each.statuses[timed.sent]}
    if not answered <= timed.statuses:
        return cell.figure(None, f"answers {' or '.join(map(str, sorted(answered)))}")
    value = statistics.median(timed.measure(each.seconds, timed.sent) for each in rounds)
    return cell.remarked(value, timed.sent)
