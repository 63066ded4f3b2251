"""Scope expressions combine like logical `and` and `or`."""

import operator
from collections.abc import Callable, Mapping
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
    """Return for every set of scopes whether it satisfies the expression."""
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
def test_expressions_obey_the_laws_of_a_distributive_lattice(
    one: Law, other: Law, x: ScopeExpression, y: ScopeExpression, z: ScopeExpression
) -> None:
    """Both sides of each law are satisfied by the same sets of scopes."""
    assert _meaning(one(x, y, z)) == _meaning(other(x, y, z))


@BOUNDED
@given(x=_EXPRESSIONS, y=_EXPRESSIONS)
def test_and_requires_both_sides_and_or_requires_either(
    x: ScopeExpression, y: ScopeExpression
) -> None:
    """`&` is conjunction, `|` is disjunction."""
    both, either = _meaning(x & y), _meaning(x | y)
    assert both == [p and q for p, q in zip(_meaning(x), _meaning(y), strict=True)]
    assert either == [p or q for p, q in zip(_meaning(x), _meaning(y), strict=True)]


@BOUNDED
@given(x=_EXPRESSIONS)
def test_scope_of_the_challenge_satisfies_the_expression(x: ScopeExpression) -> None:
    """A client that is granted that scope is authorized."""
    assert x.satisfied_by(frozenset(str(x).split(" ")))


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        pytest.param(scope("read"), "read", id="one"),
        pytest.param(scope("read", "admin"), "read admin", id="two, in the given order"),
        pytest.param(scope("read", "read"), "read", id="a duplicate"),
        pytest.param(_b & _a, "b a", id="and, in the given order"),
        pytest.param(_a & _b & _a, "a b", id="and, with a duplicate"),
        pytest.param(_b | _a, "b", id="or, the first side"),
        pytest.param(_a & _b | _c, "a b", id="and binds before or"),
        pytest.param((_a | _b) & _c, "a c", id="or inside and"),
    ],
)
def test_text_of_an_expression_is_its_first_alternative(
    expression: ScopeExpression, written: str
) -> None:
    """A challenge names one set of scopes."""
    assert str(expression) == written


@pytest.mark.parametrize(
    "granted",
    [set(), {"WRITE"}, {"write:all"}, {"rewrite"}, {"write.own"}, {"wri"}, {"write "}, {"w"}],
    ids=str,
)
def test_scope_is_compared_exactly(granted: frozenset[str]) -> None:
    """A prefix, suffix, part or other case of a scope does not satisfy it."""
    assert not scope("write").satisfied_by(granted)
    assert scope("write").satisfied_by(granted | {"write"})


@pytest.mark.parametrize("name", ["!", "~", "a:b/c.d", "https://x.example/read", "#[]^_{|}"])
def test_scope_of_any_scope_token_characters_is_accepted(name: str) -> None:
    """They are printable ASCII without space, quote and backslash (RFC 6749 §3.3)."""
    assert str(scope(name)) == name


@pytest.mark.parametrize("name", ["", "a b", " a", 're"ad', "a\\b", "a\n", "a\x00", "\x7f", "é"])
def test_scope_with_another_character_is_rejected(name: str) -> None:
    """It fails when the route is defined."""
    with pytest.raises(ConfigurationError, match="is no scope: write printable ASCII"):
        scope("read", name)


def test_scope_without_names_is_rejected() -> None:
    """An expression without names would authorize every caller."""
    with pytest.raises(ConfigurationError, match="at least one name"):
        scope()


@pytest.mark.parametrize("name", [["read"], ("r", "w"), None, 5, b"read"], ids=repr)
def test_scope_that_is_not_a_string_is_rejected(name: Any) -> None:
    """It fails when the route is defined, not on a request."""
    with pytest.raises(ConfigurationError, match="write each scope as an argument"):
        scope(name)


@pytest.mark.parametrize(
    "name",
    [
        *("read,write", "a,b,c", "a:read;a:write", "read|write", "read&write", "read||write"),
        *("read,", ",read", "read;", "a/b,c.d", "orders:*,users:*"),
    ],
)
def test_scope_that_looks_like_several_is_rejected(name: str) -> None:
    """Servers issue none like it, so no token would ever have it."""
    with pytest.raises(ConfigurationError, match=r"several scopes: .* scope\("):
        scope(name)


@pytest.mark.parametrize(
    "name",
    [
        "patient/Observation.rs?category=http://terminology.example/category|laboratory",
        "patient/Observation.rs?code=a,b&status=c",
        "#[]^_{|}",
        "|",
        "urn:x:a",
    ],
)
def test_scope_with_a_separator_in_a_query_is_accepted(name: str) -> None:
    """SMART on FHIR has such scopes."""
    assert str(scope(name)) == name


@pytest.mark.parametrize("wrong", [None, 5, ["b"], "b c", "b,c"], ids=str)
@pytest.mark.parametrize("operator", [operator.or_, operator.and_])
def test_operand_that_is_no_scope_is_rejected(operator: Any, wrong: Any) -> None:
    """On either side."""
    for left, right in ((scope("a"), wrong), (wrong, scope("a"))):
        with pytest.raises(ConfigurationError, match="scope"):
            operator(left, right)


def test_function_in_place_of_a_scope_is_rejected() -> None:
    """That is a decorator without parentheses."""
    with pytest.raises(ConfigurationError, match=r"write requires\(\) with parentheses"):
        scope(test_function_in_place_of_a_scope_is_rejected)  # type: ignore[arg-type]


def test_string_may_be_an_operand() -> None:
    """On either side of `&` and `|`."""
    assert scope("a") | "b" == "a" | scope("b") == scope("a") | scope("b")
    assert scope("a") & "b" == "a" & scope("b") == scope("a") & scope("b")
    assert ("a" | scope("b") & "c").alternatives == (("a",), ("b", "c"))


def test_truth_value_of_an_expression_raises_type_error() -> None:
    """Python's `and` and `or` would use it, and drop one side."""
    with pytest.raises(TypeError, match=r"write & and \|"):
        bool(scope("a"))


MISUSED: Mapping[str, Callable[[Any], object]] = {
    "plus": lambda read: read + scope("write"),
    "plus a string": lambda read: read + "write",
    "a string plus": lambda read: "write" + read,
    "minus": lambda read: read - scope("write"),
    "exclusive or": lambda read: read ^ scope("write"),
    "a string exclusive or": lambda read: "write" ^ read,
}


@pytest.mark.parametrize("misused", MISUSED.values(), ids=MISUSED)
def test_other_operators_say_how_scopes_are_combined(misused: Callable[[Any], object]) -> None:
    """Where the expression is written."""
    with pytest.raises(ConfigurationError, match=r"combined by & and \|"):
        misused(scope("read"))


def test_scope_can_not_be_forbidden() -> None:
    """A client could leave it out of its request."""
    with pytest.raises(ConfigurationError, match="write the scopes that are required"):
        ~scope("a")
