"""Hold a token to its `cnf`: a bound token never passes unproven (RFC 7800 §3.1, RFC 9449 §6.2)."""

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken

__all__ = ["check_binding", "is_bound"]


def check_binding(token: AccessToken) -> None:
    """Refuse a token that is bound to a key, since no proof can be checked yet.

    Raises:
        InvalidToken: The token is bound.
    """
    if is_bound(token):
        raise InvalidToken(Reason.BOUND_TOKEN)


def is_bound(token: AccessToken) -> bool:
    """Return whether *token* needs more than itself: it has a `cnf` claim, or is of type DPoP.

    Any `cnf` counts, an empty or unknown one too: the issuer set it to say that the token alone
    is not sufficient.
    """
    kind = token.claims.get("token_type")
    return "cnf" in token.claims or (isinstance(kind, str) and kind.lower() == "dpop")
