"""PublicPaths, and how a router reads a path."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from oauth_guard.errors import ConfigurationError

__all__ = ["PublicPaths", "is_ambiguous", "is_under", "route_path"]

_AMBIGUOUS_DECODED = re.compile(
    r"^[^/]|//|\\|[\x00-\x1f\x7f]|(^|/)\.\.?(/|$)|%(2f|5c|2e|00|0a)", re.IGNORECASE
)
_AMBIGUOUS_ENCODED = re.compile(rb"%2f|%5c|%00", re.IGNORECASE)
_PATTERN = re.compile(r"(?:([A-Z]+) )?(/\S*)")
_SAFE = ("GET", "HEAD")


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


def is_ambiguous(path: str, raw_path: bytes | None) -> bool:
    """Return whether two programs may read *path* as two different paths.

    They may if it has an encoded slash, a dot segment, an empty segment, a backslash or a control
    character (a router whose pattern ends in `$` also matches `/a` and a newline), or if it does
    not begin with a slash.
    """
    return bool(
        _AMBIGUOUS_DECODED.search(path)
        or (raw_path is not None and _AMBIGUOUS_ENCODED.search(raw_path))
    )


@dataclass(frozen=True, slots=True)
class PublicPaths:
    """The paths on which no token is read.

    Attributes:
        exact: Method and path, or `WEBSOCKET` and path.
        subtrees: Method and the path above the subtree. That path itself is not included, with or
            without a slash at its end.
    """

    exact: frozenset[tuple[str, str]]
    subtrees: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Self:
        """Read patterns: `/health`, `POST /hook`, `WEBSOCKET /feed`, `/static/*`.

        Raises:
            ConfigurationError: A pattern has another form.
        """
        if isinstance(patterns, str):
            raise ConfigurationError(f'public= takes a list: public=["{patterns}"].')
        exact: set[tuple[str, str]] = set()
        subtrees: set[tuple[str, str]] = set()
        for pattern in patterns:
            match = _PATTERN.fullmatch(pattern)
            path = match[2].removesuffix("/*") if match else "*"
            if match is None or "*" in path or is_ambiguous(path, None):
                raise ConfigurationError(
                    f'public= takes "/path", "METHOD /path", "WEBSOCKET /path" or "/path/*", '
                    f"not {pattern!r}."
                )
            chosen = subtrees if match[2].endswith("/*") else exact
            chosen.update((method, path) for method in ([match[1]] if match[1] else _SAFE))
        return cls(frozenset(exact), frozenset(subtrees))

    @property
    def paths(self) -> set[str]:
        """The single paths that are public for some method."""
        return {path for _, path in self.exact}

    @property
    def trees(self) -> tuple[str, ...]:
        """The beginnings of the paths in public subtrees."""
        return tuple({f"{above}/" for _, above in self.subtrees})

    def include(self, method: str, path: str, raw_path: bytes | None) -> bool:
        """Return whether *method* on *path*, without the root path and unambiguous, is public."""
        if (method, path) in self.exact:
            return not is_ambiguous(path, raw_path)
        below = path.removesuffix("/")  # to some routers `/static/` is `/static`, which is above
        for allowed, above in self.subtrees:
            if method == allowed and below.startswith(above + "/"):
                return not is_ambiguous(path, raw_path)
        return False
