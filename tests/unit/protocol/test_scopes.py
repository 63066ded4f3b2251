"""Scope expressions mean what `and` and `or` mean, and are written once, at the route."""

from collections.abc import Callable
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.scopes import ScopeExpression, scope
from tests.unit.protocol.properties import BOUNDED

_UNIVERSE = ("a", "b", "c", "d")
_SUBSETS = list(chain.from_iterable(combinations(_UNIVERSE, size) for size in range(5)))

_a, _b, _c = scope("a"), scope("b"), scope("c")

Law = Callable[[ScopeExpression, ScopeExpression, ScopeExpression], ScopeExpression]


def _meaning(expression: ScopeExpression) -> list[bool]:
    """Tell of every set of scopes whether it is enough: what an expression means."""
    return [expression.satisfied_by(frozenset(granted)) for granted in _SUBSETS]


_EXPRESSIONS = st.recursive(
    st.lists(st.sampled_from(_UNIVERSE), min_size=1, max_size=3).map(lambda names: scope(*names)),
    lambda inner: (
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1])
        | st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1])
    ),
    max_leaves=4,
)
_LAWS: dict[str, tuple[Law, Law]] = {
    "and is commutative": (lambda x, y, _: x & y, lambda x, y, _: y & x),
    "or is commutative": (lambda x, y, _: x | y, lambda x, y, _: y | x),
    "and is associative": (lambda x, y, z: (x & y) & z, lambda x, y, z: x & (y & z)),
    "or is associative": (lambda x, y, z: (x | y) | z, lambda x, y, z: x | (y | z)),
    "and is idempotent": (lambda x, _y, _z: x & x, lambda x, _y, _z: x),
    "or is idempotent": (lambda x, _y, _z: x | x, lambda x, _y, _z: x),
    "and absorbs or": (lambda x, y, _: x & (x | y), lambda x, _y, _z: x),
    "or absorbs and": (lambda x, y, _: x | (x & y), lambda x, _y, _z: x),
    "and distributes": (lambda x, y, z: x & (y | z), lambda x, y, z: (x & y) | (x & z)),
    "or distributes": (lambda x, y, z: x | (y & z), lambda x, y, z: (x | y) & (x | z)),
}


@pytest.mark.parametrize(("one", "other"), _LAWS.values(), ids=_LAWS)
@BOUNDED
@given(x=_EXPRESSIONS, y=_EXPRESSIONS, z=_EXPRESSIONS)
def test_expressions_are_a_distributive_lattice(
    one: Law, other: Law, x: ScopeExpression, y: ScopeExpression, z: ScopeExpression
) -> None:
    """Both sides of each law mean the same."""
    assert _meaning(one(x, y, z)) == _meaning(other(x, y, z))


@BOUNDED
@given(x=_EXPRESSIONS, y=_EXPRESSIONS)
def test_and_wants_both_and_or_either(x: ScopeExpression, y: ScopeExpression) -> None:
    """The two operators are the two of logic."""
    both, either = _meaning(x & y), _meaning(x | y)
    assert both == [p and q for p, q in zip(_meaning(x), _meaning(y), strict=True)]
    assert either == [p or q for p, q in zip(_meaning(x), _meaning(y), strict=True)]


@BOUNDED
@given(x=_EXPRESSIONS)
def test_what_it_asks_for_is_enough(x: ScopeExpression) -> None:
    """A client that is granted the scope that a challenge names is let in."""
    assert x.satisfied_by(frozenset(str(x).split(" ")))


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        pytest.param(scope("read"), "read", id="one"),
        pytest.param(scope("read", "admin"), "read admin", id="two, as they were written"),
        pytest.param(scope("read", "read"), "read", id="one twice"),
        pytest.param(_b & _a, "b a", id="and, as it was written"),
        pytest.param(_a & _b & _a, "a b", id="and, one twice"),
        pytest.param(_b | _a, "b", id="or, the first"),
        pytest.param(_a & _b | _c, "a b", id="and before or"),
        pytest.param((_a | _b) & _c, "a c", id="or inside and"),
    ],
)
def test_it_is_written_as_the_first_that_is_enough(
    expression: ScopeExpression, written: str
) -> None:
    """A challenge has room for one set of scopes."""
    assert str(expression) == written


@pytest.mark.parametrize(
    "granted",
    [set(), {"WRITE"}, {"write:all"}, {"rewrite"}, {"write.own"}, {"wri"}, {"write "}, {"w"}],
    ids=str,
)
def test_a_scope_is_matched_whole(granted: frozenset[str]) -> None:
    """No prefix, suffix, part or other case of a scope is that scope."""
    assert not scope("write").satisfied_by(granted)
    assert scope("write").satisfied_by(granted | {"write"})


@pytest.mark.parametrize("name", ["!", "~", "a:b/c.d", "https://x.example/read", "#[]^_{|}"])
def test_a_scope_may_be_of_any_printable_sign(name: str) -> None:
    """All of ASCII but space, quote and backslash may stand in a name."""
    assert str(scope(name)) == name


@pytest.mark.parametrize("name", ["", "a b", " a", 're"ad', "a\\b", "a\n", "a\x00", "\x7f", "é"])
def test_an_impossible_scope_is_refused(name: str) -> None:
    """What could not stand in a `scope` parameter fails where the route is written."""
    with pytest.raises(ConfigurationError, match="is no scope: write printable ASCII"):
        scope("read", name)


def test_no_scope_is_refused() -> None:
    """An expression that wants nothing would let anybody in."""
    with pytest.raises(ConfigurationError, match="at least one name"):
        scope()


@pytest.mark.parametrize("name", [["read"], ("r", "w"), None, 5, b"read"], ids=repr)
def test_a_scope_is_text(name: Any) -> None:
    """A list in place of a name fails where it is written, not when somebody calls."""
    with pytest.raises(TypeError):
        scope(name)


def test_python_s_own_and_and_or_are_refused() -> None:
    """They ask whether one side is true, and would then want one side alone, without a word."""
    with pytest.raises(TypeError, match=r"write & and \|"):
        bool(scope("a"))
