"""check_settings: what the settings of a guard must satisfy, and the type of `start=`."""

import logging
from typing import Literal, TypeAlias, get_args

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.urls import is_loopback, parse_url

__all__ = ["Start", "check_settings"]

_log = logging.getLogger("oauth_guard")

Start: TypeAlias = Literal["background", "wait", "fail fast"]
"""What a guard does about keys at start-up."""


def check_settings(resource: str, start: str, *, debug: bool, insecure_http: bool) -> None:
    """Check settings of a guard, and log those that are allowed and unwise.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
    parts = parse_url(resource, setting="resource", insecure_http=insecure_http)
    if parts.query:
        _log.warning("%s: a resource should have no query (RFC 8707 section 2)", resource)
    if insecure_http:
        _log.warning("%s: insecure_http=True lets tokens travel unprotected", resource)
    if debug and not is_loopback(parts):
        raise ConfigurationError("debug=True is for a resource on a loopback host: leave it out.")
    if start not in get_args(Start):
        raise ConfigurationError(f"start= is one of {', '.join(get_args(Start))}.")
