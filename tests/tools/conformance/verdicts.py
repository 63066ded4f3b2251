"""The verdict on each row from the outcomes of its tests, and the report of all verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.tools.conformance.matrix import Matrix


class Outcome(StrEnum):
    """The outcome of one test."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


class Verdict(StrEnum):
    """The verdict on one row."""

    PASS = "pass"
    FAIL = "fail"
    UNTESTED = "untested"
    WAIT = "wait"


@dataclass(frozen=True)
class RowVerdict:
    """The verdict on one row, and the tests that did not pass."""

    row: str
    verdict: Verdict
    tests: tuple[str, ...] = ()


def verdict_on(row: str, tests: Mapping[str, Outcome], *, waiting: bool) -> RowVerdict:
    """Return the verdict on *row*; waiting excuses a missing test, never a failed one."""
    failed = tuple(test for test, outcome in tests.items() if outcome is Outcome.FAILED)
    not_run = tuple(test for test, outcome in tests.items() if outcome is Outcome.NOT_RUN)
    if failed:
        return RowVerdict(row, Verdict.FAIL, failed)
    if waiting:
        return RowVerdict(row, Verdict.WAIT)
    if not_run or not tests:
        return RowVerdict(row, Verdict.UNTESTED, not_run)
    return RowVerdict(row, Verdict.PASS)


@dataclass(frozen=True)
class Report:
    """The verdicts on the selected sections; with *strict*, a waiting row is a failure."""

    sections: Mapping[str, Sequence[RowVerdict]]
    strict: bool = False

    @property
    def good(self) -> bool:
        """Whether every row is accepted."""
        return not self._not_accepted()

    def _not_accepted(self) -> list[RowVerdict]:
        accepted = {Verdict.PASS} if self.strict else {Verdict.PASS, Verdict.WAIT}
        verdicts = [each for section in self.sections.values() for each in section]
        return [each for each in verdicts if each.verdict not in accepted]

    def lines(self) -> list[str]:
        """Return one line for each section, then one for each row that is not accepted."""
        table = [_counts(section, rows) for section, rows in self.sections.items()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [_aligned(cells, widths) for cells in table]
        if rejected := self._not_accepted():
            lines.append("")
        for each in rejected:
            lines.append(f"{each.row}  {each.verdict}")
            lines.extend(f"    {test}" for test in each.tests)
        return lines


def report(
    matrix: Matrix,
    sections: Sequence[str],
    outcomes: Mapping[str, Mapping[str, Outcome]],
    *,
    strict: bool = False,
) -> Report:
    """Return the verdict on every row of *sections*, from the *outcomes* of its tests."""
    result = {
        section: [
            verdict_on(row, outcomes.get(row, {}), waiting=row in matrix.waiting)
            for row in matrix.rows_of(section)
        ]
        for section in matrix.sections
        if section in sections
    }
    return Report(result, strict)


def _counts(section: str, rows: Sequence[RowVerdict]) -> list[str]:
    verdicts = [row.verdict for row in rows]
    return [section, str(len(rows)), *(str(verdicts.count(verdict)) for verdict in Verdict)]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    section, *numbers = cells
    names = ["rows", *Verdict]
    counted = [
        f"{number:>{width}} {name}"
        for number, width, name in zip(numbers, widths[1:], names, strict=True)
    ]
    return "  ".join([f"{section:<{widths[0]}}", *counted])
