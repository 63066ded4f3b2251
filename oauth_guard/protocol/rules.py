"""Rules: what each path requires, for applications whose endpoints can't be decorated."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from oauth_guard.errors import ConfigurationError, InvalidRequest, Reason
from oauth_guard.protocol.paths import is_ambiguous, path_readings, read_pattern
from oauth_guard.protocol.requirement import DENIED, Requirement, read_requirement
from oauth_guard.protocol.scopes import ScopeExpression

__all__ = ["Rules"]

_DENY = "deny"
_PAIR = 2


class Rules:
    """What each path requires of its caller.

    A rule is a pattern and a requirement. The patterns are those of `public=`: `"/orders"`,
    `"POST /orders"`, `"WEBSOCKET /feed"`, and `"/orders/*"` for all paths below `/orders`, itself
    not included. A rule without a method is one for GET, and GET includes HEAD. The order does
    not matter: a whole path decides before a `/*`, and the longest `/*` before shorter ones.

    A path that an application may read as that of another rule is rejected with 400: see
    `requirement`.

    Args:
        rules: Pairs of a pattern and what it requires: a scope, a scope expression, a
            `Requirement`, None for any valid token, or `"deny"`, which rejects every caller with
            403.
        default: What all other requests require, likewise.

    Raises:
        ConfigurationError: A pattern or requirement has another form, or two patterns are the
            same to some application.
    """

    def __init__(
        self,
        rules: Iterable[tuple[str, str | ScopeExpression | Requirement | None]],
        *,
        default: str | ScopeExpression | Requirement | None = "deny",
    ) -> None:
        self._default = _read(default)
        self._exact: dict[tuple[str, str], Requirement] = {}
        self._subtrees: dict[tuple[str, str], Requirement] = {}
        patterns: dict[tuple[str, str, bool], str] = {}
        for pattern, requires in _pairs(rules):
            method, path, is_subtree = read_pattern(pattern, setting="Rules()")
            method = "GET" if method in {None, "HEAD"} else str(method)
            key = (method, path.casefold(), is_subtree)
            if key in patterns:
                raise ConfigurationError(
                    f"Rules() has {patterns[key]!r} and {pattern!r}, which are one path and "
                    "method, at least to a router that ignores case: leave one out."
                )
            patterns[key] = pattern
            chosen = self._subtrees if is_subtree else self._exact
            chosen[method, path] = _read(requires)
        self._folded = _fold(self._exact)
        self._folded_subtrees = _fold(self._subtrees)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every requirement that a request may have to satisfy."""
        return (*self._exact.values(), *self._subtrees.values(), self._default)

    @property
    def has_handshakes(self) -> bool:
        """Whether a rule is for a WebSocket handshake."""
        return any(method == "WEBSOCKET" for method, _ in (*self._exact, *self._subtrees))

    def requirement(
        self, method: str, path: str, raw_path: bytes | None, root_paths: Sequence[str] = ("",)
    ) -> Requirement:
        """Return what *method* on *path* requires.

        Args:
            method: The HTTP method; `WEBSOCKET` for a handshake.
            path: The whole path, decoded; see `path_readings`, as for the next two.
            raw_path: The path as the client sent it.
            root_paths: What an application may remove from the path.

        Raises:
            InvalidRequest: Two programs might read the path as that of two rules: by its
                encoding, by a root path, by upper and lower case, or by a slash at its end.
        """
        readings = path_readings(path, raw_path, root_paths)
        method = "GET" if method == "HEAD" else method
        requirement = self._find(method, readings[0])
        if is_ambiguous(readings[0], raw_path) or any(
            self._find(method, each) != requirement for each in readings[1:]
        ):
            raise InvalidRequest(Reason.AMBIGUOUS_PATH)
        return requirement

    def _find(self, method: str, path: str) -> Requirement:
        """Return what *path* requires, unless another program may find another rule."""
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact
        found = _above(method, path, self._subtrees) or self._default
        folded = path.casefold()
        others = [self._folded.get((method, each)) for each in _spellings(folded)]
        others.append(_above(method, folded, self._folded_subtrees))
        if any(each is not None and each != found for each in others):
            raise InvalidRequest(Reason.AMBIGUOUS_PATH)
        return found


def _above(
    method: str, path: str, subtrees: Mapping[tuple[str, str], Requirement]
) -> Requirement | None:
    """Return the requirement of the longest of *subtrees* that *path* is in."""
    below = path.removesuffix("/")  # to some routers `/static/` is `/static`, which is above
    found = [
        (len(above), requirement)
        for (allowed, above), requirement in subtrees.items()
        if method == allowed and below.startswith(f"{above}/")
    ]
    return max(found, key=itemgetter(0))[1] if found else None


def _spellings(path: str) -> tuple[str, str]:
    """Return *path* without a slash at its end, and with one."""
    bare = path.removesuffix("/")
    return bare, f"{bare}/"


def _fold(rules: Mapping[tuple[str, str], Requirement]) -> dict[tuple[str, str], Requirement]:
    return {(method, path.casefold()): each for (method, path), each in rules.items()}


def _pairs(rules: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    for rule in [rules] if isinstance(rules, str | Mapping) else rules:
        if isinstance(rule, str) or not isinstance(rule, Sequence) or len(rule) != _PAIR:
            raise ConfigurationError(
                'Rules() takes pairs: Rules([("GET /orders/*", "orders:read")]).'
            )
        yield rule[0], rule[1]


def _read(requires: str | ScopeExpression | Requirement | None) -> Requirement:
    if isinstance(requires, str) and requires == _DENY:
        return DENIED
    return read_requirement(requires) or Requirement()
