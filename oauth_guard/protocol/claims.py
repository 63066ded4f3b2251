"""ClaimRules: what an issuer's tokens must say to be believed (RFC 9068 §4, RFC 8725 §3)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.protocol.jose import ALGORITHMS, JOSEHeader

__all__ = ["RFC9068_CLAIMS", "ClaimRules"]

RFC9068_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
"""The claims that RFC 9068 §2.2 requires of every access token."""

_MAX_LEEWAY = 300
_IAT_ALWAYS, _IAT_NEVER = 10, 60  # seconds in the future


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """One issuer's rules; its tokens carry them, so whoever holds one judges by the right ones.

    Attributes:
        issuer: The issuer's identifier, compared code point by code point.
        types: The accepted `typ`, lower case and without `application/`.
        algorithms: The accepted `alg`.
        audience: The accepted `aud`, one of which a token must name; none: the resource itself.
        required_claims: The claims that must be there.
        client_claims: Where the client's identifier is looked for, in order.
        scope_claims: Where the scope is looked for, in order.
        leeway: How many seconds the issuer's clock and ours may differ.
    """

    issuer: str
    types: Collection[str] = ("at+jwt",)
    algorithms: Collection[str] = ALGORITHMS
    audience: Collection[str] = ()
    required_claims: Collection[str] = RFC9068_CLAIMS
    client_claims: Collection[str] = ("client_id",)
    scope_claims: Collection[str] = ("scope",)
    leeway: float = 5

    def __post_init__(self) -> None:
        """Refuse rules that would accept nothing, or too much.

        Raises:
            ConfigurationError: With a sentence that says what to write instead.
        """
        for name in ("types", "algorithms", "client_claims", "scope_claims"):
            if not getattr(self, name):
                raise ConfigurationError(f"{name}= is empty: leave it out, or name at least one.")
        for algorithm in self.algorithms:
            if algorithm not in ALGORITHMS:
                raise ConfigurationError(
                    f"algorithms= may name {', '.join(sorted(ALGORITHMS))}; not {algorithm!r}."
                )
        if not 0 <= self.leeway <= _MAX_LEEWAY:
            raise ConfigurationError("leeway= is in seconds, from 0 to 300.")

    def check_header(self, header: JOSEHeader) -> None:
        """Hold a JOSE header to the accepted types and algorithms (RFC 8725 §3.1, §3.11).

        Raises:
            InvalidToken: It is another kind of token, or signed in a way that is not allowed.
        """
        if header.type is None or _media_type(header.type) not in self.types:
            raise InvalidToken(Reason.WRONG_TYPE)
        if header.algorithm not in self.algorithms:
            raise InvalidToken(Reason.ALGORITHM_NOT_ALLOWED)

    def check_presence(self, claims: Mapping[str, Any]) -> None:
        """Hold claims to what must be there, and to what tells an ID token (RFC 8725 §3.12).

        Raises:
            InvalidToken: A required claim is missing, or this is an ID token.
        """
        for name in self.required_claims:
            if name not in claims:
                raise InvalidToken(Reason.MISSING_CLAIM)
        if (
            "at_hash" in claims
            or "c_hash" in claims
            or claims.get("token_use") == "id"  # Cognito
            or claims.get("typ") == "ID"  # Keycloak
        ):
            raise InvalidToken(Reason.WRONG_TYPE)

    def check_audience(self, audience: Collection[str], resource: str) -> None:
        """Hold `aud` to the audiences configured, or to the resource (RFC 9068 §4).

        Raises:
            InvalidToken: The token is for somebody else.
        """
        if not any(name in (self.audience or (resource,)) for name in audience):
            raise InvalidToken(Reason.WRONG_AUDIENCE)

    def check_lifetime(
        self,
        *,
        expires_at: float | None,
        not_before: float | None,
        issued_at: float | None,
        now: float,
    ) -> None:
        """Hold the times of a token, in seconds since the epoch, to *now* (RFC 7519 §4.1).

        Raises:
            InvalidToken: It has expired, is not valid yet, or was issued in the future.
        """
        if expires_at is not None and now >= expires_at + self.leeway:
            raise InvalidToken(Reason.EXPIRED)
        if not_before is not None and now < not_before - self.leeway:
            raise InvalidToken(Reason.NOT_YET_VALID)
        ahead = min(max(self.leeway, _IAT_ALWAYS), _IAT_NEVER)
        if issued_at is not None and issued_at > now + ahead:
            raise InvalidToken(Reason.ISSUED_IN_FUTURE)


def _media_type(typ: str) -> str:
    """Write `typ` the short way (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")
