"""freshness(): for how long HTTP allows a private cache to use a response (RFC 9111)."""

import re
from collections.abc import Mapping

__all__ = ["CACHE_FIELDS", "freshness"]

CACHE_FIELDS = ("age", "cache-control", "expires", "pragma", "vary")
"""The header fields that decide, in lower case."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_FORBIDS = {"no-store", "no-cache"}


def freshness(fields: Mapping[str, str]) -> float | None:
    """Return the seconds for which a response may be used again; None if it does not say.

    0 if it must not be: by `no-store` or `no-cache`, by `Vary: *`, or where a field is malformed
    or `max-age` is there twice with different values, which §4.2.1 lets a cache treat as stale.
    A `max-age` in quotes counts as malformed. The seconds are those of `max-age` less those of
    `Age`. `Expires` and `Pragma` without `max-age` count as 0, which is shorter than §5.3
    allows. `s-maxage` is for shared caches.

    Args:
        fields: The values of `CACHE_FIELDS` that the response has, several lines of one name
            joined by commas.
    """
    control = _QUOTED.sub("", fields.get("cache-control", ""))
    directives = [_directive(each) for each in control.split(",")]
    lifetimes = {value for name, value in directives if name == "max-age"}
    forbids = not _FORBIDS.isdisjoint(name for name, _ in directives)
    if forbids or '"' in control or "*" in fields.get("vary", ""):
        return 0
    if not lifetimes:
        return 0 if fields.keys() & {"expires", "pragma"} else None
    match = _SECONDS.fullmatch(lifetimes.pop())
    age = _SECONDS.fullmatch(fields.get("age", "0").strip())
    if lifetimes or match is None or age is None:
        return 0
    return float(max(int(match[0]) - int(age[0]), 0))


def _directive(text: str) -> tuple[str, str]:
    """Return the name of a directive in lower case, and its value."""
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()
