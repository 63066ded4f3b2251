"""Values that can't be changed, all the way down, and still serialise as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, Self

__all__ = ["SCALARS", "FrozenDict", "freeze", "frozen_dict", "open_twin"]

SCALARS = frozenset({str, int, float, bool, type(None)})
"""What JSON gives that can't change anyway."""


class FrozenDict(dict[str, Any]):
    """A dict that refuses to change, since one object serves many requests."""

    __slots__ = ()

    def __new__(cls, members: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> Self:
        """Fill it here, where nobody can come twice."""
        self = dict.__new__(cls)
        dict.__init__(self, members)
        return self

    def __init__(self, *_: object) -> None:
        """Do nothing: called once more, `dict.__init__` would change it."""

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Any]]]:
        return type(self), (dict(self),)  # copy and pickle would set item by item

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this value is shared between requests and can't be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


def freeze(value: Any) -> Any:
    """Return *value*, as JSON gave it, with frozen dicts for objects and tuples for arrays."""
    if isinstance(value, (list, tuple)):
        return tuple([item if type(item) in SCALARS else freeze(item) for item in value])
    if isinstance(value, (dict, Mapping)):  # to ask the abstract class alone is slow
        return frozen_dict(
            {name: item if type(item) in SCALARS else freeze(item) for name, item in value.items()}
        )
    return value


def frozen_dict(members: Mapping[str, Any]) -> FrozenDict:
    """Return a frozen copy of *members*, whose values are; the class would call twice."""
    frozen = dict.__new__(FrozenDict)
    dict.update(frozen, members)
    return frozen


def open_twin(frozen: type[Any]) -> type[Any]:
    """Return a class with the slots of *frozen*, a dataclass, that can be set.

    A frozen dataclass steps past its own guard at each field. To fill a twin, and to set its
    `__class__` once it is full, comes to the same object at a third of the price.
    """
    return type("_Open", (), {"__slots__": frozen.__slots__})
