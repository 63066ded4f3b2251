"""ClaimChecks: what a token must say beyond the registered claims, by value or by a function."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, TypeGuard, TypeVar

from oauth_guard.errors import ConfigurationError, InvalidToken, MissingCredentials, Reason

__all__ = ["ClaimChecks", "ClaimFunction", "call_claim_function", "is_plain_function"]

ClaimFunction: TypeAlias = Callable[[Mapping[str, Any]], object]
"""Looks at the claims of a token; it refuses by `raise InvalidToken`, else returns None."""

_T = TypeVar("_T")
# What code that reads claims raises where one is missing, or is not what it looks like.
_ODD_CLAIM = (LookupError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True, slots=True)
class ClaimChecks:
    """More that a token must say, judged on each request.

    Attributes:
        required_values: Claims and the values that they must have, written as JSON.
        function: A function that may refuse the token.
    """

    required_values: tuple[tuple[str, str], ...] = ()
    function: ClaimFunction | None = field(default=None, hash=False)

    @classmethod
    def of(cls, claims: object) -> Self:
        """Read what is configured as `claims=`.

        Raises:
            ConfigurationError: It is neither, a value is not JSON, or the function is async.
        """
        if isinstance(claims, Mapping):
            return cls(
                required_values=tuple((name, _wanted(name, claims[name])) for name in claims)
            )
        if not is_plain_function(claims):
            raise ConfigurationError(
                'claims= takes values, {"tenant": "acme"}, or a plain function of the claims.'
            )
        return cls(function=claims)

    def check(self, claims: Mapping[str, Any]) -> None:
        """Hold *claims* to the values and to the function.

        A value is compared as JSON: whole, and by its type, so that 1, 1.0, `true` and "1" are
        four values, and an array must be the same array.

        Raises:
            InvalidToken: A claim is missing or has another value; see `call_claim_function`.
            RequestRejected: The function refuses.
            ConfigurationError: The function returned something, where only raising refuses.
        """
        for name, wanted in self.required_values:
            if name not in claims or _json(claims[name]) != wanted:
                raise InvalidToken(Reason.WRONG_CLAIM)
        if self.function is not None and call_claim_function(self.function, claims) is not None:
            raise ConfigurationError("A function at claims= refuses by raising: return nothing.")


def is_plain_function(value: object) -> TypeGuard[Callable[[Mapping[str, Any]], Any]]:
    """Tell whether *value* can be called, and answers at once."""
    return callable(value) and not inspect.iscoroutinefunction(value)


def call_claim_function(
    function: Callable[[Mapping[str, Any]], _T], claims: Mapping[str, Any]
) -> _T:
    """Return what the operator's *function* says about *claims*, which must be verified.

    What it raises where a claim is missing or odd refuses the token: a `LookupError`, such as
    `KeyError`, a `TypeError`, `AttributeError` or `ValueError`. Anything else is its own fault.

    Raises:
        InvalidToken: It finds a claim missing or odd.
    """
    try:
        return function(claims)
    except ConfigurationError:  # a ValueError, but not the caller's fault
        raise
    except MissingCredentials:  # somebody did come: a refused token is never nobody
        raise InvalidToken from None
    except _ODD_CLAIM:  # whose text may hold what the token says
        raise InvalidToken(Reason.MALFORMED_CLAIM) from None


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
