"""Authorization details of a token: their shape, and whether they grant a need (RFC 9396)."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason

__all__ = ["Need", "check_details", "details_grant", "read_needs"]

Need: TypeAlias = Mapping[str, Any]
"""A type and the other members that one object of the token must have."""


def check_details(details: Any) -> None:
    """Check that *details*, an `authorization_details`, is an array of typed objects (§2, §9.1).

    Raises:
        InvalidToken: It is not.
    """
    if not isinstance(details, list | tuple):
        raise InvalidToken(Reason.MALFORMED_DETAILS)
    for each in details:
        if not (isinstance(each, Mapping) and isinstance(each.get("type"), str)):
            raise InvalidToken(Reason.MALFORMED_DETAILS)


def read_needs(value: Need | Iterable[Need]) -> tuple[Need, ...]:
    """Read the setting `details=` of a route: one need or several.

    Raises:
        ConfigurationError: A need is not an object with a type.
    """
    needs: tuple[Any, ...] = (value,) if isinstance(value, Mapping) else tuple(value)
    for each in needs:
        if not (isinstance(each, Mapping) and isinstance(each.get("type"), str)):
            raise ConfigurationError(
                'details= takes objects with a type: details={"type": "payment", '
                '"actions": ["write"]}.'
            )
    return needs


def details_grant(claims: Mapping[str, Any], need: Need, resource: str) -> bool:
    """Return whether one object of `authorization_details` grants *need* at *resource*.

    An object grants it if it has each member of the need: a list must contain each item of the
    list that is needed, any other value must be equal. Two objects together grant nothing, and
    neither does one whose `locations` do not contain the resource. An object of a type that no
    route needs has no effect.

    Args:
        claims: The claims of the token, whose shape `check_details` has checked.
        need: The type and the other members that are needed.
        resource: The URI of this resource.
    """
    return any(
        all(name in granted and _contains(granted[name], value) for name, value in need.items())
        and _is_for(granted, resource)
        for granted in claims.get("authorization_details", ())
    )


def _contains(granted: Any, needed: Any) -> bool:
    if isinstance(needed, list | tuple | set | frozenset):
        return isinstance(granted, tuple) and all(item in granted for item in needed)
    return type(granted) is type(needed) and bool(granted == needed)


def _is_for(granted: Mapping[str, Any], resource: str) -> bool:
    return "locations" not in granted or _contains(granted["locations"], (resource,))
