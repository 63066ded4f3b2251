"""Tenants are looked up within bounds that make sense."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.tenants import Tenants


async def nobody(_: str) -> Issuer | None:
    """Know no tenant."""
    return None


@pytest.mark.parametrize(
    "settings",
    [
        {"cache_for": 0},
        {"cache_for": float("inf")},
        {"negative_cache_for": -1},
        {"negative_cache_for": float("inf")},
        {"deadline": 0},
        {"deadline": float("nan")},
        {"max_tenants": 0},
        {"max_lookups_per_second": 0.5},
        {"max_lookups_per_second": float("inf")},
    ],
    ids=repr,
)
def test_bounds_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    """None is endless, and none is so small that nobody would be found."""
    with pytest.raises(ConfigurationError, match=f"{next(iter(settings))}="):
        Tenants(resolve=nobody, **settings)


async def test_the_defaults_make_sense() -> None:
    """Only who is asked must be said."""
    tenants = Tenants(resolve=nobody)
    assert await tenants.resolve("https://a.example") is None
    assert (tenants.cache_for, tenants.negative_cache_for) == (300, 5)
