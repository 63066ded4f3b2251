"""ClaimRules: the checks of one issuer's headers and claims (RFC 9068 §4, RFC 8725 §3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Self, Unpack

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.jose.algorithms import ASYMMETRIC
from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.claim_checks import ClaimChecks
from oauth_guard.protocol.claim_settings import (
    ClaimSettings,
    check_algorithms,
    media_type,
    parse_setting,
)
from oauth_guard.protocol.mismatch import mismatch
from oauth_guard.protocol.name_claims import ClaimPath, top_level_names
from oauth_guard.protocol.settings import read_settings
from oauth_guard.protocol.token_kinds import KIND_CLAIMS, is_other_kind

__all__ = ["RFC9068_CLAIMS", "ClaimRules"]

RFC9068_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
"""The claims that RFC 9068 §2.2 requires of every access token."""

# The claims that decide. Others, such as `jti` and `auth_time`, may have any type.
_STRING_CLAIMS = ("iss", "sub")
_NUMBER_CLAIMS = ("exp", "nbf", "iat")
_STRING: frozenset[type] = frozenset({str})
_NUMBER: frozenset[type] = frozenset({int, float})
_NO_CHECKS = ClaimChecks()
_MAX_LEEWAY = 300  # seconds
_MIN_IAT_TOLERANCE, _MAX_IAT_TOLERANCE = 10.0, 60.0  # seconds


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """The rules for one issuer's tokens. Each `AccessToken` refers to the rules of its issuer.

    Attributes not described here are those of `ClaimSettings`.

    Attributes:
        issuer: The issuer identifier. It is compared code point by code point.
        audience: The accepted audiences; empty means the resource itself.
        token_types: Further values of `token_type` that introspection may return (lower case); None
            for JWTs, whose `token_type` is checked only for other kinds of token.
        audience_optional: Whether a token without `aud` is accepted; one for others is not.
        is_api_key: Whether they are rules for API keys.
        subject_claim: The claim that identifies the subject.
        claim_types: The JSON types that a claim may have if it is present, by its name.
        future_iat_tolerance: How many seconds `iat` may be in the future.
        multi_value_claims: The top-level claims that hold roles, groups or entitlements.
    """

    issuer: str
    types: tuple[str | None, ...] = ("at+jwt",)
    algorithms: frozenset[str] = ASYMMETRIC
    audience: tuple[str, ...] = ()
    single_audience: bool = False
    required_claims: frozenset[str] = frozenset(RFC9068_CLAIMS)
    client_claims: tuple[str, ...] = ("client_id",)
    clients: frozenset[str] = frozenset()
    scope_claims: tuple[str, ...] = ("scope",)
    scope_array: bool = False
    role_claims: tuple[ClaimPath, ...] = ("roles",)
    group_claims: tuple[ClaimPath, ...] = ("groups",)
    entitlement_claims: tuple[ClaimPath, ...] = ("entitlements",)
    is_client_token: Callable[[Mapping[str, Any]], bool] | None = field(default=None, hash=False)
    claims: ClaimChecks = _NO_CHECKS
    leeway: float = 5
    subject_claim: str = "sub"
    audience_optional: bool = False
    is_api_key: bool = False
    token_types: frozenset[str] | None = None
    claim_types: Mapping[str, frozenset[type]] = field(init=False, repr=False, compare=False)
    future_iat_tolerance: float = field(init=False, repr=False, compare=False)
    multi_value_claims: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute the derived attributes once, not for each token."""
        scopes = () if self.scope_array else self.scope_claims
        claim_types = dict.fromkeys(_NUMBER_CLAIMS, _NUMBER)
        for name in (*_STRING_CLAIMS, self.subject_claim, *self.client_claims, *scopes):
            claim_types[name] = claim_types.get(name, _STRING) & _STRING
        leeway = float(self.leeway)  # so the limits of a lifetime are floats, like the clock's time
        tolerance = min(max(leeway, _MIN_IAT_TOLERANCE), _MAX_IAT_TOLERANCE)
        paths = (*self.role_claims, *self.group_claims, *self.entitlement_claims)
        object.__setattr__(self, "leeway", leeway)
        object.__setattr__(self, "claim_types", claim_types)
        object.__setattr__(self, "future_iat_tolerance", tolerance)
        object.__setattr__(self, "multi_value_claims", top_level_names(paths))

    @classmethod
    def of(cls, issuer: str, **settings: Unpack[ClaimSettings]) -> Self:
        """Build the rules from an operator's settings.

        The form of *issuer* is not checked.

        Raises:
            ConfigurationError: A setting is unknown or malformed, or the rules would accept no
                token, or too many. The text says what to write instead.
        """
        read = read_settings(settings, ClaimSettings, owner="an issuer")
        rules = cls(issuer, **{name: parse_setting(name, value) for name, value in read.items()})
        check_algorithms(rules.algorithms)
        if not 0 <= rules.leeway <= _MAX_LEEWAY:
            raise ConfigurationError("leeway= is in seconds, from 0 to 300.")
        if rules.audience_optional and not rules.clients:
            raise ConfigurationError(
                "audience_optional=True needs clients=, whose tokens are for this resource."
            )
        return rules

    def check_header(self, header: JWSHeader) -> None:
        """Check `typ` and `alg` of a JOSE header (RFC 8725 §3.1, §3.11).

        Raises:
            InvalidToken: `typ` (`WRONG_TYPE`) or `alg` (`ALGORITHM_NOT_ALLOWED`) is not accepted.
        """
        typ = header.type
        if typ not in self.types and (not typ or media_type(typ) not in self.types):
            types = [each or "none" for each in self.types]
            raise InvalidToken(Reason.WRONG_TYPE).about(**mismatch(types, typ))
        if header.algorithm not in self.algorithms:
            allowed = " ".join(sorted(self.algorithms))
            raise InvalidToken(Reason.ALGORITHM_NOT_ALLOWED).about(expected=allowed)

    def check_presence(self, claims: Mapping[str, Any]) -> None:
        """Check that required claims are present, and that this is an access token.

        A required claim that is null, or an empty string, array or object, counts as missing. The
        types of the claims are not checked.

        Raises:
            InvalidToken: A required claim is missing, or a claim marks another kind of token
                (RFC 8725 §3.12).
        """
        if not all(map(claims.get, self.required_claims)):
            self._check_empty_claims(claims)
        if not KIND_CLAIMS.isdisjoint(claims) and is_other_kind(claims, self.token_types):
            names = " ".join(sorted(KIND_CLAIMS & claims.keys()))
            raise InvalidToken(Reason.WRONG_TYPE).about(claim=names)

    def _check_empty_claims(self, claims: Mapping[str, Any]) -> None:
        for name in self.required_claims:
            if name not in claims:
                raise InvalidToken(Reason.MISSING_CLAIM).about(claim=name)
            value = claims[name]
            if name == "aud" and not self.audience_optional:
                continue  # `check_audience` rejects it
            if type(value) not in self.claim_types.get(name, {type(value)}):
                continue  # the check of types rejects it
            if value is None or value in ("", [], (), {}):
                raise InvalidToken(Reason.MISSING_CLAIM).about(claim=name)

    def check_audience(self, audience: Sequence[str], resource: str) -> None:
        """Check `aud` against the configured audiences, or else *resource* (RFC 9068 §4).

        Raises:
            InvalidToken: No accepted audience is in *audience*, or with `single_audience` another
                audience is.
        """
        if len(audience) == 1 and audience[0] in (self.audience or (resource,)):
            return
        if self.audience_optional and not audience:
            return
        accepted = [name for name in audience if name in (self.audience or (resource,))]
        if not accepted or (self.single_audience and len(accepted) != len(audience)):
            wrong = mismatch(self.audience or (resource,), audience)
            raise InvalidToken(Reason.WRONG_AUDIENCE).about(**wrong)

    def check_client(self, client_id: str | None) -> None:
        """Check the client identifier against the accepted clients; by default do nothing.

        Raises:
            InvalidToken: The token was issued to another client, or has no client identifier.
        """
        if self.clients and client_id not in self.clients:
            raise InvalidToken(Reason.WRONG_CLIENT).about(claim=" ".join(self.client_claims))

    def check_lifetime(
        self,
        expires_at: float | None,
        not_before: float | None,
        issued_at: float | None,
        now: float,
    ) -> None:
        """Check `exp`, `nbf` and `iat` at *now*, all in seconds since the epoch (RFC 7519 §4.1).

        A time that is None is not checked. The age of a token is not limited.

        Raises:
            InvalidToken: The token is expired, not valid yet, or issued in the future.
        """
        if expires_at is not None and now >= expires_at + self.leeway:
            raise InvalidToken(Reason.EXPIRED).about(claim="exp")
        if not_before is not None and now < not_before - self.leeway:
            raise InvalidToken(Reason.NOT_YET_VALID).about(claim="nbf")
        if issued_at is not None and now < issued_at - self.future_iat_tolerance:
            raise InvalidToken(Reason.ISSUED_IN_FUTURE).about(claim="iat")

    def lifetime(
        self, expires_at: float | None, not_before: float | None, issued_at: float | None
    ) -> tuple[float, float]:
        """Return begin (inclusive) and end (exclusive) of the time when `check_lifetime` passes."""
        begin = -inf if issued_at is None else issued_at - self.future_iat_tolerance
        if not_before is not None and not_before - self.leeway > begin:
            begin = not_before - self.leeway
        return begin, inf if expires_at is None else expires_at + self.leeway
