"""DecisionLog: what the operator reads about rejected requests, without tokens and claims."""

import logging
import time

from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.interfaces import Clock
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["DecisionLog"]

_log = logging.getLogger("oauth_guard")


class DecisionLog:
    """Logs the rejections of one guard: outages at WARNING, others at INFO.

    Of each reason, and of each issuer in an outage, five lines are written in ten seconds; the next
    one has the number of those left out, so that callers can't fill the log (see `LogLimit`).
    The attribute `oauth_guard` of the log record is a dictionary of the resource, the status, the
    reason, method and path of the request, and of `detail`.

    Args:
        resource: The resource of the guard, which each line begins with.
        clock: Returns monotonic seconds.
    """

    def __init__(self, resource: str, clock: Clock = time.monotonic) -> None:
        self._resource = resource
        self._limit = LogLimit(clock)

    def write(
        self,
        error: RequestRejected | IssuerUnavailable,
        status: int = 503,
        request: ResourceRequest | None = None,
    ) -> None:
        """Log the reason of *error*, which is sent with this *status*, if it is not 503."""
        is_outage = isinstance(error, IssuerUnavailable)
        if not is_outage and not _log.isEnabledFor(logging.INFO):
            return
        target = {} if request is None else request.target
        facts = {"resource": self._resource, "status": status, "reason": str(error.reason)}
        extra = {"oauth_guard": {**error.detail, **facts, **target}}
        place = "".join(f"{each} " for each in target.values()).rstrip()
        place = f" {place}:" if place else ""
        level, kind = logging.INFO, (error.reason, "")
        message, what = "%s:%s rejected with %s%s: %s", str(status)
        if isinstance(error, IssuerUnavailable):
            extra["oauth_guard"]["issuer"] = error.issuer
            level, kind = logging.WARNING, (error.reason, error.issuer)
            message, what = "%s:%s no response from %s%s: %s", error.issuer
        parts = (self._resource, place, what, error.detail_text, error.reason)
        self._limit.log(level, kind, message, *parts, extra=extra)
