"""loopback_resource() and loopback_origin(): URLs of other servers on this machine."""

import re
from urllib.parse import urlsplit

from demo_api.serving import is_loopback

_URL = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]{1,2000}")  # RFC 3986, no fragment


def loopback_resource(text: str) -> str:
    """Return *text*, unaltered: resources are compared character by character.

    Raises:
        ValueError: It is no http or https URL of loopback, or it has a fragment (RFC 8707 §2).
    """
    if not _is_loopback_url(text):
        raise ValueError("not a URL of this machine")
    return text


def loopback_origin(text: str) -> str:
    """Return *text*, which is an origin: scheme, host and port.

    Raises:
        ValueError: It is not on loopback, or has a path.
    """
    if urlsplit(loopback_resource(text)).path or "?" in text:
        raise ValueError("not an origin of this machine")
    return text


def host_and_port(origin: str) -> tuple[str, int]:
    """Return the host and the port of *origin*, by default that of its scheme."""
    parts = urlsplit(origin)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _is_loopback_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # parsed here, since an invalid port raises only here
    except ValueError:
        return False
    is_http = _URL.fullmatch(text) is not None and parts.scheme in {"http", "https"}
    return is_http and "@" not in parts.netloc and is_loopback(parts.hostname or "")
