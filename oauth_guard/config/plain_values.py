"""read_plain(): a value of a file or a variable as the type of its setting."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args, get_origin

from oauth_guard.config.source import FromEnvironment

__all__ = ["NO_MATCH", "read_plain"]

NO_MATCH: Final = object()
"""Says that a value is not of a type."""

_BOOLEANS = {"true": True, "false": False}


def read_plain(kind: Any, value: Any) -> Any:
    """Return *value* as *kind*, which is no list; `NO_MATCH` if it is of another type.

    The text of a variable is read as a number or a truth value where one is meant. A secret that
    a file of its own contains is bytes, and becomes a string where one is meant.
    """
    origin = get_origin(kind)
    if origin is Literal:
        return next((each for each in get_args(kind) if each == value), NO_MATCH)
    if isinstance(value, FromEnvironment):
        return _from_text(kind, value)
    if kind is bytes and isinstance(value, str):
        return value.encode()
    if kind is str and isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if _is(kind, origin, value) else NO_MATCH


def _is(kind: Any, origin: Any, value: Any) -> bool:
    if kind is float:
        return type(value) in {int, float}
    return kind is Any or type(value) is kind or (origin is Mapping and isinstance(value, Mapping))


def _from_text(kind: Any, text: str) -> Any:
    """Return the *text* of a variable as *kind*."""
    if kind is bool:
        return _BOOLEANS.get(text.lower(), NO_MATCH)
    if kind in {int, float}:
        try:
            return kind(text)
        except ValueError:
            return NO_MATCH
    readers: Mapping[Any, Callable[[str], Any]] = {str: str, bytes: str.encode, Any: str}
    return readers[kind](text) if kind in readers else NO_MATCH
