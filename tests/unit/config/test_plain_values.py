"""read_plain(): values as the types of their settings."""

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from oauth_guard.config.plain_values import NO_MATCH, read_plain
from oauth_guard.config.source import FromEnvironment

TABLE: list[tuple[Any, Any, Any]] = [
    (str, "a", "a"),
    (str, 1, NO_MATCH),
    (str, b"a", "a"),
    (bytes, "a", b"a"),
    (bytes, b"a", b"a"),
    (bool, True, True),
    (bool, 1, NO_MATCH),
    (int, 1, 1),
    (int, True, NO_MATCH),
    (int, 1.5, NO_MATCH),
    (float, 1, 1),
    (float, 1.5, 1.5),
    (float, True, NO_MATCH),
    (Literal["a", "b"], "b", "b"),
    (Literal["a", "b"], "c", NO_MATCH),
    (Any, [1], [1]),
    (Mapping[str, Any], {"a": 1}, {"a": 1}),
    (Mapping[str, Any], "a", NO_MATCH),
    (bool, FromEnvironment("TRUE"), True),
    (bool, FromEnvironment("false"), False),
    (bool, FromEnvironment("1"), NO_MATCH),
    (int, FromEnvironment("12"), 12),
    (int, FromEnvironment("twelve"), NO_MATCH),
    (float, FromEnvironment("1.5"), 1.5),
    (str, FromEnvironment("12"), "12"),
    (bytes, FromEnvironment("s3cret"), b"s3cret"),
    (Literal["a"], FromEnvironment("a"), "a"),
    (Mapping[str, Any], FromEnvironment("a"), NO_MATCH),
]


@pytest.mark.parametrize(("kind", "value", "read"), TABLE)
def test_value_is_read_as_its_type_or_not_at_all(kind: Any, value: Any, read: Any) -> None:
    """A number is no truth value, and the text of a variable is a number where one is meant."""
    result = read_plain(kind, value)
    assert result == read
    assert type(result) is type(read) or isinstance(value, FromEnvironment)
