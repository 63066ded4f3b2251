"""Redirect URIs: which may be registered, and which match a registered one."""

import re
from urllib.parse import urlsplit

_URI = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]{1,2000}")  # RFC 3986, no fragment
_REVERSE_DOMAIN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9-]+)+")
_LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})
_LOOPBACK_HOSTS = _LOOPBACK_ADDRESSES | {"localhost"}


def may_be_registered(uri: str) -> bool:
    """Return whether *uri* is https, http on loopback, or an app's own scheme (RFC 8252 §7)."""
    if not _URI.fullmatch(uri):
        return False
    try:
        parts = urlsplit(uri)
        _ = parts.port  # parsed here, since an invalid port raises only here
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and "@" not in parts.netloc
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK_HOSTS and "@" not in parts.netloc
    # A scheme with a dot belongs to the owner of that domain; this excludes `javascript:`.
    return _REVERSE_DOMAIN_SCHEME.fullmatch(parts.scheme) is not None


def matches(registered: str, requested: str) -> bool:
    """Return whether *requested* equals *registered*, except for the port on loopback."""
    if requested == registered:
        return True
    return (
        _is_loopback_address(registered)
        and may_be_registered(requested)
        and _without_port(requested) == _without_port(registered)
    )


def _is_loopback_address(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK_ADDRESSES


def _without_port(uri: str) -> str:
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.hostname or "").geturl()
