"""What is frozen refuses every change, all the way down, and is JSON still."""

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any, cast

import pytest

from oauth_guard.jose.frozen import FrozenDict, freeze, open_twin

_VALUE: dict[str, Any] = {"a": {"b": [1, {"c": [None, 1.5, "d"]}]}, "e": [], "f": {}}
_CHANGES: dict[str, Callable[[Any], object]] = {
    "item set": lambda frozen: frozen.__setitem__("a", 1),
    "new item set": lambda frozen: frozen.__setitem__("z", 1),
    "item deleted": lambda frozen: frozen.__delitem__("a"),
    "updated": lambda frozen: frozen.update({"a": 1}),
    "updated by name": lambda frozen: frozen.update(a=1),
    "updated by |=": lambda frozen: frozen.__ior__({"a": 1}),
    "given a default": lambda frozen: frozen.setdefault("z", 1),
    "popped": lambda frozen: frozen.pop("a"),
    "popped with a default": lambda frozen: frozen.pop("z", None),
    "an item popped": lambda frozen: frozen.popitem(),
    "cleared": lambda frozen: frozen.clear(),
    "initialised by name": lambda frozen: frozen.__init__(a=1),
    "an attribute set": lambda frozen: setattr(frozen, "z", 1),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_a_change_is_refused(change: Callable[[Any], object]) -> None:
    """At the top and below, even of what is empty."""
    frozen = freeze(_VALUE)
    for level in (frozen, frozen["a"], frozen["a"]["b"][1], frozen["f"]):
        with pytest.raises((TypeError, AttributeError)):
            change(level)
    assert frozen == freeze(_VALUE)


def test_initialising_it_again_changes_nothing() -> None:
    """A dict takes what its `__init__` is called with again; this one does not."""
    frozen = FrozenDict({"a": 1})
    frozen.__init__({"a": 2, "b": 3})  # type: ignore[misc] # tried, to see it do nothing
    assert frozen == {"a": 1}


def test_it_is_json_still() -> None:
    """What went in as JSON comes out as the same JSON."""
    assert json.loads(json.dumps(freeze(_VALUE))) == _VALUE


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        lambda frozen: pickle.loads(pickle.dumps(frozen)),  # noqa: S301 - our own
    ],
    ids=["copied", "copied deeply", "pickled"],
)
def test_a_duplicate_is_as_frozen(duplicate: Callable[[Any], Any]) -> None:
    """A copy is equal and refuses as well, all the way down."""
    twin = duplicate(freeze(_VALUE))
    assert twin == freeze(_VALUE)
    for level in (twin, twin["a"], twin["a"]["b"][1]):
        assert type(level) is FrozenDict


def test_what_is_made_of_it_may_be_changed() -> None:
    """A plain dict made of it is the application's own."""
    frozen = freeze({"a": 1})
    assert {**frozen, "b": 2} == frozen | {"b": 2} == {"a": 1, "b": 2}
    assert type(frozen.copy()) is type(dict(frozen)) is dict


@pytest.mark.parametrize(
    ("value", "frozen"),
    [
        pytest.param([1, [2]], (1, (2,)), id="arrays"),
        pytest.param((1, [2]), (1, (2,)), id="tuples"),
        pytest.param("text", "text", id="text"),
        pytest.param(None, None, id="null"),
        pytest.param(10**99, 10**99, id="a number"),
    ],
)
def test_other_values_are_frozen(value: Any, frozen: Any) -> None:
    """An array becomes a tuple; what can't change stays what it is."""
    assert freeze(value) == frozen


@dataclass(frozen=True, slots=True)
class _Point:
    x: int
    y: int
    name: str | None = field(default=None, compare=False)


_OpenPoint = open_twin(_Point)


def _filled(*, whole: bool) -> _Point:
    point = _OpenPoint()
    point.x, point.y = 1, 2
    if whole:
        point.name = "p"
    point.__class__ = _Point
    return cast("_Point", point)


def test_a_twin_that_was_filled_is_what_the_class_makes() -> None:
    """Of the class itself, equal, with one hash, told in one way, and frozen."""
    made, usual = _filled(whole=True), _Point(1, 2, "p")
    assert type(made) is _Point
    assert (made, hash(made), repr(made)) == (usual, hash(usual), repr(usual))
    assert pickle.loads(pickle.dumps(made)) == replace(made)  # noqa: S301 - our own
    for name in ("x", "z", "__class__"):
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(made, name, 5)


def test_a_field_that_was_left_open_is_missed() -> None:
    """It has no default, though the class gives it one."""
    with pytest.raises(AttributeError):
        repr(_filled(whole=False))
