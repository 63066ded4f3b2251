"""Reads roles, groups and entitlements in the forms that issuers write (RFC 9068 §2.2.3.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["ClaimPath", "KeysOf", "read_names", "top_level_names"]


@dataclass(frozen=True, slots=True)
class KeysOf:
    """The names of the members of an object, for issuers that write `{"admin": {...}}`.

    A member that is false or null does not count.

    Attributes:
        path: The name of the claim that is the object, or the path to it.
    """

    path: str | tuple[str, ...]


ClaimPath: TypeAlias = str | tuple[str, ...] | KeysOf
"""The name of a claim, the path to a nested member, `("realm_access", "roles")`, or `KeysOf`."""

_NOTHING: tuple[frozenset[str], tuple[str, ...]] = (frozenset(), ())
_ONLY_STRINGS = frozenset({str})
_NAME_MEMBERS = ("value", "name")


def top_level_names(paths: Iterable[ClaimPath]) -> frozenset[str]:
    """Return the names of the top-level claims at which *paths* begin."""
    return frozenset(_steps(path)[0] for path in paths)


def read_names(
    claims: Mapping[str, Any], paths: Sequence[ClaimPath]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the names at the ends of *paths*, and what could not be read.

    Such a claim decides only what the token grants, so a form that can't be read grants nothing
    and spoils nothing. A string is one name and is not split. An element of an array is a name, or
    an object whose `value` (RFC 7643 §2.4) or `name` is one. Null and empty values give no name.

    Args:
        claims: Verified claims, with arrays as tuples.
        paths: Where the names are.

    Returns:
        The names, and one text for each form that could not be read. A text has the names of
        claims in *paths* and of JSON types, and no value of a claim.
    """
    if len(paths) == 1 and isinstance(paths[0], str):  # the common form takes the shortest way
        value = claims.get(paths[0])
        if value is None:
            return _NOTHING
        if type(value) is tuple and _ONLY_STRINGS.issuperset(map(type, value)):
            return frozenset(filter(None, value)), ()
    return _read_any_form(claims, paths)


def _read_any_form(
    claims: Mapping[str, Any], paths: Iterable[ClaimPath]
) -> tuple[frozenset[str], tuple[str, ...]]:
    names: set[str] = set()
    unread: dict[str, None] = {}  # in order, each once
    for path in paths:
        steps = _steps(path)
        value, walked = _walk(claims, steps)
        if _is_empty(value):
            continue
        where = ".".join(steps[:walked])
        if walked < len(steps):
            unread[f"{where} is {_type_of(value)}"] = None
        elif isinstance(path, KeysOf) and isinstance(value, dict):
            names.update(key for key, on in value.items() if on is not None and on is not False)
        elif isinstance(value, tuple):
            for element in value:
                if (name := _name_of(element)) is not None:
                    names.add(name)
                elif not _is_empty(element):
                    unread[f"{where} is an array with {_type_of(element)}"] = None
        elif (name := _name_of(value)) is not None:
            names.add(name)
        else:
            unread[f"{where} is {_type_of(value)}"] = None
    names.discard("")
    return (frozenset(names), tuple(unread)) if names or unread else _NOTHING


def _steps(path: ClaimPath) -> tuple[str, ...]:
    steps = path.path if isinstance(path, KeysOf) else path
    return (steps,) if isinstance(steps, str) else steps


def _walk(claims: Mapping[str, Any], steps: tuple[str, ...]) -> tuple[Any, int]:
    """Return the value that *steps* lead to, and how many of them lead through objects."""
    value: Any = claims
    for walked, step in enumerate(steps):
        if not isinstance(value, Mapping):
            return value, walked
        value = value.get(step)
    return value, len(steps)


def _name_of(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for member in _NAME_MEMBERS:
            if isinstance(name := value.get(member), str):
                return name
    return None


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", (), {})


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, dict) else "an array"
