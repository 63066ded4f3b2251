"""What the outcomes of the tests say about each row, and the report that says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.tools.conformance.matrix import Matrix


class Outcome(StrEnum):
    """What became of one test."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


class Verdict(StrEnum):
    """What the tests of one row say about it."""

    PASS = "pass"
    FAIL = "fail"
    UNTESTED = "untested"
    WAIT = "wait"


@dataclass(frozen=True)
class Judgement:
    """The verdict on one row, and the tests that stand in its way."""

    row: str
    verdict: Verdict
    tests: tuple[str, ...] = ()


def judge(row: str, tests: Mapping[str, Outcome], *, waiting: bool) -> Judgement:
    """Judge *row* by its *tests*: a failure is never excused, a gap only while the row waits."""
    failed = tuple(test for test, outcome in tests.items() if outcome is Outcome.FAILED)
    not_run = tuple(test for test, outcome in tests.items() if outcome is Outcome.NOT_RUN)
    if failed:
        return Judgement(row, Verdict.FAIL, failed)
    if waiting:
        return Judgement(row, Verdict.WAIT)
    if not_run or not tests:
        return Judgement(row, Verdict.UNTESTED, not_run)
    return Judgement(row, Verdict.PASS)


@dataclass(frozen=True)
class Report:
    """The judgements on the sections asked for; with *strict*, a waiting row is a failure."""

    sections: Mapping[str, Sequence[Judgement]]
    strict: bool = False

    @property
    def good(self) -> bool:
        """Whether nothing stands open."""
        return not self._open()

    def _open(self) -> list[Judgement]:
        accepted = {Verdict.PASS} if self.strict else {Verdict.PASS, Verdict.WAIT}
        judgements = [each for section in self.sections.values() for each in section]
        return [each for each in judgements if each.verdict not in accepted]

    def lines(self) -> list[str]:
        """Return one line for each section, then one for each row that stands open."""
        table = [_counts(section, rows) for section, rows in self.sections.items()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [_aligned(cells, widths) for cells in table]
        if still_open := self._open():
            lines.append("")
        for each in still_open:
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
    """Judge every row of *sections* by the *outcomes* of its tests, row by row."""
    judged = {
        section: [
            judge(row, outcomes.get(row, {}), waiting=row in matrix.waiting)
            for row in matrix.rows_of(section)
        ]
        for section in matrix.sections
        if section in sections
    }
    return Report(judged, strict)


def _counts(section: str, rows: Sequence[Judgement]) -> list[str]:
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
