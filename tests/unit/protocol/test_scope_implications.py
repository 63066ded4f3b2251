"""ScopeImplications: a granted scope implies others, and no scope implies itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.scope_implications import ScopeImplications
from tests.unit.protocol.properties import BOUNDED

_FILES = {"admin": ["files"], "files": ["files:read", "files:write"], "files:write": ["quota"]}


@pytest.mark.parametrize(
    ("granted", "expanded"),
    [
        ("", ""),
        ("other", "other"),
        ("files:read", "files:read"),
        ("files", "files files:read files:write quota"),
        ("admin other", "admin files files:read files:write quota other"),
        ("files:write", "files:write quota"),
        ("FILES", "FILES"),
    ],
)
def test_granted_scope_implies_others_directly_and_indirectly(granted: str, expanded: str) -> None:
    """Never the scope that implies it; names are compared exactly."""
    implications = ScopeImplications(_FILES)
    scopes = frozenset(granted.split())
    assert scopes | implications.of(scopes) == frozenset(expanded.split())


@pytest.mark.parametrize(
    ("implied", "advice"),
    [
        ({"a": ["a"]}, "circular: 'a' implies itself"),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "circular: 'a' implies itself"),
        ({"x": ["a"], "a": ["b"], "b": ["a"]}, "circular: 'a' implies itself"),
        ({"a": "b"}, r"""scope_implies=\{"a": \["b"\]\}"""),
        ({"a b": ["c"]}, "'a b' is no scope"),
        ({"a": ["b c"]}, "'b c' is no scope"),
        ([("a", ["b"])], "scope_implies= maps scopes to lists"),
    ],
)
def test_wrong_implication_is_rejected(implied: Any, advice: str) -> None:
    """A circle would make all of its scopes equal."""
    with pytest.raises(ConfigurationError, match=advice):
        ScopeImplications(implied)


@BOUNDED
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"))),
    st.frozensets(st.sampled_from("abcdefg")),
)
def test_expansion_contains_the_granted_scopes_and_expands_no_further(
    implied: dict[str, set[str]], granted: frozenset[str]
) -> None:
    """Implications of implied scopes are included."""
    try:
        implications = ScopeImplications(implied)
    except ConfigurationError:
        return
    expanded = granted | implications.of(granted)
    assert implications.of(expanded) == implications.of(granted)
    assert all(implied[name] <= expanded for name in expanded & implied.keys())
