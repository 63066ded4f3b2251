"""Tenants: issuers that are looked up by the name in a token, where there are many or new ones."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Issuer

__all__ = ["Resolve", "Tenants"]

Resolve: TypeAlias = Callable[[str], Awaitable[Issuer | None]]
"""Returns the issuer of exactly that name, or None where it is no tenant's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenants:
    """Trusts the issuers that *resolve* knows; it stands among the issuers of a guard.

    It is asked only about a name that an issuer could have, once at a time for each, and what it
    knows is remembered, as is for a few seconds that a name is nobody's. While it can't be asked,
    tokens of tenants that are not remembered can't be judged, which is a 503.

    Attributes:
        resolve: Asked for the issuer of a name. Let it return the same issuer each time, so that
            its keys stay; one that it returns no longer is closed.
        cache_for: For how many seconds a tenant is trusted before *resolve* is asked again.
        negative_cache_for: For how many seconds it is remembered that a name is nobody's.
        max_tenants: How many are remembered; the least recently used goes first.
        max_lookups_per_second: How often *resolve* is called about names that are not cached.
        deadline: How many seconds it may take.
        aclose: Lets go of what *resolve* holds, when the guard closes.
        insecure_http: Ask also about names in http, inside a private network.

    Raises:
        ConfigurationError: A number makes no sense.
    """

    resolve: Resolve
    cache_for: float = 300
    negative_cache_for: float = 5
    max_tenants: int = 1000
    max_lookups_per_second: float = 50
    deadline: float = 2
    aclose: Callable[[], Awaitable[None]] | None = None
    insecure_http: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense.

        Raises:
            ConfigurationError: One is too small, or endless.
        """
        seconds = (self.cache_for, self.deadline)
        if (
            not all(0 < each < math.inf for each in seconds)
            or not 0 <= self.negative_cache_for < math.inf
        ):
            raise ConfigurationError(
                "cache_for=, negative_cache_for= and deadline= are positive seconds."
            )
        if self.max_tenants < 1 or not 1 <= self.max_lookups_per_second < math.inf:
            raise ConfigurationError("max_tenants= and max_lookups_per_second= are 1 or more.")
