"""column_of(): the figures of one peer, computed from everything measured for it."""

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
    """The measurements of one peer.

    Attributes:
        rounds: The times of each round.
        crowd: The number of introspection requests, and of requests served.
        rates: The times of many opaque tokens; empty if the peer supports none.
        kept: The number of requests served without the issuer.
    """

    rounds: Sequence[Measured]
    crowd: tuple[int, int]
    rates: Sequence[Rate]
    kept: int


@dataclass(frozen=True)
class _Timed:
    """A row of times.

    Attributes:
        name: Its name in the table.
        sent: The name of its path.
        statuses: The permitted statuses.
        unit: Its unit.
        measure: Computes the number from the times of one round.
    """

    name: str
    sent: str
    statuses: frozenset[int]
    unit: str
    measure: Measure


def _whole(seconds: Seconds, sent: str) -> float:
    """Return the time of the whole request."""
    return seconds[sent] * 1e6


def _added(seconds: Seconds, sent: str) -> float:
    """Return the time that the guard adds to its application."""
    return (seconds[sent] - seconds["unguarded"]) * 1e6


def _over_bare(seconds: Seconds, sent: str) -> float:
    """Return the time of a bare application plus what the guard adds, relative to the former."""
    return 1 + (seconds[sent] - seconds["unguarded"]) / seconds["bare"]


def _over_raw(seconds: Seconds, sent: str) -> float:
    """Return the time that the guard adds, relative to the raw signature check."""
    return (seconds[sent] - seconds["unguarded"]) / seconds["raw"]


_SERVED, _CHALLENGED = frozenset({200}), frozenset({401})
_REFUSED = frozenset({400, 401, 413, 431})

_TIMED = [
    _Timed("no guard", "unguarded", _SERVED, "µs", _whole),
    _Timed("token seen before", "seen", _SERVED, "µs", _added),
    _Timed("token seen before", "seen", _SERVED, "× bare", _over_bare),
    _Timed("new RS256 token", "new", _SERVED, "× raw", _over_raw),
    _Timed("no token → 401", "none", _CHALLENGED, "µs", _added),
    _Timed("junk → 401: three short words", "junk", _CHALLENGED, "µs", _added),
    _Timed("forged RS256 signature → 401", "forged", _CHALLENGED, "× raw", _over_raw),
    *(_Timed(f"header of {size}: rejected", size, _REFUSED, "µs", _added) for size in SIZES),
]


@dataclass(frozen=True)
class _Cell:
    """A cell of the table."""

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
    received = {status for each in rounds for status in each.statuses[timed.sent]}
    if not received <= timed.statuses:
        return cell.figure(None, f"status {' or '.join(map(str, sorted(received)))}")
    value = statistics.median(timed.measure(each.seconds, timed.sent) for each in rounds)
    return cell.remarked(value, timed.sent)
