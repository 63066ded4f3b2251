"""claims_in() and readable(): the claims in a JWT, without validation, and as texts."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from oauth_guard.errors import InvalidToken
from oauth_guard.interfaces import Clock
from oauth_guard.jose.jws import parse_jws

__all__ = ["claims_in", "readable"]

_TIMES = {"exp", "nbf", "iat", "auth_time"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def claims_in(token: str) -> Mapping[str, Any]:
    """Return the claims in *token*; none if it is no JWT. They are not validated."""
    try:
        return parse_jws(token).claims
    except InvalidToken:
        return {}


def readable(claims: Mapping[str, Any], *, clock: Clock = time.time) -> dict[str, str]:
    """Return *claims* as texts, with times as a date and how far away they are.

    A text that is not printable is written as JSON, since the maker of the token has chosen it.
    *clock* returns seconds since the epoch.
    """
    return {_shown(name): _text(name, value, clock()) for name, value in claims.items()}


def _text(name: str, value: Any, now: float) -> str:
    if name in _TIMES and isinstance(value, int | float) and not isinstance(value, bool):
        return _moment(value, now)
    return _shown(value) if isinstance(value, str) else json.dumps(value, default=dict)


def _shown(text: str) -> str:
    """Return *text*, as JSON if it has characters that a terminal might obey."""
    return text if text.isprintable() else json.dumps(text)


def _moment(value: float, now: float) -> str:
    try:
        text = datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return str(value)
    seconds = value - now
    return f"{text}, {_span(abs(seconds))} {'ahead' if seconds > 0 else 'ago'}"


def _span(seconds: float) -> str:
    for size, unit in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
