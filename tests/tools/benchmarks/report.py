"""Report: the results of a run, which a file stores for later comparison."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.tools.benchmarks.figures import Curve, Figure, PeerFigure, Target, short
from tests.tools.benchmarks.peers.run import PeerTable

SLACK = 0.25
"""By how much of its bound a figure may miss its target in `--check`, for the noise."""

_WORSE = 0.15


@dataclass(frozen=True)
class Report:
    """One run.

    Attributes:
        date: Its date.
        rounds: The number of rounds.
        machine: The machine.
        versions: The measured packages.
        sections: The results, each under its heading.
        peers: The results for other libraries.
    """

    date: str
    rounds: int
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    sections: Mapping[str, Sequence[Figure | Curve]]
    peers: PeerTable | None = None

    @property
    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Yield each figure with the heading of its section."""
        for heading, found in self.sections.items():
            yield from ((heading, each) for each in found if isinstance(each, Figure))

    def missed(self, slack: float = SLACK) -> list[str]:
        """Return a line for each figure that misses its target."""
        return [
            f"{figure.name}: {short(figure.value)} {figure.unit}, not {figure.target}"
            for _, figure in self.figures
            if figure.target and not figure.target.is_met_by(figure.value, slack=slack)
        ]

    def worse_than(self, earlier: "Report") -> list[str]:
        """Return a line for each figure that is worse than in *earlier* by more than the noise."""
        before = {(heading, f.name, f.unit): f.value for heading, f in earlier.figures}
        return [
            f"{figure.name}: {short(was)} → {short(figure.value)} {figure.unit}"
            for heading, figure in self.figures
            if (was := before.get((heading, figure.name, figure.unit))) is not None
            and figure.is_worse_than(was, by=_WORSE)
        ]

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Return the report that `to_json` wrote."""
        fields = json.loads(text)
        sections = {
            heading: [_measured(each) for each in found]
            for heading, found in fields["sections"].items()
        }
        peers = _peers(fields["peers"]) if fields["peers"] else None
        return cls(**{**fields, "sections": sections, "peers": peers})


def _measured(fields: dict[str, Any]) -> Figure | Curve:
    if "points" in fields:
        return Curve(**{**fields, "points": tuple(tuple(point) for point in fields["points"])})
    target = Target(**fields["target"]) if fields["target"] else None
    spread = tuple(fields["spread"]) if fields.get("spread") else None
    return Figure(**{**fields, "target": target, "spread": spread})


def _peers(fields: dict[str, Any]) -> PeerTable:
    return PeerTable([PeerFigure(**each) for each in fields["figures"]], fields["versions"])
