"""peer_table(): the cells of all peers as a Markdown table, with their notes below."""

from collections.abc import Iterator, Sequence

from tests.benchmarks.figures import PeerFigure
from tests.benchmarks.table import short


def peer_table(figures: Sequence[PeerFigure]) -> Iterator[str]:
    """Yield the lines: a column for each peer, in the order they were measured."""
    peers = list(dict.fromkeys(each.peer for each in figures))
    cells = {(each.name, each.unit, each.peer): each for each in figures}
    numbers: dict[str, int] = {}
    yield f"| what is sent | unit | {' | '.join(peers)} |"
    yield f"|---|---|{'---:|' * len(peers)}"
    for name, unit in dict.fromkeys((each.name, each.unit) for each in figures):
        shown = (_cell(cells[name, unit, peer], numbers) for peer in peers)
        yield f"| {name} | {unit} | {' | '.join(shown)} |"
    yield ""
    for note, number in numbers.items():
        yield f"{number}. {note}"


def _cell(figure: PeerFigure, numbers: dict[str, int]) -> str:
    shown = "—" if figure.value is None else short(figure.value)
    if not figure.note:
        return shown
    return f"{shown} ({numbers.setdefault(figure.note, len(numbers) + 1)})"
