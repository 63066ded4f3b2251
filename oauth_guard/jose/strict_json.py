"""JSON as a security boundary: one meaning or none (RFC 8259 §4, RFC 8725 §2.4)."""

import json
from math import isfinite
from typing import Any, NoReturn

__all__ = ["parse_object"]

_MAX_DEPTH = 32
_MAX_DIGITS = 100
_WHITE_SPACE = " \t\n\r"


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise ValueError("a member is named twice")
    return result


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite_float(literal: str) -> float:
    number = float(literal)
    if not isfinite(number):  # the literal overflowed
        raise ValueError("a number overflows")
    return number


def _bounded_int(literal: str) -> int:
    if len(literal) > _MAX_DIGITS:
        raise ValueError("an integer has too many digits")
    return int(literal)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_refuse_constant,
    parse_float=_finite_float,
    parse_int=_bounded_int,
)


def parse_object(data: bytes) -> dict[str, Any]:
    """Return the one JSON object that *data* holds, read strictly.

    Refused is whatever two parsers might read in two ways: a member named twice, `NaN`,
    a number that overflows, a lone surrogate, a byte order mark, nesting past 32 levels.
    How long *data* may be is the caller's to bound.

    Raises:
        ValueError: *data* is anything but such an object; the text quotes nothing of it.
    """
    try:
        text = data.decode("utf-8").strip(_WHITE_SPACE)
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        raise ValueError("not strict JSON") from None
    if end != len(text) or not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if text.count("[") + text.count("{") > _MAX_DEPTH:
        _refuse_depth(value)
    if "\\" in text and "\\u" in text:  # one character is found faster than two
        _refuse_lone_surrogates(value)
    return value


def _refuse_depth(value: dict[str, Any]) -> None:
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


def _refuse_lone_surrogates(value: dict[str, Any]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is not text") from None
