"""Verdicts of the conformance suite of MCP: read from its reports, and kept beside the tests.

A verdict names a check and its status. To keep the verdicts of a new version of the suite or of
the package mcp, delete the file: the test fails and writes it again.
"""

import json
from pathlib import Path
from typing import Any, TypeAlias

Verdicts: TypeAlias = dict[str, list[str]]

_KEPT = Path(__file__).with_name("verdicts")


def read_reports(folder: Path) -> Verdicts:
    """Return the verdicts of each scenario whose report is below *folder*."""
    found: Verdicts = {}
    for report in sorted(folder.glob("*/checks.json")):
        # server-SCENARIO-2026-11-30T10-01-03-651Z
        scenario = report.parent.name.rsplit("-", 6)[0].removeprefix("server-")
        checks: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))
        found[scenario] = sorted(f"{each['id']} {each['status']}" for each in checks)
    return found


def kept(name: str, verdicts: Verdicts) -> Verdicts:
    """Return the verdicts that are kept as *name*; if there are none, keep *verdicts*, and fail."""
    file = _KEPT / f"{name}.json"
    if not file.exists():
        file.write_text(json.dumps(verdicts, indent=1) + "\n", encoding="utf-8")
        raise AssertionError(f"{file.name} is new: read it, and add it to the tests")
    stored: Verdicts = json.loads(file.read_text(encoding="utf-8"))
    return stored
