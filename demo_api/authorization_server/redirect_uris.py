"""Redirect URIs: which may be registered, and which match a registered one."""

import re
from urllib.parse import urlsplit

_URI = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]{1,2000}")  # RFC 3986, no fragment
_REVERSE_DOMAIN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9-]+)+")
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_LOOPBACK = re.compile(
    r"(?P<before>http://(?:127\.0\.0\.1|\[::1\]|localhost))(?P<port>:[0-9]+)?(?P<after>(?:[/?].*)?)"
)


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
    """Return whether *requested* equals *registered*, except for the port on loopback.

    RFC 9700 §2.1 requires exact string matching, with this exception for native apps. RFC 8252
    §8.3 does not recommend `localhost`, so there the port may differ only if none is registered.
    """
    if requested == registered:
        return True
    ours, theirs = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(requested)
    if ours is None or theirs is None or not may_be_registered(requested):
        return False
    if ours["before"].endswith("localhost") and ours["port"]:
        return False
    return ours.group("before", "after") == theirs.group("before", "after")
