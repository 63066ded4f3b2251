"""IntrospectionResult: what an issuer said about a token, and when; readable from bytes."""

import json
import math
from dataclasses import dataclass

from oauth_guard.errors import InvalidToken
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.cache_settings import CacheSettings

__all__ = ["IntrospectionResult", "read_result"]

_VERSION = 1
_MEMBERS = {"version", "requested_at", "claims"}


@dataclass(frozen=True, slots=True, repr=False)
class IntrospectionResult:
    """What an issuer said about one token.

    Attributes:
        requested_at: When the introspection was requested, in seconds since the epoch. The age
            of every copy of the result counts from here.
        token: The active token; None if the token is inactive.
        stored_until: When the store that it was read from removes it (epoch seconds).
    """

    requested_at: float
    token: AccessToken | None
    stored_until: float = math.inf

    def end(self, settings: CacheSettings) -> float:
        """Return until when it may be cached (epoch seconds): never past `exp` (RFC 7662 §4)."""
        if self.token is None:
            return min(self.requested_at + settings.inactive_for, self.stored_until)
        end = min(self.requested_at + settings.cache_for, self.stored_until)
        expires_at = self.token.expires_at
        return end if expires_at is None else min(end, expires_at)

    def seconds_left(self, now: float, settings: CacheSettings) -> float:
        """Return for how many more seconds it may be cached at *now* (epoch seconds).

        If *now* is before `requested_at`, the clock was set back and the age is unknown: 0.
        """
        if now < self.requested_at:
            return 0
        return self.end(settings) - now

    def to_bytes(self) -> bytes:
        """Return it as versioned JSON, for `read_result`."""
        claims = None if self.token is None else self.token.claims
        return json.dumps(
            {"version": _VERSION, "requested_at": self.requested_at, "claims": claims}
        ).encode()


def read_result(
    data: bytes, settings: CacheSettings, stored_until: float = math.inf
) -> IntrospectionResult | None:
    """Read what `IntrospectionResult.to_bytes` wrote, in this process or another.

    Returns None for another version, and for claims that the rules in *settings* reject: the
    process that wrote it may have another configuration.
    """
    try:
        document = parse_object(data)
        if document.keys() != _MEMBERS or document["version"] != _VERSION:
            return None
        requested_at, claims = document["requested_at"], document["claims"]
        if not isinstance(requested_at, int | float):
            return None
        if claims is None:
            return IntrospectionResult(requested_at, None, stored_until)
        if not isinstance(claims, dict):
            return None
        token = AccessToken.from_claims(claims, settings.rules)
    except (ValueError, InvalidToken):
        return None
    return IntrospectionResult(requested_at, token, stored_until)
