"""Scope expressions: `scope("a") & scope("b") | scope("c")` (RFC 6749 §3.3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import NoReturn, TypeVar

from oauth_guard.errors import ConfigurationError

__all__ = ["ScopeExpression", "scope"]

_T = TypeVar("_T")

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True)
class ScopeExpression:
    """What scope a route asks for; `&` wants both sides, `|` either.

    Attributes:
        alternatives: Each a set of scopes that is enough, in the order they were written.
    """

    alternatives: tuple[tuple[str, ...], ...]
    _sets: tuple[frozenset[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the sets once: every request is held to them."""
        object.__setattr__(self, "_sets", tuple(map(frozenset, self.alternatives)))

    def __and__(self, other: "ScopeExpression") -> "ScopeExpression":
        pairs = product(self.alternatives, other.alternatives)
        return ScopeExpression(_distinct(_distinct(left + right) for left, right in pairs))

    def __or__(self, other: "ScopeExpression") -> "ScopeExpression":
        return ScopeExpression(_distinct(self.alternatives + other.alternatives))

    def __bool__(self) -> NoReturn:
        # `scope("a") and scope("b")` would ask for b alone, without a word.
        raise TypeError("a scope expression is neither true nor false: write & and |")

    def __str__(self) -> str:
        """Write the first alternative as a `scope` parameter: the one thing to ask for."""
        return " ".join(self.alternatives[0])

    def satisfied_by(self, granted: frozenset[str]) -> bool:
        """Tell whether *granted* holds every scope of one alternative, each matched whole."""
        return any(map(granted.issuperset, self._sets))


def scope(*names: str) -> ScopeExpression:
    """Return the expression that wants every one of *names*.

    Raises:
        ConfigurationError: There is none, or one could not stand in a `scope` parameter.
    """
    if not names:
        raise ConfigurationError('scope() wants at least one name: scope("read").')
    for name in names:
        if not _SCOPE.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} is no scope: write printable ASCII without space, quote or backslash, "
                'and several scopes as several arguments: scope("read", "write").'
            )
    return ScopeExpression((_distinct(names),))


def _distinct(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))
