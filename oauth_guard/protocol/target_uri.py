"""The target URI of a request in normal form, without query and fragment (RFC 3986 §6.2)."""

import re
import string
from urllib.parse import quote, unquote_to_bytes

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.paths import is_under
from oauth_guard.protocol.urls import DEFAULT_PORTS, parse_url

__all__ = ["full_raw_path", "normalize_origin", "normalize_uri", "target_uri"]

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_PATH_CHARACTERS = "/:@!$&'()*+,;=-._~"
_PATH = re.compile(r"(?:[A-Za-z0-9/:@!$&'()*+,;=\-._~]|%[0-9A-Fa-f]{2})*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~]+)(?::(?P<port>[0-9]{0,5}))?")
_QUERY_OR_FRAGMENT = re.compile(r"[?#].*", re.DOTALL)


def normalize_uri(uri: str) -> str:
    """Return the http or https *uri* in normal form, without query and fragment.

    Scheme and host become lower case, a default port is left out, unreserved characters are
    decoded, other escapes are written in upper case, dot segments are removed, and an empty path
    becomes `/` (RFC 3986 §6.2.2, §6.2.3). A slash that is escaped stays escaped. Empty segments
    stay, and upper and lower case in the path differ.

    Raises:
        ValueError: *uri* is no absolute http or https URI, names a user, or has a character or an
            escape that no URI has. The text quotes nothing of it.
    """
    scheme, separator, rest = _QUERY_OR_FRAGMENT.sub("", uri).partition("://")
    authority, slash, path = rest.partition("/")
    if not separator:
        raise ValueError("not an absolute URI")
    return _origin(scheme, authority) + _normalize_path(slash + path)


def normalize_origin(public_origin: str) -> str:
    """Return the configured origin under which clients reach this resource, in normal form.

    Raises:
        ConfigurationError: It is not scheme, host and port alone, or is http on a host that is
            not a loopback one.
    """
    parts = parse_url(public_origin, setting="public_origin")
    if parts.path not in {"", "/"} or "?" in public_origin:
        raise ConfigurationError(
            'public_origin= is scheme, host and port, like "https://api.example.com": the path of '
            "a request is read from the request."
        )
    try:
        return _origin(parts.scheme, parts.netloc)
    except ValueError:
        raise ConfigurationError(
            'public_origin= names a host in ASCII, like "https://api.example.com".'
        ) from None


def target_uri(origin: str, raw_path: bytes) -> str:
    """Return the target URI of a request for *raw_path* at the normalized *origin*.

    Args:
        origin: What `normalize_origin` returned. `Host` and forwarded fields are never read,
            since the sender of a request writes them.
        raw_path: The path of the request, still percent-encoded, from the root of the origin. A
            query after it is dropped.

    Raises:
        ValueError: *raw_path* has a character or an escape that no URI has.
    """
    path = _QUERY_OR_FRAGMENT.sub("", raw_path.decode("latin-1"))
    return origin + _normalize_path(path)


def full_raw_path(path: str, raw_path: bytes | None, root_path: str) -> bytes:
    """Return the percent-encoded path of a request from the root of its origin.

    ASGI includes `root_path` in `path`; some servers, where a proxy removes a prefix, do not. Both
    give the same result here.

    Args:
        path: The decoded path, as the server gives it.
        raw_path: The encoded path, or None where the server has none: then *path* is encoded.
        root_path: The decoded prefix under which the application is mounted.
    """
    raw = raw_path if raw_path is not None else _encode(path)
    if is_under(unquote_to_bytes(raw).decode("utf-8", "replace"), root_path):
        return raw
    return _encode(root_path.removesuffix("/")) + raw


def _encode(path: str) -> bytes:
    return quote(path, safe=_PATH_CHARACTERS, errors="replace").encode("ascii")


def _origin(scheme: str, authority: str) -> str:
    match = _AUTHORITY.fullmatch(authority)
    default_port = DEFAULT_PORTS.get(scheme.lower())
    if match is None or default_port is None:
        raise ValueError("not the origin of an http or https URI")
    origin = f"{scheme}://{match['host']}".lower()
    port = int(match["port"] or default_port)
    return origin if port == default_port else f"{origin}:{port}"


def _normalize_path(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError("a character or an escape that no URI has")
    if "%" in path:
        path = _ESCAPE.sub(_normalize_escape, path)
    if "/." in path:
        path = _remove_dot_segments(path)
    return path or "/"


def _normalize_escape(match: re.Match[str]) -> str:
    character = chr(int(match[0][1:], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _remove_dot_segments(path: str) -> str:
    """Remove `.` and `..` from an absolute path (RFC 3986 §5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
