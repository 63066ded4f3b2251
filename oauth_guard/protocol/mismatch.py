"""mismatch(): what was expected and what a token or document has, for the operator's log.

Of a token only `iss`, `aud` and `typ` are ever shown. They are names that somebody configured,
and are not secret. They may be shown before the signature is verified, so a caller may have
written them: a value that is long, or has other characters than a name has, is described instead.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from oauth_guard.errors import InvalidToken, Reason

__all__ = ["listed", "mismatch", "shown", "unknown_issuer"]

_MAX_LENGTH, _MAX_NAMES = 200, 5
_NAME = re.compile(r"[!#-~]+")  # printable ASCII without space and quote
_JSON_OBJECT = "eyJ"  # the beginning of one in base64url, as in a token
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def mismatch(expected: Iterable[str], found: object) -> dict[str, str]:
    """Return the names that were *expected* and the one that was *found*, for an error.

    A hint is added if the two differ only by what is easily overlooked, such as a slash.
    """
    names = list(expected)
    detail = {"expected": listed(names), "found": shown(found)}
    candidates = found if isinstance(found, list | tuple) else [found]
    hints = (_hint(name, each) for name in names for each in candidates if isinstance(each, str))
    if hint := next(filter(None, hints), None):
        detail["hint"] = hint
    return detail


def listed(values: Iterable[str]) -> str:
    """Return the first five of *values* as a text, and how many more there are."""
    names = list(values)
    more = len(names) - _MAX_NAMES
    return " or ".join(names[:_MAX_NAMES]) + (f" or {more} more" if more > 0 else "")


def unknown_issuer(expected: Iterable[str], found: object) -> InvalidToken:
    """Return the rejection of a token whose `iss` is *found*, and none of the *expected* names."""
    return InvalidToken(Reason.UNKNOWN_ISSUER).about(**mismatch(expected, found))


def shown(value: object) -> str:
    """Return *value* if it looks like a name, else a description of it."""
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        names = [shown(each) for each in value[:_MAX_NAMES]]
        more = len(value) - len(names)
        return (" ".join(names) + (f" and {more} more" if more else "")) or "an empty array"
    if not isinstance(value, str):
        return "no text"
    if len(value) <= _MAX_LENGTH and _NAME.fullmatch(value) and not value.startswith(_JSON_OBJECT):
        return value
    return f"a text of {len(value)} characters"


def _hint(expected: str, found: str) -> str | None:
    """Return by what *found* differs from *expected*; None if by more than a detail."""
    if len(found) > _MAX_LENGTH or expected == found:
        return None
    differences = {
        "a slash at its end": expected.rstrip("/") == found.rstrip("/"),
        "white space around it": expected == found.strip(),
        "upper and lower case": expected.lower() == found.lower(),
        "its scheme": expected.partition("://")[2] == found.partition("://")[2] != "",
        "the name of the loopback host": _differ_by_loopback_host(expected, found),
    }
    by = next((name for name, is_so in differences.items() if is_so), None)
    return by and f"differs by {by}"


def _differ_by_loopback_host(expected: str, found: str) -> bool:
    try:
        ours, theirs = urlsplit(expected), urlsplit(found)
        same_port = ours.port == theirs.port
    except ValueError:
        return False
    rest_is_same = ours._replace(netloc="") == theirs._replace(netloc="")
    return same_port and rest_is_same and {ours.hostname, theirs.hostname} <= _LOOPBACK
