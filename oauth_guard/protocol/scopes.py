"""Scope expressions: `scope("a") & scope("b") | scope("c")` (RFC 6749 §3.3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from types import FunctionType
from typing import NoReturn, TypeVar

from oauth_guard.errors import ConfigurationError

__all__ = ["ScopeExpression", "scope"]

_T = TypeVar("_T")

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
# RFC 6749 §3.3 allows these separators in a scope; those of SMART on FHIR have them in a query.
_SEVERAL = re.compile(r"[\w.:/*-]+([,;|&]+[\w.:/*-]+)+|[\w.:/*-]+[,;]|[,;][\w.:/*-]+")


@dataclass(frozen=True, slots=True)
class ScopeExpression:
    """The scope that a route requires: `&` requires both sides, `|` either side.

    Attributes:
        alternatives: Sets of scopes, in the order of the expression. Each satisfies it alone.
    """

    alternatives: tuple[tuple[str, ...], ...]
    _sets: tuple[frozenset[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Build the sets once, not for each request."""
        object.__setattr__(self, "_sets", tuple(map(frozenset, self.alternatives)))

    def __and__(self, other: "ScopeExpression | str") -> "ScopeExpression":
        pairs = product(self.alternatives, _expression(other).alternatives)
        return ScopeExpression(_distinct(_distinct(left + right) for left, right in pairs))

    def __rand__(self, other: str) -> "ScopeExpression":
        return _expression(other) & self

    def __or__(self, other: "ScopeExpression | str") -> "ScopeExpression":
        return ScopeExpression(_distinct(self.alternatives + _expression(other).alternatives))

    def __ror__(self, other: str) -> "ScopeExpression":
        return _expression(other) | self

    def __bool__(self) -> NoReturn:
        # `scope("a") and scope("b")` is `scope("b")` in Python: it would drop a requirement.
        raise TypeError("a scope expression is neither true nor false: write & and |")

    def __invert__(self) -> NoReturn:
        raise ConfigurationError(
            '~scope("a") is not possible: write the scopes that are required. A client chooses '
            "which scopes it requests, so it would leave out one that forbids something."
        )

    def _misused(self, _: object) -> NoReturn:
        raise ConfigurationError(
            'Scopes are combined by & and |: scope("a") & scope("b"), scope("a") | scope("b").'
        )

    __add__ = __radd__ = __sub__ = __xor__ = __rxor__ = _misused

    def __str__(self) -> str:
        """Return the first alternative as a `scope` parameter, for the challenge."""
        return " ".join(self.alternatives[0])

    def satisfied_by(self, granted: frozenset[str]) -> bool:
        """Return whether *granted* contains every scope of one alternative, compared exactly."""
        for scopes in self._sets:  # noqa: SIM110 - any() costs more than the comparison
            if scopes <= granted:
                return True
        return False


def scope(*names: str) -> ScopeExpression:
    """Return the expression that requires all of *names*.

    Raises:
        ConfigurationError: *names* is empty, or a name is not a scope token (RFC 6749 §3.3).
    """
    if not names:
        raise ConfigurationError('scope() needs at least one name: scope("read").')
    for name in names:
        _check(name)
    return ScopeExpression((_distinct(names),))


def _expression(operand: object) -> ScopeExpression:
    return operand if isinstance(operand, ScopeExpression) else scope(operand)  # type: ignore[arg-type] # it is checked


def _check(name: object) -> None:
    example = 'write each scope as an argument: scope("read", "write")'
    if isinstance(name, FunctionType):
        raise ConfigurationError(
            f"{name.__qualname__} is a function and no scope: write requires() with parentheses."
        )
    if not isinstance(name, str):
        raise ConfigurationError(
            f"A scope is a string, not of type {type(name).__name__}: {example}."
        )
    if not _SCOPE.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no scope: write printable ASCII without space, quote or backslash, and "
            'several scopes as several arguments: scope("read", "write").'
        )
    if _SEVERAL.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} looks like several scopes: {example}, and alternatives as "
            'scope("a") | scope("b").'
        )


def _distinct(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))
