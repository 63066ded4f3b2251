"""ExchangedToken, and the form and the response of a token exchange (RFC 8693 §2)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from oauth_guard.protocol.credentials import BEARER, DPOP, MAX_CREDENTIALS_BYTES, is_token68

__all__ = ["ExchangedToken", "exchange_form", "read_exchange"]

_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_MAX_LIFETIME = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class ExchangedToken:
    """A token for another API, on behalf of a caller; its `repr` does not contain it.

    Attributes:
        text: The token.
        token_type: `"Bearer"`, or `"DPoP"` if it is bound to the key of this process.
        scopes: The scopes that the response names; the requested ones if it names none.
        lifetime: For how many seconds it was issued; None if the response does not say it.
    """

    text: str = field(repr=False)
    token_type: str
    scopes: frozenset[str]
    lifetime: float | None
    prove: Callable[[str, str, str | None], str] | None = field(default=None, repr=False)
    """Returns a DPoP proof for a method, a URL and a nonce; None for a bearer token."""

    def headers(self, method: str, url: str, *, nonce: str | None = None) -> dict[str, str]:
        """Return the header fields of one request to the other API.

        Args:
            method: The method of the request, which a DPoP proof names.
            url: Its URL; query and fragment are left out of the proof.
            nonce: The last `DPoP-Nonce` of that API, if it has sent one (RFC 9449 §9).
        """
        fields = {"Authorization": f"{self.token_type} {self.text}"}
        if self.prove is not None:
            fields["DPoP"] = self.prove(method, url, nonce)
        return fields


def exchange_form(
    subject_token: str, audience: str, scopes: Iterable[str], proof: Mapping[str, str]
) -> bytes:
    """Return the form-encoded body of a request (RFC 8693 §2.1).

    Args:
        subject_token: The access token of the caller.
        audience: The API that the new token is for.
        scopes: The scopes that it needs; none to leave them to the server.
        proof: The form members that authenticate the client.
    """
    scope = " ".join(scopes)
    form = {
        "grant_type": _GRANT,
        "subject_token": subject_token,
        "subject_token_type": _ACCESS_TOKEN,
        "requested_token_type": _ACCESS_TOKEN,
        "audience": audience,
        **({"scope": scope} if scope else {}),
        **proof,
    }
    return urlencode(form).encode("ascii")


def read_exchange(
    members: Mapping[str, Any], requested: frozenset[str], *, is_bound: bool
) -> ExchangedToken:
    """Return the token in a successful response (RFC 8693 §2.2.1). It is not validated.

    Args:
        members: The members of the response.
        requested: The scopes that were requested.
        is_bound: Whether the token must be bound to the key of our proof (RFC 9449 §5).

    Raises:
        ValueError: It has no access token, one of another type, or one that is not bound as
            requested.
    """
    text, kind = members.get("access_token"), members.get("token_type")
    if not isinstance(text, str) or len(text) > MAX_CREDENTIALS_BYTES:
        raise ValueError("there is no access token")
    if not text.isascii() or not is_token68(text.encode()):
        raise ValueError("the access token can't be sent in a header")
    if members.get("issued_token_type", _ACCESS_TOKEN) not in (_ACCESS_TOKEN, _JWT):
        raise ValueError("it is no access token")
    scheme = DPOP if is_bound else BEARER
    if not isinstance(kind, str) or kind.lower() != scheme.lower():
        raise ValueError("the token has another type than requested")
    scope = members.get("scope")
    scopes = frozenset(scope.split()) if isinstance(scope, str) and scope else requested
    return ExchangedToken(text, scheme, scopes, _lifetime(members.get("expires_in")))


def _lifetime(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return float(min(value, _MAX_LIFETIME))
