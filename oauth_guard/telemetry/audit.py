"""AuditLog: writes each decision as one line of JSON."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Protocol

from oauth_guard.interfaces import Clock
from oauth_guard.protocol.events import Decision

__all__ = ["AuditLog"]


class _Writable(Protocol):
    def write(self, text: str, /) -> object: ...


class AuditLog:
    """An observer that writes each decision as one line of JSON, members without a value left out.

    A line has the time in UTC (RFC 3339), and the members of `Decision`. It has no token, no
    claim and no path. It is written in the event loop: a file that may block, such as one on a
    network, delays requests.

    Args:
        file: What to write to, such as an open file; standard output by default.
        clock: Returns seconds since the epoch.
    """

    def __init__(self, file: _Writable | None = None, *, clock: Clock = time.time) -> None:
        self._file, self._clock = file, clock

    def __call__(self, decision: Decision) -> None:
        """Write *decision*."""
        moment = datetime.fromtimestamp(self._clock(), UTC)
        members = {"time": moment.isoformat(timespec="milliseconds"), **decision._asdict()}
        line = json.dumps({name: value for name, value in members.items() if value is not None})
        (self._file or sys.stdout).write(f"{line}\n")
