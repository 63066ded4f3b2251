"""The protected resource metadata document and where it lives (RFC 9728 §2, §3)."""

import json
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

__all__ = ["METADATA_HEADERS", "metadata_document", "metadata_path", "metadata_url"]

_WELL_KNOWN = "/.well-known/oauth-protected-resource"

METADATA_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=3600"),
    (b"access-control-allow-origin", b"*"),
)
"""The header fields that go with the document: cacheable, and readable by scripts (§7.10)."""


def metadata_url(resource: str) -> str:
    """Return the URL of the metadata of *resource*, the well-known part before its path (§3.1)."""
    parts = urlsplit(resource)
    path = "" if parts.path == "/" else parts.path
    return parts._replace(path=_WELL_KNOWN + path).geturl()


def metadata_path(resource: str) -> str:
    """Return the path of `metadata_url` as an application sees it, which is decoded."""
    return unquote(urlsplit(metadata_url(resource)).path)


def metadata_document(
    resource: str, issuers: Sequence[str], bearer_methods: Sequence[str], scopes: Sequence[str]
) -> bytes:
    """Return the document: what is guarded, who issues tokens for it, and how to send them."""
    document = {
        "resource": resource,
        "authorization_servers": list(issuers),
        "bearer_methods_supported": list(bearer_methods),
        "scopes_supported": list(scopes),
    }
    return json.dumps({name: value for name, value in document.items() if value}).encode("ascii")
