"""Tenants: the limits of lookups."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.tenants import Tenants


async def resolve_none(_: str) -> Issuer | None:
    """Return no tenant."""
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
def test_limit_out_of_range_is_rejected(settings: dict[str, Any]) -> None:
    """No limit is infinite, and none so small that no tenant would be found."""
    with pytest.raises(ConfigurationError, match=f"{next(iter(settings))}="):
        Tenants(resolve=resolve_none, **settings)


async def test_defaults_are_accepted() -> None:
    """Only `resolve` is required."""
    tenants = Tenants(resolve=resolve_none)
    assert await tenants.resolve("https://a.example") is None
    assert (tenants.cache_for, tenants.negative_cache_for) == (300, 5)


@pytest.mark.parametrize("name", ["", "login", "http://login.example.com", "https://a/?b=c"])
def test_advertised_issuer_must_be_a_url(name: str) -> None:
    """Clients find its metadata by it."""
    with pytest.raises(ConfigurationError):
        Tenants(resolve=resolve_none, advertised=[name])
