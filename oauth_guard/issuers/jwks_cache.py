"""JWKSCache: how long the keys of an issuer are cached, and how often they are fetched."""

import math
from dataclasses import dataclass

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.settings import checked_settings

__all__ = ["JWKSCache"]


@checked_settings
@dataclass(frozen=True, slots=True)
class JWKSCache:
    """How long the keys of an issuer are cached, in seconds; the settings are independent.

    Attributes:
        max_age: How long keys are fresh if the issuer's `Cache-Control` has no `max-age`
            (RFC 9111 §5.2.2.1). Its `max-age` is limited to between 5 minutes and 24 hours.
        cooldown: Tokens with unknown keys may cause three fetches, and one more after each time
            of this length. 0 removes the limit.
        stale_if_error: How long expired keys are still used while the issuer can't be reached;
            0 for not at all (RFC 5861 §4).
        deadline: How long discovery may take, and then the request for the keys.
    """

    max_age: float = 600
    cooldown: float = 10
    stale_if_error: float = 3600
    deadline: float = 5

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ConfigurationError: One is negative or infinite, or `max_age` or `deadline` is 0.
        """
        times = (self.max_age, self.cooldown, self.stale_if_error, self.deadline)
        if not (all(0 <= time < math.inf for time in times) and self.max_age and self.deadline):
            raise ConfigurationError(
                "JWKSCache takes seconds: positive, or 0 to turn cooldown or stale_if_error off."
            )
