"""Hold a token to its `cnf`: a bound token never passes unproven (RFC 7800 §3.1, RFC 9449 §6.2)."""

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken

__all__ = ["check_binding"]


def check_binding(token: AccessToken) -> None:
    """Refuse a token that is bound to a key, since no proof can be checked yet.

    Any `cnf` refuses, an empty or unknown one too: whoever set it meant that the token alone
    is not enough. A `token_type` of DPoP says the same.

    Raises:
        InvalidToken: The token has a `cnf` claim, or is of type DPoP.
    """
    kind = token.claims.get("token_type")
    if "cnf" in token.claims or (isinstance(kind, str) and kind.lower() == "dpop"):
        raise InvalidToken(Reason.BOUND_TOKEN)
