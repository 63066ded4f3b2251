"""Which claims mark a token as no access token: an ID, refresh or logout token (RFC 8725 §3.12)."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from oauth_guard.errors import ConfigurationError

__all__ = ["KIND_CLAIMS", "is_access_token_type", "is_other_kind", "lower_types"]

# The claims in which issuers write the kind of a token.
_KIND_NAMES = ("typ", "token_use", "token_type", "type", "tokenType")
# Their values that mark another kind, without case, signs and the words "token" and "jwt".
# `Bearer`, `access` and `sliding` are not among them.
_OTHER_KINDS = frozenset(
    {"refresh", "rt", "offline", "offlineaccess", "id", "serializedid", "identity"}
    | {"logout", "backchannellogout", "frontchannellogout"}
)
# Claims that only an ID token has (OpenID Connect Core §3.1.3.6, §3.3.2.11).
_ID_TOKEN_CLAIMS = frozenset({"at_hash", "c_hash"})
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_URN = "urn:ietf:params:oauth:token-type:"  # RFC 8693 §3
_SIGNS = re.compile(r"[\W_]+")
_AFFIXES = re.compile(r"(token|jwt)+$|^(jwt)+")

KIND_CLAIMS = _ID_TOKEN_CLAIMS | {*_KIND_NAMES, "events"}
"""The claims that may mark another kind of token; `is_other_kind` reads no others."""

_ACCESS_TOKEN_TYPES = frozenset({"bearer", "dpop", "access_token", f"{_URN}access_token"})


def is_other_kind(claims: Mapping[str, Any], accepted_types: Collection[str] | None = None) -> bool:
    """Return whether *claims* mark a token as one that is not an access token.

    The marks are `at_hash` and `c_hash`, the event of a logout token (OpenID Connect Back-Channel
    Logout §2.4), and a word such as `refresh` in one of five claims, in any spelling. With
    *accepted_types*, so does a `token_type` that `is_access_token_type` does not accept.
    """
    if not _ID_TOKEN_CLAIMS.isdisjoint(claims):
        return True
    events = claims.get("events")
    if isinstance(events, Mapping) and _LOGOUT_EVENT in events:
        return True
    if any(_marks_other_kind(claims.get(name)) for name in _KIND_NAMES):
        return True
    return accepted_types is not None and not is_access_token_type(
        claims.get("token_type", "Bearer"), accepted_types
    )


def is_access_token_type(token_type: object, accepted: Collection[str] = ()) -> bool:
    """Return whether a `token_type` in an introspection response is that of an access token.

    Accepted without regard to case are `Bearer`, `DPoP`, `access_token`, its URN (RFC 8693 §3) and
    the lower-case names in *accepted*. A client must not use a token of a type that it does not
    understand (RFC 6749 §7.1). Whether a DPoP token is bound is not checked.
    """
    if not isinstance(token_type, str):
        return False
    name = token_type.lower()
    return name in _ACCESS_TOKEN_TYPES or name in accepted


def lower_types(token_types: Iterable[str]) -> frozenset[str]:
    """Return the setting `token_types=` in lower case.

    Raises:
        ConfigurationError: It is a string instead of a list.
    """
    if isinstance(token_types, str):
        raise ConfigurationError(f'token_types= takes a list: token_types=["{token_types}"].')
    return frozenset(name.lower() for name in token_types)


def _marks_other_kind(value: object) -> bool:
    if isinstance(value, str):
        kind = _SIGNS.sub("", value.lower().removeprefix(_URN).removeprefix("application/"))
        return _AFFIXES.sub("", kind) in _OTHER_KINDS
    return isinstance(value, list | tuple) and any(map(_marks_other_kind, value))
