"""ClaimRules: what an issuer's tokens must say to be believed (RFC 9068 §4, RFC 8725 §3)."""

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
"""A claim by its name, or a member of one by the way to it: `("realm_access", "roles")`."""

RFC9068_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
"""The claims that RFC 9068 §2.2 requires of every access token."""

_TEXTS = ("iss", "sub", "jti", "acr")
_NUMBERS = ("exp", "nbf", "iat", "auth_time")
_TEXT: frozenset[type] = frozenset({str})
_OF_ID_TOKENS = frozenset({"at_hash", "c_hash"})
_MAX_LEEWAY = 300
_NO_MORE = ClaimChecks()
_IAT_ALWAYS, _IAT_NEVER = 10, 60  # seconds in the future


class ClaimSettings(TypedDict, total=False):
    """How an issuer's tokens differ from RFC 9068: keyword arguments of every issuer.

    Attributes:
        types: The accepted `typ`; `["JWT"]` for issuers older than RFC 9068. A `None` among
            them accepts a token without one.
        algorithms: The accepted `alg`, out of RS, PS, ES 256/384/512, `EdDSA` and `Ed25519`.
        audience: The accepted `aud`, one or several; by default the resource of the guard.
        single_audience: Refuse a token that names other audiences too (RFC 8707 §2.2).
        required_claims: The claims that must be there; by default the seven of RFC 9068.
        client_claims: Where the client's identifier is looked for, in order.
        clients: The clients whose tokens are taken; by default any client's.
        audience_optional: Take a token without `aud`, if `clients` names its client.
        scope_claims: Where the scope is looked for, in order.
        scope_array: The scope may also be an array of strings.
        role_claims: Where the roles are; what is found in several places is put together. So are
            the next two.
        group_claims: Where the groups are.
        entitlement_claims: Where the entitlements are.
        is_client_token: Tells from its claims that a token was issued to a client for itself, where
            its `sub` is not the client's identifier; so it is no user's.
        claims: More claims and the exact values that they must have, compared as JSON; or a plain
            function of the claims, which refuses by `raise InvalidToken`. This function and
            `is_client_token` see verified claims, arrays as tuples. A `LookupError`,
            `TypeError`, `AttributeError` or `ValueError` from either refuses the token too.
        leeway: How many seconds the issuer's clock and ours may differ; by default 5.
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
    """One issuer's rules; its tokens carry them, so whoever holds one judges by the right ones.

    Its attributes are `ClaimSettings`, read and checked, and the issuer's identifier, which is
    compared code point by code point. No `audience` stands for the resource itself.

    Attributes:
        subject_claim: What names the subject.
        claim_types: The types, one of which a claim must have if it is there.
        future_iat_tolerance: How far in the future a token may have been issued, in seconds.
        multi_value_claims: What the claims are called that hold roles, groups and entitlements.
        audience_optional: Whether a token without `aud` is for us; one that names others is not.
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
    claims: ClaimChecks = _NO_MORE
    leeway: float = 5
    subject_claim: str = "sub"
    audience_optional: bool = False
    claim_types: Mapping[str, frozenset[type]] = field(init=False, repr=False, compare=False)
    future_iat_tolerance: float = field(init=False, repr=False, compare=False)
    multi_value_claims: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what each token is held to."""
        scopes = () if self.scope_array else self.scope_claims
        claim_types = dict.fromkeys(_NUMBERS, frozenset({int, float}))
        for name in (*_TEXTS, self.subject_claim, *self.client_claims, *scopes):
            claim_types[name] = claim_types.get(name, _TEXT) & _TEXT
        object.__setattr__(self, "claim_types", claim_types)
        object.__setattr__(
            self, "future_iat_tolerance", min(max(self.leeway, _IAT_ALWAYS), _IAT_NEVER)
        )
        paths = (*self.role_claims, *self.group_claims, *self.entitlement_claims)
        names = frozenset(path if isinstance(path, str) else path[0] for path in paths)
        object.__setattr__(self, "multi_value_claims", names)

    @classmethod
    def of(cls, issuer: str, **settings: Unpack[ClaimSettings]) -> Self:
        """Read what is configured, refusing rules that would accept nothing, or too much.

        Raises:
            ConfigurationError: With a sentence that says what to write instead.
        """
        known = ClaimSettings.__annotations__
        for unknown in settings.keys() - known.keys():
            raise ConfigurationError(f"{unknown}= is no setting; there are {', '.join(known)}.")
        read = {name: _READERS.get(name, _as_is)(name, value) for name, value in settings.items()}
        rules = cls(issuer, **read)
        _check_algorithms(rules.algorithms)
        if not 0 <= rules.leeway <= _MAX_LEEWAY:
            raise ConfigurationError("leeway= is in seconds, from 0 to 300.")
        if rules.audience_optional and not rules.clients:
            raise ConfigurationError(
                "audience_optional=True wants clients=, whose tokens are for this resource."
            )
        return rules

    def check_header(self, header: JWSHeader) -> None:
        """Hold a JOSE header to the accepted types and algorithms (RFC 8725 §3.1, §3.11).

        Raises:
            InvalidToken: It is another kind of token, or signed in a way that is not allowed.
        """
        if (header.type and _media_type(header.type)) not in self.types:
            raise InvalidToken(Reason.WRONG_TYPE)
        if header.algorithm not in self.algorithms:
            raise InvalidToken(Reason.ALGORITHM_NOT_ALLOWED)

    def check_presence(self, claims: Mapping[str, Any]) -> None:
        """Hold claims to what must be there, and to what tells an ID token (RFC 8725 §3.12).

        Raises:
            InvalidToken: A required claim is missing, or this is an ID token.
        """
        if not self.required_claims <= claims.keys():
            raise InvalidToken(Reason.MISSING_CLAIM)
        if (
            not _OF_ID_TOKENS.isdisjoint(claims)
            or claims.get("token_use") == "id"  # Cognito
            or claims.get("typ") == "ID"  # Keycloak
        ):
            raise InvalidToken(Reason.WRONG_TYPE)

    def check_audience(self, audience: Collection[str], resource: str) -> None:
        """Hold `aud` to the audiences configured, or to the resource (RFC 9068 §4).

        Raises:
            InvalidToken: The token is for somebody else.
        """
        if self.audience_optional and not audience:
            return
        accepted = [name for name in audience if name in (self.audience or (resource,))]
        if not accepted or (self.single_audience and len(accepted) != len(audience)):
            raise InvalidToken(Reason.WRONG_AUDIENCE)

    def check_client(self, client_id: str | None) -> None:
        """Hold the client to those whose tokens are taken.

        Raises:
            InvalidToken: The token was issued to another client, or names none.
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
        """Hold the times of a token, in seconds since the epoch, to *now* (RFC 7519 §4.1).

        Raises:
            InvalidToken: It has expired, is not valid yet, or was issued in the future.
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
        """Return from when, and until when, `check_lifetime` raises nothing (epoch seconds)."""
        begin = -inf if issued_at is None else issued_at - self.future_iat_tolerance
        if not_before is not None and not_before - self.leeway > begin:
            begin = not_before - self.leeway
        return begin, inf if expires_at is None else expires_at + self.leeway


def _media_type(typ: str) -> str:
    """Write `typ` the short way (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")


def _as_is(_: str, value: Any) -> Any:
    return value


def _listed(setting: str, names: Iterable[Any]) -> tuple[Any, ...]:
    if isinstance(names, str):
        raise ConfigurationError(f'{setting}= takes a list: {setting}=["{names}"].')
    listed = tuple(names)
    if not listed and setting not in _MAY_BE_EMPTY:
        raise ConfigurationError(f"{setting}= is empty: leave it out, or name at least one.")
    return listed


def _types(setting: str, types: Iterable[str | None]) -> tuple[str | None, ...]:
    return tuple(typ and _media_type(typ) for typ in _listed(setting, types))


def _set(setting: str, names: Iterable[str]) -> frozenset[str]:
    return frozenset(_listed(setting, names))


def _function(setting: str, value: object) -> Callable[[Mapping[str, Any]], Any]:
    if not is_plain_function(value):
        raise ConfigurationError(f"{setting}= takes a plain function of the claims.")
    return value


def _audience(_: str, audience: str | Iterable[str]) -> tuple[str, ...]:
    names = (audience,) if isinstance(audience, str) else tuple(audience or ())
    if not names or not all(names):
        raise ConfigurationError(
            "audience= is empty: leave it out to ask for the resource itself, or name one."
        )
    return names


_MAY_BE_EMPTY = {"required_claims", "role_claims", "group_claims", "entitlement_claims"}
_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("client_claims", "scope_claims", *_MAY_BE_EMPTY), _listed),
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
            "secret: name the ones that the issuer uses."
        )
