"""LogLimit: write one kind of log line once per interval, with the number of lines left out."""

import logging
import time
from collections.abc import Hashable

from oauth_guard.interfaces import Clock

__all__ = ["LogLimit"]

_log = logging.getLogger("oauth_guard")

_SECONDS = 10
_MAX_KINDS = 1000


class LogLimit:
    """Writes to the log `oauth_guard`: of each kind of line one in ten seconds.

    The next line of the same kind states how many were left out before it, so that callers
    can't fill the log. At most 1000 kinds are counted; the one seen first is dropped then.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._kinds: dict[Hashable, list[float]] = {}

    def log(self, level: int, kind: Hashable, message: str, *args: object) -> None:
        """Write the line, or count it if one of this *kind* was written in the last ten seconds."""
        now = self._clock()
        entry = self._kinds.get(kind)
        if entry is None:
            if len(self._kinds) >= _MAX_KINDS:
                del self._kinds[next(iter(self._kinds))]
            self._kinds[kind] = [now, 0]
            _log.log(level, message, *args)
            return
        written_at, left_out = entry
        if now - written_at < _SECONDS:
            entry[1] += 1
            return
        entry[:] = [now, 0]
        if left_out:
            message += " (%d more in the last %.0f s)"
            args = (*args, left_out, now - written_at)
        _log.log(level, message, *args)
