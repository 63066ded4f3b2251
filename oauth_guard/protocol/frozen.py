"""Values that can't be changed, all the way down, and still serialise as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, Self

__all__ = ["FrozenDict", "freeze"]


_FROZEN_ALREADY = frozenset({str, int, float, bool, type(None)})


class FrozenDict(dict[str, Any]):
    """A dict that refuses to change, since one object serves many requests."""

    __slots__ = ()

    def __new__(cls, members: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> Self:
        """Fill it here, where nobody can come twice."""
        self = super().__new__(cls)
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
    if isinstance(value, Mapping):
        return FrozenDict(
            {
                name: item if type(item) in _FROZEN_ALREADY else freeze(item)
                for name, item in value.items()
            }
        )
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value
