"""The settings of a guard: what they must satisfy, and what builds its rejections."""

import logging
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import RejectionBuilder
from oauth_guard.protocol.metadata import metadata_url
from oauth_guard.protocol.urls import is_loopback, parse_url

__all__ = ["Start", "check_settings", "rejection_builder"]

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


def rejection_builder(  # noqa: PLR0913 - settings
    resource: str,
    realm: str | None,
    error_uri: str | None,
    schemes: Mapping[str, Sequence[str]],
    *,
    metadata: bool,
    debug: bool,
) -> RejectionBuilder:
    """Return what builds the rejections of a guard.

    Challenges name the metadata of *resource*; if it is not served, they have a realm.
    """
    return RejectionBuilder(
        realm=realm if metadata else realm or resource,
        resource_metadata=metadata_url(resource) if metadata else None,
        error_uri=error_uri,
        debug=debug,
        schemes=schemes,
    )
