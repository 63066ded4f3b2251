"""Measure the cost of the guard on this machine, and compare it with the project's targets."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.tools.benchmarks.chart import as_svg
from tests.tools.benchmarks.machine import machine, versions
from tests.tools.benchmarks.peers.run import measure as measure_peers
from tests.tools.benchmarks.report import Report
from tests.tools.benchmarks.sections import SECTIONS, measure_sections
from tests.tools.benchmarks.table import as_markdown, as_text

_ROUNDS = 200
_PEERS_ROUNDS = 30
_RELEASES = Path(__file__).with_name("releases")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write what the options select; return 1 if `--check` finds a failure."""
    options = _options(arguments)
    report = _read(options.read) if options.read else _measure(options)
    _print("", as_text(report))
    if options.json:
        options.json.write_text(report.to_json(), encoding="utf-8")
    if options.markdown:
        lines = "".join(f"{line}\n" for line in as_markdown(report))
        options.markdown.write_text(lines, encoding="utf-8")
    if options.chart:
        options.chart.write_text(as_svg(report), encoding="utf-8")
    worse = report.worse_than(_read(options.compare)) if options.compare else []
    missed = report.missed() if options.check else []
    _print(f"\nWorse than in {options.compare}\n", worse)
    _print("\nTargets missed, by more than the slack\n", missed)
    return 1 if options.check and (worse or missed) else 0


def _measure(options: argparse.Namespace) -> Report:
    return Report(
        date=datetime.now(UTC).date().isoformat(),
        rounds=options.rounds,
        machine=machine(),
        versions=versions(),
        sections=measure_sections(options.only, options.rounds),
        peers=measure_peers(_PEERS_ROUNDS) if options.peers else None,
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.benchmarks", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=_ROUNDS, help=f"how many rounds (default: {_ROUNDS})")
    names = ", ".join(SECTIONS)
    add("--only", nargs="*", choices=SECTIONS, default=SECTIONS, metavar="SECTION", help=names)
    add("--peers", action="store_true", help="measure other libraries too, in their environment")
    add("--read", type=Path, metavar="FILE", help="measure nothing: show the report in this file")
    add("--json", type=Path, metavar="FILE", help="store the report as JSON")
    add("--markdown", type=Path, metavar="FILE", help="write the tables of README")
    add("--chart", type=Path, metavar="FILE", help="draw other libraries and curves, as SVG")
    add(
        "--compare",
        type=Path,
        nargs="?",
        const=newest_release(),
        metavar="FILE",
        help="list what got worse since that report, by default the one of the last release",
    )
    add(
        "--check",
        action="store_true",
        help="exit with 1 if a target is missed or --compare finds a change",
    )
    return parser.parse_args(arguments)


def newest_release(folder: Path = _RELEASES) -> Path:
    """Return the report of the last release; *folder* has one for each, named by its version."""
    reports = folder.glob("*.json")
    return max(reports, key=lambda path: [int(part) for part in path.stem.split(".")])


def _read(path: Path) -> Report:
    return Report.from_json(path.read_text(encoding="utf-8"))


def _print(heading: str, lines: Iterable[str]) -> None:
    for index, line in enumerate(lines):
        print(heading + line if index == 0 else line)


if __name__ == "__main__":
    sys.exit(main())
