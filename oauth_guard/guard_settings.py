"""The settings of a guard: what they must satisfy, and what builds its rejections."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, get_args

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import RejectionBuilder
from oauth_guard.protocol.metadata import MetadataSetting, ResourceMetadata, metadata_url
from oauth_guard.protocol.urls import is_loopback, parse_url

__all__ = ["Start", "check_settings", "present"]

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


class _Possession(Protocol):
    """What of the guard's check of proofs its callers see."""

    schemes: dict[str, Sequence[str]]

    @property
    def metadata(self) -> Mapping[str, object]: ...


def present(  # noqa: PLR0913, PLR0917 - the settings of a guard, and its parts
    possession: _Possession,
    issuers: Sequence[str],
    bearer_methods: Sequence[str],
    resource: str,
    realm: str | None,
    error_uri: str | None,
    metadata: MetadataSetting,
    scopes_supported: Iterable[str],
    debug: bool,  # noqa: FBT001 - a setting
) -> tuple[RejectionBuilder, str | None, bytes]:
    """Return what callers see of a guard: its rejections, the path of its metadata, the document.

    Challenges name the metadata of *resource*; if it is not served, they have a realm.

    Raises:
        ConfigurationError: A scope, a member of the metadata or a text is malformed.
    """
    published = ResourceMetadata(resource, metadata, scopes_supported, possession.metadata)
    is_served = published.path is not None
    rejections = RejectionBuilder(
        realm=realm if is_served else realm or resource,
        resource_metadata=metadata_url(resource) if is_served else None,
        error_uri=error_uri,
        debug=debug,
        schemes=possession.schemes,
    )
    return rejections, published.path, published.document(issuers, bearer_methods)
