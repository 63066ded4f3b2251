"""Show which conformance rows pass: `python -m tests.tools.conformance [SECTION …]`."""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.tools.conformance.matrix import MATRIX, read_matrix
from tests.tools.conformance.recorder import KnownRows, Recorder
from tests.tools.conformance.verdicts import report

SUITE = Path(__file__).parents[2]
COMPLETED = {
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
}


def main(arguments: Sequence[str], *, matrix: Path = MATRIX, suite: Path = SUITE) -> int:
    """Run the marked tests of *suite*, print the report, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.conformance", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="such as 6750; default: all")
    parser.add_argument("--all", action="store_true", help="a row that waits is a failure")
    options = parser.parse_args(arguments)

    known = read_matrix(matrix.read_text(encoding="utf-8"))
    unknown = [section for section in options.sections if section not in known.sections]
    if unknown:
        message = f"unknown section {', '.join(unknown)}; known: {' '.join(known.sections)}"
        print(message, file=sys.stderr)
        return 2

    sections = options.sections or known.sections
    recorder = Recorder([row for section in sections for row in known.rows_of(section)])
    with contextlib.redirect_stdout(sys.stderr):
        ended = pytest.main(["-q", str(suite)], plugins=[KnownRows(known), recorder])
    if ended not in COMPLETED:
        return int(ended)

    result = report(known, sections, recorder.outcomes(), strict=options.all)
    print("\n".join(result.lines()))
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
