"""CacheSettings refuses numbers of seconds that make no sense."""

import math

import pytest

from oauth_guard import ConfigurationError
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.claims import ClaimRules

RULES = ClaimRules.of("https://as.example.com")


def settings(cache_for: float, inactive_for: float) -> CacheSettings:
    """Return settings with these seconds."""
    return CacheSettings(rules=RULES, identity=(), cache_for=cache_for, inactive_for=inactive_for)


@pytest.mark.parametrize("seconds", [(0, 0), (60, 5), (0.5, 3600)], ids=str)
def test_finite_seconds_are_accepted(seconds: tuple[float, float]) -> None:
    """Zero disables caching."""
    accepted = settings(*seconds)
    assert (accepted.cache_for, accepted.inactive_for) == seconds


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan], ids=str)
def test_negative_or_infinite_seconds_are_rejected(seconds: float) -> None:
    """Both settings are checked."""
    for pair in ((seconds, 5), (60, seconds)):
        with pytest.raises(ConfigurationError, match="are seconds, or 0 to introspect"):
            settings(*pair)
