"""peer_table(): the cells of all peers as a Markdown table, with versions and notes."""

from collections.abc import Iterator

from tests.tools.benchmarks.figures import PeerFigure, short
from tests.tools.benchmarks.peers.run import PeerTable


def peer_table(table: PeerTable) -> Iterator[str]:
    """Yield the lines: a column for each peer, in the order of measurement."""
    peers = list(dict.fromkeys(each.peer for each in table.figures))
    cells = {(each.name, each.unit, each.peer): each for each in table.figures}
    numbers: dict[str, int] = {}
    yield f"| what is sent | unit | {' | '.join(peers)} |"
    yield f"|---|---|{'---:|' * len(peers)}"
    for name, unit in dict.fromkeys((each.name, each.unit) for each in table.figures):
        shown = (_cell(cells[name, unit, peer], numbers) for peer in peers)
        yield f"| {name} | {unit} | {' | '.join(shown)} |"
    yield ""
    for note, number in numbers.items():
        yield f"{number}. {note}"
    yield ""
    yield "Times are processor time that a guard adds to the same application without one."
    yield ""
    yield ", ".join(f"{package} {version}" for package, version in table.versions.items())


def _cell(figure: PeerFigure, numbers: dict[str, int]) -> str:
    shown = "—" if figure.value is None else short(figure.value)
    if not figure.note:
        return shown
    return f"{shown} ({numbers.setdefault(figure.note, len(numbers) + 1)})"
