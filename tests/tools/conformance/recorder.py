"""The pytest plugins that read the `conformance` marks of tests and record what became of them."""

from collections import defaultdict
from collections.abc import Collection

import pytest

from tests.tools.conformance.matrix import Matrix
from tests.tools.conformance.verdicts import Outcome


def rows_shown_by(item: pytest.Item) -> list[str]:
    """Return the rows that the marks of *item* name."""
    return [row for mark in item.iter_markers("conformance") for row in mark.args]


class KnownRows:
    """Refuses a mark that names no row of the matrix."""

    def __init__(self, matrix: Matrix) -> None:
        self._known = frozenset(matrix.rows)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Stop the run when any test names a row that does not exist."""
        unknown = [
            f"{item.nodeid} names {row!r}, which is no row of the conformance matrix"
            for item in items
            for row in rows_shown_by(item)
            if row not in self._known
        ]
        if unknown:
            raise pytest.UsageError(*unknown)


class Recorder:
    """Runs only the tests of the rows asked for, and keeps the outcome of each."""

    def __init__(self, rows: Collection[str]) -> None:
        self._rows = frozenset(rows)
        self._tests: defaultdict[str, list[str]] = defaultdict(list)
        self._outcomes: dict[str, Outcome] = {}

    def outcomes(self) -> dict[str, dict[str, Outcome]]:
        """Return the tests of each row with what became of them; one that never ran did not run."""
        return {
            row: {test: self._outcomes.get(test, Outcome.NOT_RUN) for test in tests}
            for row, tests in self._tests.items()
        }

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the tests that show a row asked for."""
        kept = [item for item in items if self._rows.intersection(rows_shown_by(item))]
        for item in kept:
            for row in rows_shown_by(item):
                self._tests[row].append(item.nodeid)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the worst that was seen of a test in its set-up, its call and its tear-down."""
        before = self._outcomes.get(report.nodeid)
        if report.failed:
            self._outcomes[report.nodeid] = Outcome.FAILED
        elif report.skipped and before is not Outcome.FAILED:
            self._outcomes[report.nodeid] = Outcome.NOT_RUN
        elif report.when == "call":
            self._outcomes[report.nodeid] = Outcome.PASSED
