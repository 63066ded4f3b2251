"""Answer: what an issuer said about a token, and when; also as bytes, for others to read."""

import json
from dataclasses import dataclass

from oauth_guard.errors import InvalidToken
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules

__all__ = ["IntrospectionResult", "read_answer"]

_VERSION = 1


@dataclass(frozen=True, slots=True, repr=False)
class IntrospectionResult:
    """What an issuer said about one token.

    Attributes:
        moment: When it was asked, in seconds since the epoch: ages count from here, in every
            copy of the answer.
        token: What it vouched for; nothing where the token is inactive.
    """

    requested_at: float
    token: AccessToken | None

    def end(self, *, cache_for: float, inactive_for: float) -> float:
        """Return until when it holds: never past `exp` (RFC 7662 §4)."""
        if self.token is None:
            return self.requested_at + inactive_for
        end = self.requested_at + cache_for
        expires_at = self.token.expires_at
        return end if expires_at is None else min(end, expires_at)

    def left(self, now: float, *, cache_for: float, inactive_for: float) -> float:
        """Return for how many seconds it holds yet at *now*.

        Where *now* is before its moment, a clock was set back and no age can be told.
        """
        if now < self.requested_at:
            return 0
        return self.end(cache_for=cache_for, inactive_for=inactive_for) - now

    def written(self) -> bytes:
        """Return it as versioned JSON."""
        claims = None if self.token is None else self.token.claims
        return json.dumps(
            {"version": _VERSION, "requested_at": self.requested_at, "claims": claims}
        ).encode()


def read_answer(data: bytes, rules: ClaimRules) -> IntrospectionResult | None:
    """Read what `Answer.written` gave, in this process or another.

    Another version of it, or claims that *rules* refuse, are no answer: who reads may be
    configured otherwise than who wrote.
    """
    try:
        match parse_object(data):
            case {
                "version": int(version),
                "requested_at": int() | float() as requested_at,
                "claims": claims,
            }:
                if version != _VERSION or not isinstance(claims, dict | None):
                    return None
                token = None if claims is None else AccessToken.from_claims(claims, rules)
                return IntrospectionResult(requested_at, token)
    except (ValueError, InvalidToken):
        pass
    return None
