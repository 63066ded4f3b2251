"""ClaimSettings: how an issuer's tokens differ from RFC 9068, as an operator writes it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from oauth_guard.errors import ConfigurationError
from oauth_guard.jose.algorithms import ASYMMETRIC, SYMMETRIC
from oauth_guard.protocol.claim_checks import ClaimChecks, ClaimFunction, is_plain_function
from oauth_guard.protocol.name_claims import ClaimPath
from oauth_guard.protocol.settings import Seconds

__all__ = ["ClaimSettings", "check_algorithms", "media_type", "parse_setting"]


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
        leeway: The accepted clock difference in seconds, from 0 to 300, or a `timedelta`;
            by default 5.
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
    leeway: Seconds


def media_type(typ: str) -> str:
    """Return `typ` in lower case, without the prefix `application/` (RFC 7515 §4.1.9)."""
    return typ.lower().removeprefix("application/")


def parse_setting(setting: str, value: Any) -> Any:
    """Return the value of one of `ClaimSettings` as `ClaimRules` keeps it.

    Raises:
        ConfigurationError: It is malformed; the text says what to write instead.
    """
    return _PARSERS[setting](setting, value) if setting in _PARSERS else value


def _tuple(setting: str, names: Iterable[Any]) -> tuple[Any, ...]:
    values = tuple(names)
    if not values and setting not in _MAY_BE_EMPTY:
        raise ConfigurationError(f"{setting}= is empty: leave it out, or name at least one.")
    return values


def _types(setting: str, types: Iterable[str | None]) -> tuple[str | None, ...]:
    return tuple(typ and media_type(typ) for typ in _tuple(setting, types))


def _set(setting: str, names: Iterable[str]) -> frozenset[str]:
    return frozenset(_tuple(setting, names))


def _function(setting: str, value: object) -> Callable[[Mapping[str, Any]], Any]:
    if not is_plain_function(value):
        raise ConfigurationError(f"{setting}= takes a plain function of the claims.")
    return value


def _audience(_: str, audience: Any) -> tuple[str, ...]:
    given = [audience] if isinstance(audience, str) else audience
    is_list = isinstance(given, Iterable) and not isinstance(given, Mapping | bytes)
    names = tuple(given) if is_list else ()
    if not names or not all(isinstance(name, str) and name for name in names):
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


def check_algorithms(algorithms: frozenset[str]) -> None:
    """Check the names of accepted algorithms.

    Raises:
        ConfigurationError: One is unknown, or symmetric and asymmetric ones are mixed.
    """
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
