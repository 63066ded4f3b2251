"""loopback_resource(): the URL of a server on this machine, for which tokens can be issued."""

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


def _is_loopback_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # parsed here, since an invalid port raises only here
    except ValueError:
        return False
    is_http = _URL.fullmatch(text) is not None and parts.scheme in {"http", "https"}
    return is_http and "@" not in parts.netloc and is_loopback(parts.hostname or "")
