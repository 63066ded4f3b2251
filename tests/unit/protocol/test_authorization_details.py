"""Authorization details grant what one object of the token contains, and nothing more."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.jose.frozen import freeze
from oauth_guard.protocol.authorization_details import check_details, details_grant, read_needs

RESOURCE = "https://api.test"
WRITE = {"type": "a", "actions": ["write"]}


@pytest.mark.parametrize("details", [[], [{"type": "a"}], [{"type": "a"}, {"type": "b", "x": 1}]])
def test_array_of_typed_objects_is_accepted(details: Any) -> None:
    """An empty array grants nothing."""
    check_details(freeze(details))


@pytest.mark.parametrize(
    "details", [{}, "x", None, 1, ["x"], [{"actions": ["read"]}], [{"type": 1}], [{"type": None}]]
)
def test_details_of_another_shape_are_rejected(details: Any) -> None:
    """RFC 9396 §2, §9.1."""
    with pytest.raises(InvalidToken) as caught:
        check_details(freeze(details))
    assert caught.value.reason is Reason.MALFORMED_DETAILS


@pytest.mark.parametrize(
    ("details", "need", "granted"),
    [
        pytest.param([WRITE], WRITE, True, id="equal"),
        pytest.param([{**WRITE, "actions": ["read", "write"]}], WRITE, True, id="more actions"),
        pytest.param([{**WRITE, "amount": 5}], WRITE, True, id="more members"),
        pytest.param([{"type": "b"}, WRITE], WRITE, True, id="the second"),
        pytest.param([WRITE], {"type": "a"}, True, id="type alone"),
        pytest.param([{"type": "a"}], WRITE, False, id="no actions"),
        pytest.param([{"type": "a", "actions": "write"}], WRITE, False, id="a string"),
        pytest.param([{"type": "b", "actions": ["write"]}], WRITE, False, id="another type"),
        pytest.param(
            [{"type": "a", "actions": ["read"]}, {"type": "b", "actions": ["write"]}],
            WRITE,
            False,
            id="mixed",
        ),
        pytest.param([], WRITE, False, id="none"),
        pytest.param([{"type": "a", "n": True}], {"type": "a", "n": 1}, False, id="true is not 1"),
        pytest.param(
            [{"type": "a", "at": {"x": 1}}],
            freeze({"type": "a", "at": {"x": 1}}),
            True,
            id="object",
        ),
        pytest.param([{**WRITE, "locations": [RESOURCE]}], WRITE, True, id="here"),
        pytest.param([{**WRITE, "locations": ["https://b.test"]}], WRITE, False, id="elsewhere"),
        pytest.param([{**WRITE, "locations": RESOURCE}], WRITE, False, id="locations a string"),
        pytest.param([{**WRITE, "locations": []}], WRITE, False, id="nowhere"),
    ],
)
def test_need_is_met_by_one_object(details: Any, need: Any, granted: bool) -> None:
    """Never by two together; its locations must contain this resource."""
    claims = freeze({"authorization_details": details})
    assert details_grant(claims, need, RESOURCE) is granted
    assert not details_grant({}, need, RESOURCE)


def test_needs_of_a_route_are_one_object_or_several() -> None:
    """Each has a type."""
    assert read_needs(WRITE) == (WRITE,)
    assert read_needs([WRITE, {"type": "b"}]) == (WRITE, {"type": "b"})
    wrong: list[Any] = [{"actions": ["write"]}, ["a"], "a", [{"type": 1}]]
    for value in wrong:
        with pytest.raises(ConfigurationError, match="objects with a type"):
            read_needs(value)
