"""Step-up authentication: whether the user authenticated well and lately (RFC 9470)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from oauth_guard.errors import ConfigurationError, Reason

__all__ = ["read_acr", "read_max_age", "step_up_reason"]

_ACR = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_FUTURE_TOLERANCE = 10  # seconds, for the clock of the issuer


def read_acr(value: str | Iterable[str]) -> tuple[str, ...]:
    """Read the setting `acr=`: values in the order of preference, or one string with spaces.

    Raises:
        ConfigurationError: There is none, or one has characters that a challenge can't contain.
    """
    values: tuple[Any, ...] = tuple(value.split(" ") if isinstance(value, str) else value)
    if not values or not all(isinstance(each, str) and _ACR.fullmatch(each) for each in values):
        raise ConfigurationError('acr= takes values like "mfa", each without spaces and quotes.')
    return values


def read_max_age(value: Any) -> int:
    """Read the setting `max_age=`, in seconds.

    Raises:
        ConfigurationError: It is not an integer of 0 or more.
    """
    if type(value) is not int or value < 0:
        raise ConfigurationError("max_age= is a whole number of seconds, 0 or more.")
    return value


def step_up_reason(
    claims: Mapping[str, Any], acr: tuple[str, ...], max_age: int | None, now: float
) -> Reason | None:
    """Return why the user must authenticate again, or None.

    A missing or malformed `acr` or `auth_time` satisfies nothing, and neither does an `auth_time`
    that is more than 10 seconds in the future.

    Args:
        claims: The claims of the token.
        acr: The accepted values of `acr`; any if empty.
        max_age: How long ago the authentication may be, in seconds; None if it does not matter.
        now: Seconds since the epoch.
    """
    if acr and claims.get("acr") not in acr:
        return Reason.WEAK_AUTHENTICATION
    if max_age is None:
        return None
    auth_time: Any = claims.get("auth_time")
    is_number = type(auth_time) in {int, float}  # a bool is no number here
    if is_number and now - max_age <= auth_time <= now + _FUTURE_TOLERANCE:
        return None
    return Reason.OLD_AUTHENTICATION
