"""AuditLog: one line of JSON for each decision."""

import io
import json

import pytest

from oauth_guard.errors import Reason
from oauth_guard.protocol.events import Decision
from oauth_guard.telemetry.audit import AuditLog
from tests.builders.clock import FakeClock
from tests.builders.request_history import RequestHistory


def test_decision_is_one_line_without_empty_members() -> None:
    """With the time in UTC."""
    file = io.StringIO()
    log = AuditLog(file, clock=FakeClock(1_800_000_000.25))
    log(Decision("https://api.test", "rejected", Reason.EXPIRED, 401, method="GET"))
    assert json.loads(file.getvalue()) == {
        "time": "2027-01-15T08:00:00.250+00:00",
        "resource": "https://api.test",
        "outcome": "rejected",
        "reason": "expired",
        "status": 401,
        "method": "GET",
    }


def test_line_is_written_to_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """As containers log."""
    AuditLog(clock=FakeClock())(Decision("https://api.test", "authorized"))
    assert json.loads(capsys.readouterr().out)["outcome"] == "authorized"


async def test_history_has_one_line_for_each_decision_and_no_token() -> None:
    """Nor a claim."""
    file = io.StringIO()
    history = RequestHistory([AuditLog(file)], seed=2)
    await history.send(200)
    lines = file.getvalue().splitlines()
    assert len(lines) == history.expected.total()
    assert all(json.loads(line)["resource"] for line in lines)
    assert "u1" not in file.getvalue()
    assert "eyJ" not in file.getvalue()
