"""The settings of a guard: what they must satisfy, and what builds its rejections."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, TypedDict, get_args

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import RejectionBuilder
from oauth_guard.protocol.metadata import MetadataSetting, ResourceMetadata, metadata_url
from oauth_guard.protocol.urls import is_loopback, parse_url

__all__ = ["ResourceSettings", "Start", "check_settings", "published"]

_log = logging.getLogger("oauth_guard")

Start: TypeAlias = Literal["background", "wait", "fail fast"]
"""What a guard does about keys at start-up."""


class ResourceSettings(TypedDict, total=False):
    """The resource of a guard as its callers see it: keyword arguments of `Guard`.

    Attributes:
        realm: The protection space that challenges name.
        error_uri: A page about errors, for the client's developer.
        scopes_supported: The scopes that the metadata lists.
        metadata: Serve the resource's metadata (RFC 9728), with further members if it is a mapping.
        debug: Add the reason and the trace to the body of a rejection, for a resource on a
            loopback host.
        trace: Append the steps of a request to the `Trace` in its connection: see `Trace`.
        insecure_http: Accept an http resource that is not on a loopback host.
    """

    realm: str | None
    error_uri: str | None
    scopes_supported: Iterable[str]
    metadata: MetadataSetting
    debug: bool
    trace: bool
    insecure_http: bool


def check_settings(resource: str, start: str, settings: ResourceSettings) -> None:
    """Check settings of a guard, and log those that are allowed and unwise.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """
    insecure_http = settings.get("insecure_http", False)
    parts = parse_url(resource, setting="resource", insecure_http=insecure_http)
    if parts.query:
        _log.warning("%s: a resource should have no query (RFC 8707 section 2)", resource)
    if insecure_http:
        _log.warning("%s: insecure_http=True lets tokens travel unprotected", resource)
    if settings.get("debug", False) and not is_loopback(parts):
        raise ConfigurationError("debug=True is for a resource on a loopback host: leave it out.")
    if start not in get_args(Start):
        raise ConfigurationError(f"start= is one of {', '.join(get_args(Start))}.")


class _Possession(Protocol):
    """What of the guard's check of proofs its callers see."""

    schemes: dict[str, Sequence[str]]

    @property
    def metadata(self) -> Mapping[str, object]: ...


def published(
    resource: str,
    possession: _Possession,
    issuers: Sequence[str],
    bearer_methods: Sequence[str],
    settings: ResourceSettings,
) -> tuple[RejectionBuilder, str | None, bytes]:
    """Return what callers see of a guard: its rejections, the path of its metadata, the document.

    Challenges name the metadata of *resource*; if it is not served, they have a realm.

    Raises:
        ConfigurationError: A scope, a member of the metadata or a text is malformed.
    """
    scopes, realm = settings.get("scopes_supported", ()), settings.get("realm")
    setting = settings.get("metadata", True)
    metadata = ResourceMetadata(resource, setting, scopes, possession.metadata)
    is_served = metadata.path is not None
    rejections = RejectionBuilder(
        realm=realm if is_served else realm or resource,
        resource_metadata=metadata_url(resource) if is_served else None,
        error_uri=settings.get("error_uri"),
        debug=settings.get("debug", False),
        schemes=possession.schemes,
    )
    return rejections, metadata.path, metadata.document(issuers, bearer_methods)
