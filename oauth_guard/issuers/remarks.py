"""RemarkLog: warns once of each form of a claim that could not be read."""

import logging

from oauth_guard.protocol.access_token import AccessToken

__all__ = ["RemarkLog"]

_log = logging.getLogger("oauth_guard")
_MAX_REMARKS = 1000


class RemarkLog:
    """Logs the remarks of validated tokens: one WARNING per issuer and remark.

    A remark has names of claims and types of values, so there are few of them per issuer. After
    1,000, as many tenants may cause, no more are logged.
    """

    __slots__ = ("_logged",)

    def __init__(self) -> None:
        self._logged: set[tuple[str, str]] = set()

    def log(self, token: AccessToken) -> None:
        """Log the remarks of *token*, which is validated, that were not logged before."""
        for remark in token.remarks:
            entry = (token.issuer, remark)
            if entry not in self._logged and len(self._logged) < _MAX_REMARKS:
                self._logged.add(entry)
                _log.warning("%s: a token was accepted without a part of it: %s", *entry)
