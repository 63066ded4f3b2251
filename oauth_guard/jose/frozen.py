"""Deeply immutable values that still serialize as JSON."""

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any, NoReturn, Self

__all__ = [
    "SCALARS",
    "FrozenDict",
    "count_characters",
    "freeze",
    "freeze_and_count",
    "freeze_members",
    "mutable_class_of",
]

SCALARS = frozenset({str, int, float, bool, type(None)})
"""The immutable types that a JSON parser returns."""


class FrozenDict(dict[str, Any]):
    """An immutable dict, so that one object can serve many requests."""

    __slots__ = ()

    def __new__(cls, members: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> Self:
        """Fill the dict here, since `__init__` could be called a second time."""
        self = dict.__new__(cls)
        dict.__init__(self, members)
        return self

    def __init__(self, *_: object) -> None:
        """Do nothing. `dict.__init__` would add items on a second call."""

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Any]]]:
        return type(self), (dict(self),)  # by default copy and pickle set item by item

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this value is shared between requests and can't be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


def freeze(value: Any) -> Any:
    """Return a deeply immutable copy of a JSON *value*: dicts frozen, lists as tuples."""
    if isinstance(value, (list, tuple)):
        return tuple([item if type(item) in SCALARS else freeze(item) for item in value])
    if isinstance(value, (dict, Mapping)):  # `dict` first: the check of an abstract class is slow
        return freeze_members(value)
    return value


def freeze_members(members: Mapping[str, Any]) -> FrozenDict:
    """Return a deeply immutable copy of a JSON object, without the copies that calling costs."""
    return freeze_and_count(members)[0]


def freeze_and_count(members: Mapping[str, Any]) -> tuple[FrozenDict, int]:
    """Return `freeze_members(members)`, and how many values are in it, all the way down.

    An array or object in it counts as one value more than it has elements. Objects share the
    strings of equal names.
    """
    shared = {}
    count = len(members)
    for name, value in members.items():
        if type(value) in SCALARS:
            shared[intern(name)] = value
        elif type(value) is list and SCALARS.issuperset(map(type, value)):  # as most arrays are
            shared[intern(name)] = tuple(value)
            count += 1 + len(value)
        else:
            shared[intern(name)] = inner = freeze(value)
            count += _count_inside(inner)
    frozen = dict.__new__(FrozenDict)
    dict.update(frozen, shared)
    return frozen, count


def _count_inside(value: Any) -> int:
    if isinstance(value, FrozenDict):
        return 1 + len(value) + sum(map(_count_inside, value.values()))
    return 1 + len(value) + sum(map(_count_inside, value)) if isinstance(value, tuple) else 0


def count_characters(value: Any) -> int:
    """Return how many characters are in the strings of a frozen *value* and in its names."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, FrozenDict):
        return sum(map(len, value)) + sum(map(count_characters, value.values()))
    return sum(map(count_characters, value)) if isinstance(value, tuple) else 0


def mutable_class_of(frozen: type[Any]) -> type[Any]:
    """Return a class with the slots of *frozen*, a frozen dataclass, whose attributes can be set.

    Set every field of an instance, then its `__class__` to *frozen*: the result is an ordinary
    instance of *frozen*. The constructor of a frozen dataclass calls `object.__setattr__` for each
    field, which takes 0.9 µs for 13 fields; this takes 0.1 µs. Defaults do not apply.
    """
    return type("_Mutable", (), {"__slots__": frozen.__slots__})
