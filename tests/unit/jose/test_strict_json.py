"""The JSON parser rejects every document that another parser may read differently."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.jose.strict_json import parse_object
from tests.unit.jose.ambiguous_json import AMBIGUOUS_DOCUMENTS
from tests.unit.protocol.properties import BOUNDED

_FLAT = b'{"a":[' + b",".join([b"[]"] * 100) + b"]}"


@pytest.mark.parametrize("document", AMBIGUOUS_DOCUMENTS.values(), ids=AMBIGUOUS_DOCUMENTS)
def test_ambiguous_document_is_rejected(document: bytes) -> None:
    """The error text is fixed, and quotes nothing of the document."""
    with pytest.raises(ValueError, match=r"^not (strict JSON|a JSON object)$|^nested|surrogate"):
        parse_object(document)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        pytest.param(b"{}", {}, id="an empty object"),
        pytest.param(b' \t\r\n{ "a" : 1 }\n', {"a": 1}, id="white space"),
        pytest.param(
            b'{"a":[true,false,null,-0,1.5e3]}', {"a": [True, False, None, 0, 1500.0]}, id="scalars"
        ),
        pytest.param('{"é":"😀"}'.encode(), {"é": "😀"}, id="text beyond ASCII"),
        pytest.param(b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}, id="an escaped surrogate pair"),
        pytest.param(b'{"a":"\\\\ud800"}', {"a": "\\ud800"}, id="an escaped backslash"),
        pytest.param(
            b'{"a":{"b":1},"b":{"a":1}}',
            {"a": {"b": 1}, "b": {"a": 1}},
            id="one name in two objects",
        ),
        pytest.param(b'{"a":' + b"9" * 100 + b"}", {"a": 10**100 - 1}, id="100 digits"),
        pytest.param(b'{"a":1e308}', {"a": 1e308}, id="a large float"),
        pytest.param(b'{"a":1e-400}', {"a": 0.0}, id="a number that underflows to 0"),
        pytest.param(b'{"a":' + b"[" * 31 + b"]" * 31 + b"}", None, id="32 levels"),
        pytest.param(_FLAT, {"a": [[]] * 100}, id="100 arrays on one level"),
    ],
)
def test_unambiguous_document_is_parsed(document: bytes, value: dict[str, Any] | None) -> None:
    """The limits of depth and digits are included."""
    assert parse_object(document) == (value or json.loads(document))


def _array(element: bytes, count: int) -> bytes:
    return b'{"a":[' + b",".join([element] * count) + b"]}"


def _members(value: bytes, count: int) -> bytes:
    return b"{" + b",".join(b'"%d":%s' % (n, value) for n in range(count)) + b"}"


@pytest.mark.parametrize(
    ("build", "most"),
    [
        pytest.param(lambda n: _array(b"{}", n), 510, id="objects"),
        pytest.param(lambda n: _array(b"[ ]", n), 510, id="arrays"),
        pytest.param(lambda n: _array(b'{"a":[]}', n), 255, id="arrays in objects"),
        pytest.param(lambda n: _members(b"{}", n), 511, id="members that are objects"),
        pytest.param(lambda n: _array(b"1", n), 2047, id="numbers"),
        pytest.param(lambda n: _array(b'"a"', n), 2047, id="strings"),
        pytest.param(lambda n: _array(b'"\\"{["', n), 2047, id="strings with escaped quotes"),
        pytest.param(lambda n: _members(b"null", n), 2048, id="members"),
    ],
)
def test_document_with_too_many_values_is_rejected_before_it_is_parsed(
    build: Callable[[int], bytes], most: int
) -> None:
    """512 objects and arrays are the limit, and 2,048 values; trusted documents have none."""
    assert parse_object(build(most)) == json.loads(build(most))
    with pytest.raises(ValueError, match="not strict JSON"):
        parse_object(build(most + 1))
    assert parse_object(build(most + 1), bounded=False) == json.loads(build(most + 1))


@pytest.mark.parametrize("text", ["{", "[", ",", '\\"', "\\\\", '\\"{', "\\\\[", "{},[]", "a,b"])
def test_characters_inside_strings_do_not_count_for_the_bounds(text: str) -> None:
    """A name in a directory contains commas; a long string is cheap to parse."""
    document = f'{{"a":"{text * 3000}","b":[{{}},1]}}'
    assert parse_object(document.encode()) == json.loads(document)


@pytest.mark.parametrize("end", ["", '"', "\\", '\\"', '"}', "{" * 600])
@pytest.mark.parametrize("text", ['\\"', '"', "\\", '\\"{', '"{"', "[", '",'])
def test_time_of_the_bounds_is_linear_in_the_length(text: str, end: str) -> None:
    """200 kB are checked in well under a second, also if strings don't end."""
    document = ('{"a":"' + text * (200_000 // len(text)) + end).encode()
    started_at = time.process_time()
    with suppress(ValueError):
        parse_object(document)
    assert time.process_time() - started_at < 1


@BOUNDED
@given(
    values=st.lists(
        st.sampled_from(["{}", "[]", '"{"', '"\\\\"', '"\\","', "1", "[1,2]"]), max_size=60
    ),
    copies=st.integers(1, 60),
)
def test_bounds_count_what_a_parser_finds(values: list[str], copies: int) -> None:
    """The counts are taken from the text; the parsed document has the same."""
    document = f'{{"a":[{",".join(values * copies)}]}}'
    parsed = json.loads(document)["a"]
    containers = 2 + sum(isinstance(each, dict | list) for each in parsed)
    elements = containers + max(len(parsed) - 1, 0) + sum(each == [1, 2] for each in parsed)
    if len(document) > 1024 and (containers > 512 or elements > 2048):
        with pytest.raises(ValueError, match="not strict JSON"):
            parse_object(document.encode())
    else:
        assert parse_object(document.encode())["a"] == parsed


_NAMES = st.sampled_from(["a", "b", "\\u0061", "é", "\\ud83d\\ude00", "\\udc00"])
_LEAVES = st.sampled_from(
    ["0", "-0", "1", "1.0", "1e400", "1E5", "NaN", "-Infinity", "9" * 101, "true", "null", "01"]
) | _NAMES.map('"{}"'.format)


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(_NAMES, inner).map(lambda pair: '"{}":{}'.format(*pair))
    return st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]") | st.lists(
        member, max_size=3
    ).map(lambda members: f"{{{','.join(members)}}}")


_WRITTEN = st.recursive(_LEAVES, _containers, max_leaves=8)


@BOUNDED
@given(document=_WRITTEN.map(str.encode) | st.binary(max_size=64))
def test_accepted_document_equals_the_result_of_json_loads(document: bytes) -> None:
    """No document is accepted that `json.loads` rejects."""
    try:
        value = parse_object(document)
    except ValueError:
        return
    assert json.loads(document) == value


_TEXT = st.text(max_size=8)
_VALUES = st.recursive(
    _TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**90), 10**90)
    | st.booleans()
    | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


@BOUNDED
@given(value=st.dictionaries(_TEXT, _VALUES, max_size=3), ascii_only=st.booleans())
def test_output_of_json_dumps_is_parsed_to_the_same_value(
    value: dict[str, Any], ascii_only: bool
) -> None:
    """Escaped and unescaped text are both covered."""
    assert parse_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value
