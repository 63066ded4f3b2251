"""Measure what the guard costs on this machine, and hold it to what the project promises."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.machine import machine, versions
from tests.benchmarks.report import Report
from tests.benchmarks.sections import SECTIONS, measure_sections
from tests.benchmarks.table import as_markdown, as_text

_ROUNDS = 200


def main() -> int:
    """Measure, print, and keep what is asked for; 1 if what is asked to hold does not."""
    options = _options()
    report = Report(
        date=datetime.now(UTC).date().isoformat(),
        rounds=options.rounds,
        machine=machine(),
        versions=versions(),
        sections=measure_sections(options.only or SECTIONS, options.rounds),
    )
    print("\n".join(as_text(report)))
    if options.json:
        options.json.write_text(report.to_json(), encoding="utf-8")
    if options.markdown:
        options.markdown.write_text("\n".join(as_markdown(report)) + "\n", encoding="utf-8")
    worse = report.worse_than(_read(options.compare)) if options.compare else []
    missed = report.missed() if options.check else []
    _print(f"worse than in {options.compare}", worse)
    _print("over the target, by more than the slack", missed)
    return 1 if options.check and (worse or missed) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=_ROUNDS, help=f"how many rounds (default: {_ROUNDS})")
    add("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    add("--json", type=Path, metavar="FILE", help="keep the report")
    add("--markdown", type=Path, metavar="FILE", help="write the table of README")
    add("--compare", type=Path, metavar="FILE", help="name what got worse since that report")
    add("--check", action="store_true", help="exit with 1 where a target does not hold")
    return parser.parse_args()


def _read(path: Path) -> Report:
    return Report.from_json(path.read_text(encoding="utf-8"))


def _print(heading: str, lines: list[str]) -> None:
    if lines:
        print(f"\n{heading}:", *lines, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
