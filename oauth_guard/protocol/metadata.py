"""The protected resource metadata document and its URL (RFC 9728 §2, §3)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from oauth_guard.protocol.scopes import scope

__all__ = ["METADATA_HEADERS", "metadata_document", "metadata_path", "metadata_url"]

_WELL_KNOWN = "/.well-known/oauth-protected-resource"

METADATA_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=3600"),
    (b"access-control-allow-origin", b"*"),
)
"""The header fields of the document: cacheable for 3600 s, readable from every origin (§7.10)."""


def metadata_url(resource: str) -> str:
    """Return the URL of the metadata of *resource*: well-known path, then its own path (§3.1)."""
    parts = urlsplit(resource)
    path = "" if parts.path == "/" else parts.path
    return parts._replace(path=_WELL_KNOWN + path).geturl()


def metadata_path(resource: str) -> str:
    """Return the path of `metadata_url` percent-decoded, as an ASGI application gets it."""
    return unquote(urlsplit(metadata_url(resource)).path)


def metadata_document(
    resource: str,
    issuers: Sequence[str],
    bearer_methods: Sequence[str],
    scopes: Iterable[str],
    binding: Mapping[str, object] = MappingProxyType({}),
) -> bytes:
    """Return the document as JSON. Empty members are omitted (§3.2).

    *binding* is the members about tokens that are bound to a key.

    Raises:
        ConfigurationError: A scope is malformed.
    """
    document = {
        "resource": resource,
        "authorization_servers": list(issuers),
        "bearer_methods_supported": list(bearer_methods),
        "scopes_supported": [str(scope(name)) for name in scopes],
        **binding,
    }
    return json.dumps({name: value for name, value in document.items() if value}).encode("ascii")
