"""A report as text for a terminal, and as Markdown for README."""

from collections.abc import Iterator, Mapping, Sequence

from tests.tools.benchmarks.figures import Curve, Figure, short
from tests.tools.benchmarks.peers.run import PeerTable
from tests.tools.benchmarks.peers.table import peer_table
from tests.tools.benchmarks.report import Report

_OURS = "oauth_guard"


def as_text(report: Report) -> Iterator[str]:
    """Yield the lines for a terminal."""
    yield f"{report.date}, {report.rounds} rounds, garbage collection and logging as by default"
    yield _listed(report.machine)
    yield _listed(report.versions)
    for heading, found in report.sections.items():
        yield f"\n{heading}"
        yield from _section(found) if found else ["  skipped: a required program is missing"]
    if report.peers:
        yield "\nOther libraries\n"
        yield from peer_table(report.peers)


def _section(found: Sequence[Figure | Curve]) -> Iterator[str]:
    width = max(len(each.name) for each in found)
    for each in found:
        if isinstance(each, Curve):
            yield f"  {each.name}, by {each.x}: {each}"
            yield from (f"  {short(x):>12} {short(y):>12} {each.unit}" for x, y in each.points)
        else:
            spread = " to ".join(map(short, each.spread or ()))
            line = f"  {each.name:{width}} {short(each.value):>8} {each.unit:14} {_verdict(each)}"
            line += f" ({spread})" if spread else ""
            yield line.rstrip()


def as_markdown(report: Report) -> Iterator[str]:
    """Yield the lines for README: figures with a target, curves, and the other libraries."""
    yield "| path | measured | target | best other library |"
    yield "|---|---:|---|---|"
    for _, figure in report.figures:
        if figure.target:
            measured = f"{short(figure.value)} {figure.unit}"
            best = _best(report.peers, figure)
            yield f"| {figure.name} | {measured} | {_verdict(figure)} | {best} |"
    for found in report.sections.values():
        for each in found:
            if isinstance(each, Curve):
                yield f"| {each.name}, by {each.x} | {each} | | |"
    yield f"\n{report.date}; {_listed(report.machine)}; {_listed(report.versions)}.\n"
    if report.peers:
        yield from peer_table(report.peers)


def _best(peers: PeerTable | None, figure: Figure) -> str:
    """Return the best number of another library on the same path, and its name."""
    same = (figure.name, figure.unit)
    values = [
        (each.value, each.peer)
        for each in (peers.figures if peers else ())
        if (each.name, each.unit) == same and each.peer != _OURS and each.value is not None
    ]
    if not values:
        return ""
    best = max if figure.target and figure.target.at_least else min
    value, peer = best(values)
    return f"{short(value)} ({peer})"


def _listed(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {fact}" for name, fact in facts.items())


def _verdict(figure: Figure) -> str:
    if figure.target is None:
        return ""
    missed = "" if figure.target.is_met_by(figure.value) else ", missed"
    return f"{figure.target}{missed}"
