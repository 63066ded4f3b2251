"""PublicPaths, and how a router reads a path."""

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

from oauth_guard.errors import ConfigurationError

__all__ = [
    "PublicPaths",
    "fold_case",
    "is_ambiguous",
    "is_under",
    "path_readings",
    "read_pattern",
    "route_path",
]

_AMBIGUOUS_DECODED = re.compile(
    r"^[^/]|[\\;?#\ufffd\x00-\x1f\x7f]|/(?:/|\.\.?(?:/|$))|%[0-9A-Fa-f]{2}"
)
_AMBIGUOUS_ENCODED = re.compile(rb"%2f|%5c|%00", re.IGNORECASE)
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_QUESTION_MARK, _PERCENT = ord("?"), ord("%")  # integers: `in` finds them in bytes faster
# A path contains these as they are, so a client has no need to encode them (RFC 3986 §3.3).
_PLAIN = frozenset((string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@").encode())
_PATTERN = re.compile(r"(?:([A-Z]+) )?(/\S*)")
_SAFE = ("GET", "HEAD")
# Regular expressions that ignore case read both as an `i`; `str.casefold` keeps them apart.
_LETTERS_I = re.compile(r"i\u0307|\u0131")
# What other routers write for a parameter, or a regular expression.
_TEMPLATE = re.compile(r"[{}<>^|\[\]]|/:|\$$|\.\+")
_METHODS = (
    *("WEBSOCKET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "TRACE"),
    *("CONNECT", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT"),
    *("PURGE", "SEARCH", "MERGE"),
)
_NO_METHODS = {"WS", "WSS", "ALL", "ANY", "HTTP", "HTTPS", "SAFE"}


def route_path(path: str, root_path: str) -> str:
    """Return *path* without the *root_path* under which the application is mounted.

    A `root_path` that is not a prefix by whole segments is ignored, as in Starlette's router.
    """
    below = path.removeprefix(root_path)
    return below if below == "" or below.startswith("/") else path


def is_under(path: str, prefix: str) -> bool:
    """Return whether *path* is *prefix* or below it, by whole segments; every path is under `/`.

    *path* may be something else than a path, such as the `*` of `OPTIONS *`.
    """
    prefix = prefix.removesuffix("/")
    return not prefix or path == prefix or path.startswith(prefix + "/")


def fold_case(path: str) -> str:
    """Return *path* so that two are equal if a router without regard to case may match them."""
    return path.lower() if path.isascii() else _LETTERS_I.sub("i", path.casefold())


def path_readings(path: str, raw_path: bytes | None, root_paths: Sequence[str]) -> tuple[str, ...]:
    """Return *path* without a root path: first as `route_path` reads it, then as others do.

    Frameworks differ: Starlette removes the root path by whole segments, Quart and BlackSheep
    remove it as a string, Litestar removes all up to its first occurrence. BlackSheep reads the
    *raw_path*, in which a client may have encoded what needs no encoding. FastAPI replaces the
    root path by its own. Upper and lower case are not compared here.

    Args:
        path: The whole path, decoded.
        raw_path: The path as the client sent it, if the server passes it on.
        root_paths: The root path of the request, which may be empty, and those that the
            application may remove instead.
    """
    raw = path if raw_path is None else _decode_needed(raw_path)
    if raw == path and not any(root_paths):
        return (path,)
    whole = [path, raw]
    readings = [route_path(each, root_path) for root_path in root_paths for each in whole]
    for root_path in filter(None, root_paths):
        for each in whole:
            readings.append(_absolute(each.removeprefix(root_path)))
            readings.append(_absolute(each.split(root_path, maxsplit=1)[-1]))
    return tuple(dict.fromkeys(readings))


def is_ambiguous(path: str, raw_path: bytes | None) -> bool:
    """Return whether two programs may read *path* as two different paths.

    So they might with an encoded slash, a dot segment, an empty segment, a backslash, a `;` (which
    begins the parameters of a segment to servlet containers, RFC 3986 §3.3), a `?` or `#`, an
    escape that is encoded twice, bytes that are not UTF-8, or a control character (to a router
    whose pattern ends in `$`, `/a` is also `/a` and a newline), or where no slash begins it.
    """
    return bool(
        _AMBIGUOUS_DECODED.search(path)
        or (raw_path is not None and _AMBIGUOUS_ENCODED.search(raw_path))
    )


def read_pattern(pattern: Any, *, setting: str) -> tuple[str | None, str, bool]:
    """Read a pattern such as `/health`, `POST /hook`, `WEBSOCKET /feed` or `/static/*`.

    Args:
        pattern: What an operator wrote.
        setting: Where, for the text of the error.

    Returns:
        The method, None if there is none; the path; and whether the paths below it are meant.

    Raises:
        ConfigurationError: The pattern has another form.
    """
    match = _PATTERN.fullmatch(pattern) if isinstance(pattern, str) else None
    path = match[2].removesuffix("/*") if match else "*"
    if match is None or "*" in path or is_ambiguous(path, None):
        raise ConfigurationError(
            f'{setting} takes "/path", "METHOD /path", "WEBSOCKET /path" or "/path/*", '
            f"not {pattern!r}."
        )
    if _TEMPLATE.search(path):
        raise ConfigurationError(
            f"{setting} has no parameters or regular expressions, as in {pattern!r}: write "
            'the whole path, or "/path/*" for all paths below one.'
        )
    _check_method(match[1], setting)
    return match[1], path, match[2].endswith("/*")


def _check_method(method: str | None, setting: str) -> None:
    """Reject what is no method, and looks like a mistake."""
    if method is None or method in _METHODS:
        return
    similar = get_close_matches(method, _METHODS, n=1)
    if similar or method in _NO_METHODS:
        advice = f"write {similar[0]}" if similar else "write one entry for each method"
        raise ConfigurationError(f"{setting} has {method}, which is no HTTP method: {advice}.")


def _decode_needed(raw_path: bytes) -> str:
    """Decode the escapes of *raw_path*, except those of characters that need no encoding."""
    if _QUESTION_MARK in raw_path:
        raw_path = raw_path.partition(b"?")[0]
    if _PERCENT in raw_path:
        raw_path = _ENCODED.sub(_decode_one, raw_path)
    return raw_path.decode("utf-8", "replace")


def _decode_one(escape: re.Match[bytes]) -> bytes:
    value = int(escape[1], 16)
    return escape[0] if value in _PLAIN else bytes([value])


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


@dataclass(frozen=True, slots=True)
class PublicPaths:
    """The paths on which no token is read.

    Attributes:
        exact: Pairs of a method and a path; the method of a handshake is `WEBSOCKET`.
        subtrees: Pairs of a method and a path. The paths below it are public; it is not itself,
            with or without a slash at its end.
    """

    exact: frozenset[tuple[str, str]]
    subtrees: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, patterns: Iterable[Any]) -> Self:
        """Read patterns: `/health`, `POST /hook`, `WEBSOCKET /feed`, `/static/*`.

        Raises:
            ConfigurationError: A pattern has another form.
        """
        if isinstance(patterns, str):
            raise ConfigurationError(f'public= takes a list: public=["{patterns}"].')
        exact: set[tuple[str, str]] = set()
        subtrees: set[tuple[str, str]] = set()
        for pattern in patterns:
            method, path, is_subtree = read_pattern(pattern, setting="public=")
            chosen = subtrees if is_subtree else exact
            chosen.update((each, path) for each in ([method] if method else _SAFE))
        return cls(frozenset(exact), frozenset(subtrees))

    @property
    def is_empty(self) -> bool:
        """Whether no path is public."""
        return not self.exact and not self.subtrees

    @property
    def paths(self) -> set[str]:
        """The single paths that are public for some method."""
        return {path for _, path in self.exact}

    @property
    def trees(self) -> tuple[str, ...]:
        """The beginnings of the paths in public subtrees."""
        return tuple({f"{above}/" for _, above in self.subtrees})

    def include(
        self, method: str, path: str, raw_path: bytes | None, root_paths: Sequence[str] = ("",)
    ) -> bool:
        """Return whether *method* on *path* is public to every reader; see `path_readings`."""
        readings = path_readings(path, raw_path, root_paths)
        return all(self._includes(method, each) for each in readings) and not is_ambiguous(
            readings[0], raw_path
        )

    def _includes(self, method: str, path: str) -> bool:
        if (method, path) in self.exact:
            return True
        below = path.removesuffix("/")  # to some routers `/static/` is `/static`, which is above
        return any(
            method == allowed and below.startswith(above + "/") for allowed, above in self.subtrees
        )
