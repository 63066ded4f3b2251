"""The pytest plugins that read the `conformance` marks of tests and record their outcomes."""

from collections import defaultdict
from collections.abc import Collection

import pytest

from tests.tools.conformance.matrix import Matrix
from tests.tools.conformance.verdicts import Outcome


def rows_of(item: pytest.Item) -> list[str]:
    """Return the rows that the marks of *item* name."""
    return [row for mark in item.iter_markers("conformance") for row in mark.args]


class KnownRows:
    """Rejects a mark that names no row of the matrix."""

    def __init__(self, matrix: Matrix) -> None:
        self._known = frozenset(matrix.rows)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Stop the run if a test names a row that does not exist."""
        unknown = [
            f"{item.nodeid} names {row!r}, which is no row of the conformance matrix"
            for item in items
            for row in rows_of(item)
            if row not in self._known
        ]
        if unknown:
            raise pytest.UsageError(*unknown)


class Recorder:
    """Runs only the tests of the selected rows, and records the outcome of each."""

    def __init__(self, rows: Collection[str]) -> None:
        self._rows = frozenset(rows)
        self._tests: defaultdict[str, list[str]] = defaultdict(list)
        self._outcomes: dict[str, Outcome] = {}

    def outcomes(self) -> dict[str, dict[str, Outcome]]:
        """Return the tests of each row with their outcomes; a test that never ran is `NOT_RUN`."""
        return {
            row: {test: self._outcomes.get(test, Outcome.NOT_RUN) for test in tests}
            for row, tests in self._tests.items()
        }

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Select the tests of the selected rows."""
        kept = [item for item in items if self._rows.intersection(rows_of(item))]
        for item in kept:
            for row in rows_of(item):
                self._tests[row].append(item.nodeid)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the worst outcome of the set-up, the call and the tear-down of a test."""
        before = self._outcomes.get(report.nodeid)
        if report.failed:
            self._outcomes[report.nodeid] = Outcome.FAILED
        elif report.skipped and before is not Outcome.FAILED:
            self._outcomes[report.nodeid] = Outcome.NOT_RUN
        elif report.when == "call":
            self._outcomes[report.nodeid] = Outcome.PASSED
