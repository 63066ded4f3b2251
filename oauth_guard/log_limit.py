"""LogLimit: write few log lines of one kind per interval, and the number of those left out."""

import logging
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from oauth_guard.interfaces import Clock

__all__ = ["LogLimit"]

_log = logging.getLogger("oauth_guard")

_SECONDS = 10
_LINES = 5
_MAX_KINDS = 1000


class LogLimit:
    """Writes to the log `oauth_guard`: of each kind of line five in ten seconds.

    The next line of the same kind states how many were left out before it, so that callers
    can't fill the log. At most 1000 kinds are counted; a further one replaces the oldest.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._kinds: dict[Hashable, _Interval] = {}

    def log(
        self,
        level: int,
        kind: Hashable,
        message: str,
        *args: object,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        """Write the line, or count it if five of this *kind* were written in ten seconds.

        *extra* becomes attributes of the log record.
        """
        now = self._clock()
        interval = self._kinds.get(kind)
        if interval is None or now - interval.start >= _SECONDS:
            if interval is not None and interval.lines > _LINES:
                message += " (%d more in the last %.0f s)"
                args = (*args, interval.lines - _LINES, now - interval.start)
            interval = self._begin_interval(kind, now)
        interval.lines += 1
        if interval.lines <= _LINES:
            _log.log(level, message, *args, extra=extra)

    def _begin_interval(self, kind: Hashable, now: float) -> "_Interval":
        if kind not in self._kinds and len(self._kinds) >= _MAX_KINDS:
            del self._kinds[next(iter(self._kinds))]
        interval = self._kinds[kind] = _Interval(now)
        return interval


@dataclass(slots=True)
class _Interval:
    """When ten seconds began, and how many lines there were since."""

    start: float
    lines: int = 0
