"""ClaimChecks: an operator's own checks of claims, by required value or by a function."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, TypeGuard, TypeVar

from oauth_guard.errors import ConfigurationError, InvalidToken, MissingCredentials, Reason

__all__ = ["ClaimChecks", "ClaimFunction", "call_claim_function", "is_plain_function"]

ClaimFunction: TypeAlias = Callable[[Mapping[str, Any]], object]
"""Takes verified claims; raises `InvalidToken` to reject the token, and returns None otherwise."""

_T = TypeVar("_T")
# What a function raises that reads a claim which is missing, or of another type or form.
_CLAIM_ERRORS = (LookupError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True, slots=True)
class ClaimChecks:
    """An operator's checks of claims, beyond those of the registered claims.

    The outcome of `check_values` depends on the token alone, so it may be cached; `check_function`
    runs on every request.

    Attributes:
        required_values: Names of claims, and the JSON text of the value that each must have.
        function: A function that may reject the token.
    """

    required_values: tuple[tuple[str, str], ...] = ()
    function: ClaimFunction | None = field(default=None, hash=False)

    @classmethod
    def of(cls, claims: object) -> Self:
        """Build the checks from the setting `claims=`, a mapping or a function.

        Raises:
            ConfigurationError: *claims* is neither, a name is not a string, a value is not JSON,
                or the function is async.
        """
        if isinstance(claims, Mapping):
            values = tuple((name, _required_value(name, claims[name])) for name in claims)
            return cls(required_values=values)
        if not is_plain_function(claims):
            raise ConfigurationError(
                'claims= takes values, {"tenant": "acme"}, or a plain function of the claims.'
            )
        return cls(function=claims)

    def check_values(self, claims: Mapping[str, Any]) -> None:
        """Check *claims* against the required values.

        Values are compared as JSON, including their types: 1, 1.0, `true` and "1" are four
        values, and arrays must have equal elements in equal order.

        Raises:
            InvalidToken: A claim is missing or has another value.
        """
        for name, required in self.required_values:
            if name not in claims or _json(claims[name]) != required:
                raise InvalidToken(Reason.WRONG_CLAIM).about(claim=name)

    def check_function(self, claims: Mapping[str, Any]) -> None:
        """Call the operator's function, if there is one; see `call_claim_function`.

        It may look at more than the claims, so it must run on every request.

        Raises:
            InvalidToken: The function finds a claim missing or malformed.
            RequestRejected: The function raised it.
            ConfigurationError: The function returned a value. Only raising rejects a token.
        """
        if self.function is not None and call_claim_function(self.function, claims) is not None:
            raise ConfigurationError("A function at claims= rejects by raising: return nothing.")


def is_plain_function(value: object) -> TypeGuard[Callable[[Mapping[str, Any]], Any]]:
    """Return whether *value* is callable and is not a coroutine function."""
    return callable(value) and not inspect.iscoroutinefunction(value)


def call_claim_function(
    function: Callable[[Mapping[str, Any]], _T], claims: Mapping[str, Any]
) -> _T:
    """Call an operator's *function* with *claims*, which must be verified, and return its result.

    A `LookupError` (such as `KeyError`), `TypeError`, `AttributeError` or `ValueError` means that
    a claim is missing or malformed, and rejects the token. Any other exception is a fault of the
    function and passes through.

    Raises:
        InvalidToken: The function could not read a claim (`MALFORMED_CLAIM`), or raised
            `MissingCredentials`.
    """
    try:
        return function(claims)
    except ConfigurationError:  # a ValueError, but not the caller's fault
        raise
    except MissingCredentials:  # credentials are present: the request must not pass as anonymous
        raise InvalidToken from None
    except _CLAIM_ERRORS:  # its text may quote a claim
        name = getattr(function, "__qualname__", type(function).__name__)
        raise InvalidToken(Reason.MALFORMED_CLAIM).about(function=name) from None


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _required_value(name: object, value: Any) -> str:
    if not isinstance(name, str):
        raise ConfigurationError('claims= takes names and values: {"tenant": "acme"}.')
    try:
        return _json(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"claims= has a value for {name!r} that is not JSON, so no token can have it."
        ) from None
