"""DecisionLog: what the operator reads about rejected requests, without tokens and claims."""

import logging

from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.log_limit import LogLimit

__all__ = ["DecisionLog"]

_log = logging.getLogger("oauth_guard")


class DecisionLog:
    """Logs the rejections of one guard: outages at WARNING, a limited number; others at INFO.

    Args:
        resource: The resource of the guard, which each line begins with.
    """

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._limit = LogLimit()

    def write(self, error: RequestRejected | IssuerUnavailable, status: int = 503) -> None:
        """Log the reason of *error*, which is sent with this *status*, if it is not 503."""
        if isinstance(error, IssuerUnavailable):
            message = "%s: no response from %s: %s"
            kind = (error.issuer, error.reason)
            self._limit.log(logging.WARNING, kind, message, self._resource, *kind)
        elif _log.isEnabledFor(logging.INFO):
            _log.info("%s: rejected with %d: %s", self._resource, status, error.reason)
