"""VersionsReport: names the interpreters that the run used, and those that it lacked."""

import pytest

from tests.robustness.versions.interpreters import RUNNING

__all__ = ["LACKED", "USED", "VersionsReport"]

USED, LACKED = "checked with", "not checked, not installed"


class VersionsReport:
    """Writes a line at the end of the run, if tests have recorded what they used or lacked.

    They record it as `user_properties`, which travel from the workers of pytest-xdist.
    """

    def __init__(self) -> None:
        self._recorded: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what the test of *report* has recorded."""
        if report.when == "call":
            for key, name in report.user_properties:
                if key in {USED, LACKED}:
                    self._recorded.setdefault(key, set()).add(str(name))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write both lists."""
        if not self._recorded:
            return
        terminalreporter.section("versions")
        used = [f"CPython {RUNNING.version} (the whole suite)", *self._sorted(USED)]
        terminalreporter.write_line(f"{USED}: {', '.join(used)}")
        if lacked := self._sorted(LACKED):
            terminalreporter.write_line(f"{LACKED}: {', '.join(lacked)}")

    def _sorted(self, key: str) -> list[str]:
        return sorted(self._recorded.get(key, ()))
