"""folded(): one spelling for all names that a server might treat as the same."""

import unicodedata
from urllib.parse import unquote

__all__ = ["folded", "folded_uri", "has_dot_segments"]


def folded(name: str) -> str:
    """Return *name* without differences of case, white space, format characters and NFKC.

    Letters of different scripts that look the same stay different, since no server treats them
    as the same.
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    if not name.isprintable() or " " in name:
        name = "".join(each for each in name if each.isprintable() and each != " ")
    return name.lower()


def folded_uri(uri: str) -> str:
    """Return *uri* likewise, with its percent-encoded characters decoded (RFC 3986 §2.3)."""
    return folded(unquote(uri) if "%" in uri else uri)


def has_dot_segments(uri: str) -> bool:
    """Return whether a server might resolve the path of *uri* to another one (RFC 3986 §5.2.4)."""
    if "." not in uri and "%" not in uri:
        return False
    segments = unquote(uri).partition("?")[0].replace("\\", "/").split("/")
    return "." in segments or ".." in segments
