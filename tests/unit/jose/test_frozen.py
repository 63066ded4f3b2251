"""Frozen values reject every change at every level, and serialize as JSON."""

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any, cast

import pytest

from oauth_guard.jose.frozen import (
    FrozenDict,
    count_characters,
    freeze,
    freeze_and_count,
    freeze_members,
    mutable_class_of,
)

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
def test_change_to_a_frozen_dict_is_rejected_at_every_level(
    change: Callable[[Any], object],
) -> None:
    """Nested and empty dicts are frozen too."""
    frozen = freeze(_VALUE)
    for level in (frozen, frozen["a"], frozen["a"]["b"][1], frozen["f"]):
        with pytest.raises((TypeError, AttributeError)):
            change(level)
    assert frozen == freeze(_VALUE)


def test_second_call_of_init_changes_nothing() -> None:
    """`dict.__init__` would add the items."""
    frozen = FrozenDict({"a": 1})
    frozen.__init__({"a": 2, "b": 3})  # type: ignore[misc] # the call under test
    assert frozen == {"a": 1}


def test_frozen_objects_share_the_strings_of_equal_names() -> None:
    """A JSON parser creates new strings for each document; cached tokens keep one of each name."""
    documents = [json.loads('{"https://api.test/role": 1, "a": {"sub": 2}}') for _ in range(2)]
    first, second = (freeze(document) for document in documents)
    for one, other in ((first, second), (first["a"], second["a"])):
        assert all(name is equal for name, equal in zip(one, other, strict=True))


def test_frozen_value_serializes_to_the_same_json() -> None:
    """A frozen dict is a JSON object, a tuple an array."""
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
def test_copy_of_a_frozen_dict_is_frozen_at_every_level(duplicate: Callable[[Any], Any]) -> None:
    """A copy is equal to the original."""
    copied = duplicate(freeze(_VALUE))
    assert copied == freeze(_VALUE)
    for level in (copied, copied["a"], copied["a"]["b"][1]):
        assert type(level) is FrozenDict


def test_dict_made_from_a_frozen_dict_is_mutable() -> None:
    """Unpacking, `|`, `copy()` and `dict()` give a plain dict."""
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
def test_array_is_frozen_to_a_tuple_and_a_scalar_is_unchanged(value: Any, frozen: Any) -> None:
    """Arrays are frozen at every level."""
    assert freeze(value) == frozen


@dataclass(frozen=True, slots=True)
class _Point:
    x: int
    y: int
    name: str | None = field(default=None, compare=False)


_MutablePoint = mutable_class_of(_Point)


def _point_from_mutable_class(*, complete: bool) -> _Point:
    point = _MutablePoint()
    point.x, point.y = 1, 2
    if complete:
        point.name = "p"
    point.__class__ = _Point
    return cast("_Point", point)


def test_completed_instance_of_the_mutable_class_equals_a_constructed_one() -> None:
    """Type, equality, hash, `repr`, pickling and immutability are the same."""
    made, constructed = _point_from_mutable_class(complete=True), _Point(1, 2, "p")
    assert type(made) is _Point
    assert (made, hash(made), repr(made)) == (
        constructed,
        hash(constructed),
        repr(constructed),
    )
    assert pickle.loads(pickle.dumps(made)) == replace(made)  # noqa: S301 - our own
    for name in ("x", "z", "__class__"):
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(made, name, 5)


def test_field_that_was_not_set_has_no_default() -> None:
    """The defaults of the dataclass do not apply to its mutable class."""
    with pytest.raises(AttributeError):
        repr(_point_from_mutable_class(complete=False))


@pytest.mark.parametrize(
    ("members", "count", "characters"),
    [
        pytest.param({}, 0, 0, id="nothing"),
        pytest.param({"a": 1, "b": "xyz", "c": None}, 3, 6, id="scalars"),
        pytest.param({"a": ["x", 1]}, 4, 2, id="an array"),
        pytest.param({"a": {"b": "xy"}}, 3, 4, id="an object"),
        pytest.param({"a": [[1], {"b": []}, {}]}, 11, 2, id="arrays and objects in an array"),
        pytest.param({"a": {"b": {"c": [1]}}}, 7, 3, id="three levels"),
    ],
)
def test_values_and_characters_are_counted_all_the_way_down(
    members: dict[str, Any], count: int, characters: int
) -> None:
    """They say how much memory the frozen value takes."""
    frozen, counted = freeze_and_count(members)
    assert frozen == freeze(members) == freeze_members(members)
    assert counted == count
    assert count_characters(frozen) == characters
