"""Strict JSON parsing: every document that two parsers might read differently is rejected.

RFC 8259 §4 leaves open what a duplicate member means. RFC 8725 §2.6 and §3.7 allow UTF-8 only.
"""

import json
import re
from math import isfinite
from typing import Any, NoReturn

__all__ = ["parse_object"]

_MAX_DEPTH = 32
_MAX_DIGITS = 100
_MAX_CONTAINERS, _MAX_VALUES = 512, 2048
_SMALL = 1024  # a text of so many characters can't exceed these two
_WHITE_SPACE = " \t\n\r"
# A string of JSON, ended or not. It never backtracks, so its time is linear.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


def parse_object(data: bytes, *, bounded: bool = True) -> dict[str, Any]:
    """Parse *data*, which must be one JSON object in UTF-8.

    The length of *data* is not checked; the caller bounds it.

    Args:
        data: The document.
        bounded: Reject more than 512 objects and arrays, or more than 2,048 values. Parsing 15 kB
            of `{}` takes 40 times as long as parsing one string of that length. Set it to False
            for a document that a trusted server returned.

    Raises:
        ValueError: *data* is not a JSON object; has a duplicate member, `NaN`, `Infinity`, a
            float that overflows, an integer of more than 100 digits, a lone surrogate or a byte
            order mark; is nested more than 32 levels deep; or exceeds the bounds. The text quotes
            nothing of *data*.
    """
    try:
        text = data.decode("utf-8").strip(_WHITE_SPACE)
        if bounded and len(text) > _SMALL:
            _check_size(text)
        value, end = _scan(text, 0)
    except (ValueError, RecursionError, StopIteration):  # the last is for no value at all
        raise ValueError("not strict JSON") from None
    if end != len(text) or not isinstance(value, dict):
        raise ValueError("not a JSON object")
    # Most objects contain no other, and finding one bracket is faster than counting.
    if ("[" in text or "{" in text[1:]) and text.count("[") + text.count("{") > _MAX_DEPTH:
        _check_depth(value)
    if "\\" in text and "\\u" in text:  # searching one character first is faster
        _check_surrogates(value)
    return value


def _check_size(text: str) -> None:
    """Reject *text* before it is parsed if it has too many objects, arrays or values."""
    if _exceeds_bounds(text) and _exceeds_bounds(_STRING.sub("", text)):
        raise ValueError("too many values")


def _exceeds_bounds(text: str) -> bool:
    containers = text.count("{") + text.count("[")
    # A comma precedes each value but the first of its container.
    return containers > _MAX_CONTAINERS or containers + text.count(",") > _MAX_VALUES


def _check_depth(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    if any(isinstance(item, dict | list) for item in level):
        raise ValueError("nested too deeply")


def _check_surrogates(value: dict[str, Any]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is not text") from None


def _unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise ValueError("duplicate member")
    return result


def _reject_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite_float(literal: str) -> float:
    number = float(literal)
    if not isfinite(number):  # the literal overflows
        raise ValueError("a number overflows")
    return number


def _bounded_int(literal: str) -> int:
    if len(literal) > _MAX_DIGITS:
        raise ValueError("an integer has too many digits")
    return int(literal)


# What `raw_decode` calls, without the frame of `raw_decode`.
_scan = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_constant=_reject_constant,
    parse_float=_finite_float,
    parse_int=_bounded_int,
).scan_once  # type: ignore[attr-defined] # since Python 2.6, but in no documentation
