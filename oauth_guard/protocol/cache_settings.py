"""CacheSettings: for how long the introspection results of an issuer are cached (RFC 7662 §4)."""

import math
from dataclasses import dataclass

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.claims import ClaimRules

__all__ = ["CacheSettings"]


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """How the introspection results of one issuer are cached.

    An access token of such an issuer depends on its claims and on *rules* alone:
    `AccessToken.from_claims(claims, rules)` builds it again in another process.

    Attributes:
        rules: The rules by which the issuer's claims are read.
        identity: Everything that a result depends on besides the token: the issuer's identifier,
            the endpoint, the client, the settings. It never changes, and is the same in each
            process with the same configuration.
        cache_for: Seconds for which an active token's result is cached; 0 disables the cache.
        inactive_for: Seconds for which an inactive token's result is cached.

    Raises:
        ConfigurationError: A number of seconds is negative or infinite.
    """

    rules: ClaimRules
    identity: tuple[str, ...]
    cache_for: float
    inactive_for: float

    def __post_init__(self) -> None:
        """Check the numbers of seconds.

        Raises:
            ConfigurationError: One is negative or infinite.
        """
        if not all(0 <= each < math.inf for each in (self.cache_for, self.inactive_for)):
            raise ConfigurationError(
                "cache_for= and inactive_for= are seconds, or 0 to introspect for each request."
            )
