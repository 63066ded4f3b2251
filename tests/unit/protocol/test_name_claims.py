"""Roles, groups and entitlements are read in the forms that issuers write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.jose.frozen import freeze
from oauth_guard.protocol.name_claims import ClaimPath, KeysOf, read_names, top_level_names
from tests.unit.protocol.properties import BOUNDED


def _read(value: Any, path: ClaimPath = "roles") -> tuple[set[str], tuple[str, ...]]:
    names, unread = read_names(freeze({"roles": value}), (path,))
    return set(names), unread


@pytest.mark.parametrize(
    ("value", "names"),
    [
        pytest.param(["a", "b"], {"a", "b"}, id="an array of strings"),
        pytest.param("a", {"a"}, id="a string"),
        pytest.param("a b", {"a b"}, id="a string with a space"),
        pytest.param("a,b;c", {"a,b;c"}, id="a string with commas"),
        pytest.param('["a"]', {'["a"]'}, id="a string that looks like JSON"),
        pytest.param(["a b", "c,d"], {"a b", "c,d"}, id="strings with separators"),
        pytest.param([{"value": "a", "display": "A"}], {"a"}, id="SCIM objects"),
        pytest.param([{"value": "a", "name": "b"}], {"a"}, id="value comes before name"),
        pytest.param([{"name": "a", "id": 1}], {"a"}, id="objects with a name"),
        pytest.param([{"value": 5, "name": "a"}], {"a"}, id="a value that is no string"),
        pytest.param({"value": "a"}, {"a"}, id="one SCIM object"),
        pytest.param({"name": "a"}, {"a"}, id="one object with a name"),
        pytest.param(["a", {"value": "b"}, {"name": "c"}], {"a", "b", "c"}, id="a mixture"),
        pytest.param(None, set(), id="null"),
        pytest.param("", set(), id="an empty string"),
        pytest.param([], set(), id="an empty array"),
        pytest.param({}, set(), id="an empty object"),
        pytest.param(["", "a"], {"a"}, id="an empty name"),
        pytest.param([{"value": ""}], set(), id="an empty SCIM value"),
        pytest.param([None, {}, [], "a"], {"a"}, id="empty elements"),
    ],
)
def test_form_that_issuers_write_is_read(value: Any, names: set[str]) -> None:
    """Nothing is remarked on."""
    assert _read(value) == (names, ())


@pytest.mark.parametrize(
    ("value", "names", "unread"),
    [
        pytest.param(5, set(), ["a number"], id="a number"),
        pytest.param(0, set(), ["a number"], id="zero"),
        pytest.param(1.5, set(), ["a number"], id="a fraction"),
        pytest.param(True, set(), ["a boolean"], id="true"),
        pytest.param(False, set(), ["a boolean"], id="false"),
        pytest.param({"admin": True}, set(), ["an object"], id="a map"),
        pytest.param({"value": ["a"]}, set(), ["an object"], id="a value that is an array"),
        pytest.param([1, 2], set(), ["an array with a number"], id="numbers"),
        pytest.param(["a", 1, True], {"a"}, ["an array with a number", "an array with a boolean"]),
        pytest.param([["a"]], set(), ["an array with an array"], id="an array in an array"),
        pytest.param(
            [{"id": 1}, {"id": 2}], set(), ["an array with an object"], id="other objects"
        ),
    ],
)
def test_form_that_can_not_be_read_gives_no_name_and_is_remarked_on_once(
    value: Any, names: set[str], unread: list[str]
) -> None:
    """The remark has the types, and no value."""
    assert _read(value) == (names, tuple(f"roles is {each}" for each in unread))


@pytest.mark.parametrize(
    ("value", "names", "unread"),
    [
        pytest.param({"admin": {"org": "x"}, "user": {}}, {"admin", "user"}, None, id="objects"),
        pytest.param({"admin": True, "user": 1}, {"admin", "user"}, None, id="true and 1"),
        pytest.param({"admin": False, "user": None, "": 1}, set(), None, id="false and null"),
        pytest.param({"value": "a"}, {"value"}, None, id="a member called value"),
        pytest.param({}, set(), None, id="an empty object"),
        pytest.param(["a"], {"a"}, None, id="an array after all"),
        pytest.param("a", {"a"}, None, id="a string after all"),
        pytest.param(5, set(), "roles is a number", id="a number"),
    ],
)
def test_names_are_the_keys_of_an_object_if_the_operator_says_so(
    value: Any, names: set[str], unread: str | None
) -> None:
    """A member that is false or null does not count."""
    assert _read(value, KeysOf("roles")) == (names, (unread,) if unread else ())


@pytest.mark.parametrize(
    ("claims", "names", "unread"),
    [
        pytest.param({"a": {"b": {"roles": ["x"]}}}, {"x"}, (), id="the whole path"),
        pytest.param({"a": {"b": {"roles": "x"}}}, {"x"}, (), id="a string at its end"),
        pytest.param({}, set(), (), id="nothing"),
        pytest.param({"a": None}, set(), (), id="null"),
        pytest.param({"a": {"b": {}}}, set(), (), id="an empty object"),
        pytest.param({"a": {"b": []}}, set(), (), id="an empty array"),
        pytest.param({"a": "x"}, set(), ("a is a string",), id="a string in the path"),
        pytest.param({"a": {"b": ["x"]}}, set(), ("a.b is an array",), id="an array in the path"),
        pytest.param({"a": {"b": {"roles": 5}}}, set(), ("a.b.roles is a number",), id="a number"),
    ],
)
def test_path_leads_through_objects(
    claims: dict[str, Any], names: set[str], unread: tuple[str, ...]
) -> None:
    """Anything else on the way gives no name."""
    assert read_names(freeze(claims), (("a", "b", "roles"),)) == (frozenset(names), unread)


def test_names_of_all_paths_are_combined() -> None:
    """Each path is read by itself."""
    claims = freeze({"a": ["x"], "b": {"c": "y"}, "d": {"z": 1}, "e": 5})
    paths: tuple[ClaimPath, ...] = ("a", ("b", "c"), KeysOf(("d",)), "e", "f")
    assert read_names(claims, paths) == (frozenset("xyz"), ("e is a number",))
    assert top_level_names(paths) == {"a", "b", "d", "e", "f"}
    assert read_names(claims, ()) == (frozenset(), ())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "admin", "a b", "secret"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "name", "admin", "secret"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _strings(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {name for each in inner for name in _strings(each)}


@BOUNDED
@given(value=_JSON)
def test_any_value_is_read_and_gives_only_whole_strings_of_it(value: Any) -> None:
    """No name is invented, split or taken from a key, and no value is in a remark."""
    names, unread = _read(value)
    assert names <= _strings(value) - {""}
    assert not any("secret" in each or "admin" in each for each in unread)
