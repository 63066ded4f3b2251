"""checked_settings: arguments of an unknown name or a wrong type are rejected, with advice."""

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin

from oauth_guard.errors import ConfigurationError

__all__ = ["Seconds", "check_names", "checked_settings", "chosen", "in_seconds", "read_settings"]

Seconds: TypeAlias = float | timedelta
"""A number of seconds, or a `timedelta`."""

_Public = TypeVar("_Public", bound=Callable[..., Any])

_Settings = TypeVar("_Settings")

_WRONG = object()
# These have checks of their own, whose texts say more.
_CHECKED_ELSEWHERE = {
    *("resource", "issuer", "issuers", "app", "guard", "executor", "jwks_cache", "start"),
    *("version", "max_verification_work", "audience", "is_client_token", "claims"),
    *("key", "without_audience", "token_format", "requires"),
}
_LISTS = (Iterable, Sequence, Collection)
_PLAIN = {str: "a string", bytes: "bytes", int: "a whole number", frozenset: "a frozenset"}


def checked_settings(public: _Public) -> _Public:
    """Decorate a class or function whose arguments an operator writes, so that they are checked.

    Names and numbers of arguments are checked, and types as far as annotations name strings,
    numbers, truth values, functions, literals and collections of these. A `timedelta` becomes
    seconds where a number is meant. Values are not checked otherwise, and are in no error text.
    """
    if inspect.isclass(public):
        original = public.__init__
        type.__setattr__(public, "__init__", _checked(original, public.__name__))
        return public
    return cast("_Public", _checked(public, public.__name__))


def check_names(given: Iterable[str], known: Iterable[str], *, owner: str) -> None:
    """Check the names of the settings of *owner*.

    Raises:
        ConfigurationError: A name is unknown; the text has the most similar one.
    """
    names = list(known)
    for name in given:
        if name not in names:
            similar = get_close_matches(name, names, n=1)
            question = f" Did you mean {similar[0]}=?" if similar else ""
            raise ConfigurationError(
                f"{name}= is no setting of {owner}.{question} There are {', '.join(names)}."
            )


def read_settings(settings: Mapping[str, Any], kinds: type, *, owner: str) -> dict[str, Any]:
    """Return *settings* checked against the names and types of *kinds*, a `TypedDict`.

    Raises:
        ConfigurationError: A name is unknown, or a value has a wrong type.
    """
    check_names(settings, kinds.__annotations__, owner=owner)
    return {
        name: value
        if name in _CHECKED_ELSEWHERE
        else _value(name, kinds.__annotations__[name], value)
        for name, value in settings.items()
    }


def chosen(kinds: type[_Settings], settings: Mapping[str, Any]) -> _Settings:
    """Return those of *settings* that *kinds*, a `TypedDict`, names."""
    names = kinds.__annotations__
    return cast("_Settings", {name: settings[name] for name in settings if name in names})


def in_seconds(duration: Seconds) -> float:
    """Return a number of seconds, which may be given as a `timedelta`."""
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def _checked(function: Callable[..., Any], owner: str) -> Callable[..., Any]:
    signature = inspect.signature(function)
    kinds: dict[str, Any] = {}
    rest = ""
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            (settings,) = get_args(parameter.annotation)  # Unpack[...] of a TypedDict
            kinds |= settings.__annotations__
            rest = parameter.name
        elif parameter.name != "self":
            kinds[parameter.name] = parameter.annotation
    checked_kinds = {name: kinds[name] for name in kinds if name not in _CHECKED_ELSEWHERE}

    @functools.wraps(function)
    def checked(*args: Any, **settings: Any) -> Any:
        check_names(settings, kinds, owner=owner)
        try:
            bound = signature.bind(*args, **settings)
        except TypeError as error:
            raise ConfigurationError(f"{owner}(): {error}; there are {', '.join(kinds)}.") from None
        for arguments in (bound.arguments, bound.arguments.get(rest, {})):
            for name in arguments.keys() & checked_kinds.keys():
                arguments[name] = _value(name, checked_kinds[name], arguments[name])
        return function(*bound.args, **bound.kwargs)

    return checked


def _value(name: str, kind: Any, value: object) -> Any:
    if name == "scopes_supported" and isinstance(value, Mapping):
        value = list(value)  # of scopes, each with a description
    if (read := _read(kind, value)) is not _WRONG:
        return read
    if value is None:
        raise ConfigurationError(
            f"{name}= is None: leave it out, or is a variable of the environment unset?"
        )
    kinds = _alternatives(kind)
    if isinstance(value, str) and any(get_origin(each) in _LISTS for each in kinds):
        raise ConfigurationError(f'{name}= takes a list: {name}=["{value}"].')
    if isinstance(value, str) and bytes in kinds:
        raise ConfigurationError(f"{name}= takes bytes: write {name}=text.encode().")
    takes = " or ".join(dict.fromkeys(map(_description, kinds)))
    raise ConfigurationError(f"{name}= takes {takes}, not {_found(kinds, value)}.")


def _found(kinds: list[Any], value: object) -> str:
    """Return the type of *value*, or of the first item that does not belong in the list."""
    kind = next((get_args(each)[0] for each in kinds if get_origin(each) in _LISTS), Any)
    if isinstance(value, Collection) and not isinstance(value, bytes | Mapping):
        wrong = [each for each in value if _read(kind, each) is _WRONG]
        if wrong:
            return f"one with {_article(type(wrong[0]).__name__)} in it"
    return _article(type(value).__name__)


def _alternatives(kind: Any) -> list[Any]:
    kinds = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    return [each for each in kinds if each is not NoneType]


def _read(kind: Any, value: Any) -> Any:
    """Return *value* as *kind* describes it, or `_WRONG`."""
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        results = (_read(each, value) for each in get_args(kind))
        return next((each for each in results if each is not _WRONG), _WRONG)
    if kind in {float, timedelta} and isinstance(value, timedelta):
        return value.total_seconds()
    if origin in _LISTS:
        return _read_list(get_args(kind)[0], value)
    return value if _is(kind, origin, value) else _WRONG


def _read_list(kind: Any, value: Any) -> Any:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return _WRONG
    items = value if isinstance(value, Collection) else tuple(value)
    return items if all(_read(kind, each) is not _WRONG for each in items) else _WRONG


def _is(kind: Any, origin: Any, value: Any) -> bool:
    if origin is Literal:
        return any(value is each or value == each for each in get_args(kind))
    if origin is Callable:
        return callable(value)
    if origin in {Mapping, tuple, frozenset}:
        return isinstance(value, origin)
    if kind in {int, float}:
        return isinstance(value, int | kind) and not isinstance(value, bool)
    if kind is Any or not inspect.isclass(kind) or getattr(kind, "_is_protocol", False):
        return True
    return isinstance(value, kind)


def _description(kind: Any) -> str:
    origin = get_origin(kind)
    if origin in _LISTS:
        return "a list of strings" if str in _alternatives(get_args(kind)[0]) else "a list"
    if origin is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if origin is Callable:
        return "a function"
    if kind is bool:
        return "True or False"
    if kind in {float, timedelta}:
        return "a number"
    return _PLAIN.get(origin or kind) or _article(getattr(origin or kind, "__name__", "value"))


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOUaeiou" else f"a {noun}"
