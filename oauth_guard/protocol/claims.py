"""ClaimRules: the checks of one issuer's headers and claims (RFC 9068 §4, RFC 8725 §3)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Self, TypeAlias, TypedDict, Unpack

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.jose.algorithms import ASYMMETRIC, SYMMETRIC
from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.claim_checks import ClaimChecks, ClaimFunction, is_plain_function

__all__ = ["RFC9068_CLAIMS", "ClaimPath", "ClaimRules", "ClaimSettings"]

ClaimPath: TypeAlias = str | tuple[str, ...]
"""The name of a claim, or the path to a nested member: `("realm_access", "roles")`."""

RFC9068_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
"""The claims that RFC 9068 §2.2 requires of every access token."""

_STRING_CLAIMS = ("iss", "sub", "jti", "acr")
_NUMBER_CLAIMS = ("exp", "nbf", "iat", "auth_time")
_STRING: frozenset[type] = frozenset({str})
_NUMBER: frozenset[type] = frozenset({int, float})
_ID_TOKEN_CLAIMS = frozenset({"at_hash", "c_hash"})
_NO_CHECKS = ClaimChecks()
_MAX_LEEWAY = 300  # seconds
_MIN_IAT_TOLERANCE, _MAX_IAT_TOLERANCE = 10, 60  # seconds


class ClaimSettings(TypedDict, total=False):
    """How an issuer's tokens differ from RFC 9068: keyword arguments of every issuer.

    Attributes:
        types: The accepted values of `typ`; `["JWT"]` for issuers older than RFC 9068. A `None`
            in the list accepts a token without `typ`.
        algorithms: The accepted values of `alg`: RS, PS or ES with 256, 384 or 512, `EdDSA`,
            `Ed25519`. HS256, HS384 and HS512 are for a secret shared with the issuer.
        audience: The accepted values of `aud`, one or several; by default the guard's resource.
        single_audience: Reject a token that has other audiences too (RFC 8707 §2.2).
        required_claims: The claims that must be present; by default the seven of RFC 9068.
        client_claims: The claims that may hold the client identifier; the first present is used.
        clients: The clients whose tokens are accepted; by default every client.
        audience_optional: Accept a token without `aud`, if `clients` contains its client.
        scope_claims: The claims that may hold the scope; the first present is used.
        scope_array: The scope may also be an array of strings.
        role_claims: The claims that hold roles, all of which are combined.
        group_claims: The claims that hold groups, combined likewise.
        entitlement_claims: The claims that hold entitlements, combined likewise.
        is_client_token: A plain function of the claims that returns whether a token was issued to
            a client for itself, for issuers that give such a token its own kind of `sub`.
        claims: Further claims and the values that they must have, compared as JSON; or a plain
            function of the claims that raises `InvalidToken` to reject the token. This function
            and `is_client_token` get verified claims, with arrays as tuples. A `LookupError`,
            `TypeError`, `AttributeError` or `ValueError` from either rejects the token too.
        leeway: The accepted clock difference in seconds, from 0 to 300; by default 5.
    """

    types: Iterable[str | None]
    algorithms: Iterable[str]
    audience: str | Iterable[str]
    single_audience: bool
    required_claims: Iterable[str]
    client_claims: Iterable[str]
    clients: Iterable[str]
    audience_optional: bool
    scope_claims: Iterable[str]
    scope_array: bool
    role_claims: Iterable[ClaimPath]
    group_claims: Iterable[ClaimPath]
    entitlement_claims: Iterable[ClaimPath]
    is_client_token: Callable[[Mapping[str, Any]], bool]
    claims: Mapping[str, Any] | ClaimFunction
    leeway: float


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """The rules for one issuer's tokens. Each `AccessToken` refers to the rules of its issuer.

    Attributes not described here are those of `ClaimSettings`.

    Attributes:
        issuer: The issuer identifier. It is compared code point by code point.
        audience: The accepted audiences; empty means the resource itself.
        audience_optional: Whether a token without `aud` is accepted; one for others is not.
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
    claim_types: Mapping[str, frozenset[type]] = field(init=False, repr=False, compare=False)
    future_iat_tolerance: float = field(init=False, repr=False, compare=False)
    multi_value_claims: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute the derived attributes once, not for each token."""
        scopes = () if self.scope_array else self.scope_claims
        claim_types = dict.fromkeys(_NUMBER_CLAIMS, _NUMBER)
        for name in (*_STRING_CLAIMS, self.subject_claim, *self.client_claims, *scopes):
            claim_types[name] = claim_types.get(name, _STRING) & _STRING
        tolerance = min(max(self.leeway, _MIN_IAT_TOLERANCE), _MAX_IAT_TOLERANCE)
        paths = (*self.role_claims, *self.group_claims, *self.entitlement_claims)
        names = frozenset(path if isinstance(path, str) else path[0] for path in paths)
        object.__setattr__(self, "claim_types", claim_types)
        object.__setattr__(self, "future_iat_tolerance", tolerance)
        object.__setattr__(self, "multi_value_claims", names)

    @classmethod
    def of(cls, issuer: str, **settings: Unpack[ClaimSettings]) -> Self:
        """Build the rules from an operator's settings.

        The form of *issuer* is not checked.

        Raises:
            ConfigurationError: A setting is unknown or malformed, or the rules would accept no
                token, or too many. The text says what to write instead.
        """
        known = ClaimSettings.__annotations__
        for unknown in settings.keys() - known.keys():
            raise ConfigurationError(f"{unknown}= is no setting; there are {', '.join(known)}.")
        rules = cls(issuer, **{name: _parse(name, value) for name, value in settings.items()})
        _check_algorithms(rules.algorithms)
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
        if (header.type and _media_type(header.type)) not in self.types:
            raise InvalidToken(Reason.WRONG_TYPE)
        if header.algorithm not in self.algorithms:
            raise InvalidToken(Reason.ALGORITHM_NOT_ALLOWED)

    def check_presence(self, claims: Mapping[str, Any]) -> None:
        """Check that required claims are present, and reject an ID token (RFC 8725 §3.12).

        The values of the required claims are not checked.

        Raises:
            InvalidToken: A required claim is missing, or a claim shows that this is an ID token.
        """
        if not self.required_claims <= claims.keys():
            raise InvalidToken(Reason.MISSING_CLAIM)
        if (
            not _ID_TOKEN_CLAIMS.isdisjoint(claims)
            or claims.get("token_use") == "id"  # Cognito
            or claims.get("typ") == "ID"  # Keycloak
        ):
            raise InvalidToken(Reason.WRONG_TYPE)

    def check_audience(self, audience: Collection[str], resource: str) -> None:
        """Check `aud` against the configured audiences, or else *resource* (RFC 9068 §4).

        Raises:
            InvalidToken: No accepted audience is in *audience*, or with `single_audience` another
                audience is.
        """
        if self.audience_optional and not audience:
            return
        accepted = [name for name in audience if name in (self.audience or (resource,))]
        if not accepted or (self.single_audience and len(accepted) != len(audience)):
            raise InvalidToken(Reason.WRONG_AUDIENCE)

    def check_client(self, client_id: str | None) -> None:
        """Check the client identifier against the accepted clients; by default do nothing.

        Raises:
            InvalidToken: The token was issued to another client, or has no client identifier.
        """
        if self.clients and client_id not in self.clients:
            raise InvalidToken(Reason.WRONG_CLIENT)

    def check_lifetime(
        self,
        *,
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
            raise InvalidToken(Reason.EXPIRED)
        if not_before is not None and now < not_before - self.leeway:
            raise InvalidToken(Reason.NOT_YET_VALID)
        if issued_at is not None and now < issued_at - self.future_iat_tolerance:
            raise InvalidToken(Reason.ISSUED_IN_FUTURE)

    def lifetime(
        self, expires_at: float | None, not_before: float | None, issued_at: float | None
    ) -> tuple[float, float]:
        """Return begin (inclusive) and end (exclusive) of the time when `check_lifetime` passes."""
        begin = -inf if issued_at is None else issued_at - self.future_iat_tolerance
        if not_before is not None and not_before - self.leeway > begin:
            begin = not_before - self.leeway
        return begin, inf if expires_at is None else expires_at + self.leeway


def _media_type(typ: str) -> str:
    """Return `typ` in lower case, without the prefix `application/` (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")


def _parse(setting: str, value: Any) -> Any:
    return _PARSERS[setting](setting, value) if setting in _PARSERS else value


def _tuple(setting: str, names: Iterable[Any]) -> tuple[Any, ...]:
    if isinstance(names, str):
        raise ConfigurationError(f'{setting}= takes a list: {setting}=["{names}"].')
    values = tuple(names)
    if not values and setting not in _MAY_BE_EMPTY:
        raise ConfigurationError(f"{setting}= is empty: leave it out, or name at least one.")
    return values


def _types(setting: str, types: Iterable[str | None]) -> tuple[str | None, ...]:
    return tuple(typ and _media_type(typ) for typ in _tuple(setting, types))


def _set(setting: str, names: Iterable[str]) -> frozenset[str]:
    return frozenset(_tuple(setting, names))


def _function(setting: str, value: object) -> Callable[[Mapping[str, Any]], Any]:
    if not is_plain_function(value):
        raise ConfigurationError(f"{setting}= takes a plain function of the claims.")
    return value


def _audience(_: str, audience: str | Iterable[str]) -> tuple[str, ...]:
    names = (audience,) if isinstance(audience, str) else tuple(audience or ())
    if not names or not all(names):
        raise ConfigurationError(
            "audience= is empty: leave it out to accept the resource itself, or name one."
        )
    return names


_MAY_BE_EMPTY = {"required_claims", "role_claims", "group_claims", "entitlement_claims"}
_PARSERS: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("client_claims", "scope_claims", *_MAY_BE_EMPTY), _tuple),
    "types": _types,
    "algorithms": _set,
    "clients": _set,
    "required_claims": _set,
    "audience": _audience,
    "is_client_token": _function,
    "claims": lambda _, claims: ClaimChecks.of(claims),
}


def _check_algorithms(algorithms: frozenset[str]) -> None:
    for name in algorithms - ASYMMETRIC - SYMMETRIC:
        raise ConfigurationError(
            f"algorithms= may name {', '.join(sorted(ASYMMETRIC))}, or HS256, HS384 and HS512 for "
            f"a shared secret; not {name!r}."
        )
    if algorithms & ASYMMETRIC and algorithms & SYMMETRIC:
        raise ConfigurationError(
            "algorithms= mixes HS algorithms with others, and a public key could pass as a "
            "secret: name only the ones that the issuer uses."
        )
