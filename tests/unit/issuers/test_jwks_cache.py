"""JWKSCache: times that can't be used are rejected."""

import math

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers.jwks_cache import JWKSCache


@pytest.mark.parametrize("setting", ["max_age", "cooldown", "stale_if_error", "deadline"])
def test_infinite_cache_setting_is_rejected(setting: str) -> None:
    """Keys that are never fetched again could never be withdrawn."""
    with pytest.raises(ConfigurationError, match="JWKSCache takes seconds"):
        JWKSCache(**{setting: math.inf})


@pytest.mark.parametrize("setting", ["max_age", "deadline"])
def test_zero_is_rejected_where_nothing_would_work(setting: str) -> None:
    """Cooldown and stale_if_error may be 0."""
    with pytest.raises(ConfigurationError, match="JWKSCache takes seconds"):
        JWKSCache(**{setting: 0})
    JWKSCache(cooldown=0, stale_if_error=0)
