"""DecisionLog: what the operator reads about rejected requests, without tokens and claims."""

import logging

from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["DecisionLog"]

_log = logging.getLogger("oauth_guard")


class DecisionLog:
    """Logs the rejections of one guard: outages at WARNING, a limited number; others at INFO.

    A line ends with the reason. The attribute `oauth_guard` of the log record is a dictionary of
    the resource, the status, the reason, method and path of the request, and of `detail`.

    Args:
        resource: The resource of the guard, which each line begins with.
    """

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._limit = LogLimit()

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
        if isinstance(error, IssuerUnavailable):
            extra["oauth_guard"]["issuer"] = error.issuer
            message, kind = "%s:%s no response from %s%s: %s", (error.issuer, error.reason)
            about = (error.detail_text, error.reason)
            whose = (self._resource, place, error.issuer)
            self._limit.log(logging.WARNING, kind, message, *whose, *about, extra=extra)
        else:
            message = "%s:%s rejected with %d%s: %s"
            about = (error.detail_text, error.reason)
            _log.info(message, self._resource, place, status, *about, extra=extra)
