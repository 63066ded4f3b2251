"""TokenFormat: what the tokens of an issuer look like, to reject others without a request."""

from collections.abc import Callable
from typing import TypeAlias

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason

__all__ = ["TokenFormat", "read_token_format"]

TokenFormat: TypeAlias = str | int | range | Callable[[str], bool]
"""A prefix, a length, a range of lengths, or a function that returns whether a token has it."""

_TokenTest: TypeAlias = Callable[[str], bool]


def read_token_format(setting: object) -> Callable[[str], None]:
    """Return a function that rejects a token which does not have the format of *setting*.

    Args:
        setting: One `TokenFormat`, or a list or tuple of them that a token must all have.

    The function raises `InvalidToken` (`WRONG_FORMAT`). A `LookupError`, `TypeError`,
    `AttributeError` or `ValueError` of an operator's function rejects the token too. Any other
    exception is a fault of the function and passes through.

    Raises:
        ConfigurationError: *setting* is no format, or an empty one.
    """
    parts = setting if isinstance(setting, list | tuple) else [setting]
    tests = [_test(part) for part in parts]
    if not tests:
        raise _no_format()

    def check(token: str) -> None:
        try:
            has_format = all(test(token) for test in tests)
        except (LookupError, TypeError, AttributeError, ValueError):  # its text may quote the token
            has_format = False
        if not has_format:
            raise InvalidToken(Reason.WRONG_FORMAT)

    return check


def _test(part: object) -> _TokenTest:
    match part:
        case bool():
            raise _no_format()
        case str() if part:
            return lambda token: token.startswith(part)
        case int() if part > 0:
            return lambda token: len(token) == part
        case range() if part:
            return lambda token: len(token) in part
        case _ if callable(part):
            return part
    raise _no_format()


def _no_format() -> ConfigurationError:
    return ConfigurationError(
        "token_format= is a prefix, a length, a range of lengths, or a function of the token: "
        'token_format=["at_", 43].'
    )
