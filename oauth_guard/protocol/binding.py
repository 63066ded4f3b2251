"""check_binding: reject a token bound to a key without its proof (RFC 7800 §3.1, RFC 9449 §6.2)."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from oauth_guard.errors import InvalidToken, Reason

__all__ = ["Confirmation", "check_binding", "confirmation_of"]

Confirmation: TypeAlias = tuple[Any, bool]
"""The `cnf` claim of a bound token, and whether its `token_type` is DPoP."""


def confirmation_of(claims: Mapping[str, Any]) -> Confirmation | None:
    """Return what binds a token with these *claims* to a key; None for a bearer token.

    Any `cnf` counts, an empty or unknown one too: the issuer set it to say that the token alone
    is not sufficient. A `token_type` of DPoP, in any case, says the same.
    """
    kind = claims.get("token_type")
    is_dpop = isinstance(kind, str) and kind.lower() == "dpop"
    if is_dpop or "cnf" in claims:
        return claims.get("cnf"), is_dpop
    return None


def check_binding(confirmation: Confirmation | None) -> None:
    """Reject a token that is bound to a key, since no proof can be verified yet.

    Raises:
        InvalidToken: The token is bound.
    """
    if confirmation is not None:
        raise InvalidToken(Reason.BOUND_TOKEN)
