"""MoreClaims: what a token must say beyond the registered claims, by value or by a function."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason

__all__ = ["ClaimCheck", "MoreClaims"]

ClaimCheck: TypeAlias = Callable[[Mapping[str, Any]], object]
"""Looks at the claims of a token; it refuses by raising a `RequestRejected`, else returns None."""


@dataclass(frozen=True, slots=True)
class MoreClaims:
    """More that a token must say, judged on each request.

    Attributes:
        exact: Claims and the values that they must have, written as JSON.
        check: A function that may refuse the token.
    """

    exact: tuple[tuple[str, str], ...] = ()
    check: ClaimCheck | None = field(default=None, hash=False)

    @classmethod
    def of(cls, claims: object) -> Self:
        """Read what is configured as `claims=`.

        Raises:
            ConfigurationError: It is neither, a value is not JSON, or the function is async.
        """
        if isinstance(claims, Mapping):
            return cls(exact=tuple((name, _wanted(name, claims[name])) for name in claims))
        if not callable(claims) or inspect.iscoroutinefunction(claims):
            raise ConfigurationError(
                'claims= takes values, {"tenant": "acme"}, or a plain function of the claims.'
            )
        return cls(check=claims)

    def judge(self, claims: Mapping[str, Any]) -> None:
        """Hold *claims* to the values and to the function.

        A value is compared as JSON: whole, and by its type, so that 1, 1.0, `true` and "1" are
        four values, and an array must be the same array.

        Raises:
            InvalidToken: A claim is missing, or has another value.
            RequestRejected: The function refuses.
            ConfigurationError: The function returned something, where only raising refuses.
        """
        for name, wanted in self.exact:
            if name not in claims or _json(claims[name]) != wanted:
                raise InvalidToken(Reason.WRONG_CLAIM)
        if self.check is not None and self.check(claims) is not None:
            raise ConfigurationError("A function at claims= refuses by raising: return nothing.")


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _wanted(name: object, value: Any) -> str:
    if not isinstance(name, str):
        raise ConfigurationError('claims= takes names and values: {"tenant": "acme"}.')
    try:
        return _json(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"claims= has a value for {name!r} that no token can hold."
        ) from None
