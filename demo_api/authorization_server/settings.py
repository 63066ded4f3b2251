"""Settings: the configuration of one authorization server, and its paths."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from joserfc.jwk import KeySet

from demo_api import accounts
from demo_api.authorization_server.keys import new_key_set

PREFIX = "/v1/auth/oauth2"
AUTHORIZE, TOKEN, INTROSPECT, REVOKE, JWKS, REGISTER = (
    f"{PREFIX}/{name}"
    for name in ("authorize", "token", "introspect", "revoke", "jwks", "register")
)
METADATA = "/.well-known/oauth-authorization-server"
OPENID_METADATA = "/.well-known/openid-configuration"
USERINFO = f"{PREFIX}/userinfo"
NEW_CLIENT = "/v1/auth/clients/new"

ACCESS_TOKEN_LIFETIME = 5 * 60
AUTHORIZATION_CODE_LIFETIME = 60
REFRESH_TOKEN_LIFETIME = 30 * 24 * 3600
SIGN_IN_LIFETIME = 3600

#: The `acr` of every sign-in of a person: a name and a password.
ACR = "password"

#: Each scope with its text on the consent page.
SCOPES = {
    "openid": "Know who signed in",
    "read": "See who you are and the people of your organisation",
    "write": "Add people to your organisation and remove them",
}
DEFAULT_SCOPE = "read"
#: Scopes of the operator's own clients, which act for themselves; no person consents to them.
OPERATOR_SCOPES = ("events:read", "demo:control")


def split_list(text: str) -> list[str]:
    """Return the parts of a list such as a scope, split at the space alone (RFC 6749 §3.3)."""
    return [part for part in text.split(" ") if part]


@dataclass(frozen=True)
class Settings:
    """The immutable settings that all requests share."""

    origin: str
    #: The audience of a token whose client names no resource.
    resource: str
    #: Signs access tokens; a new one by default.
    keys: KeySet = field(default_factory=new_key_set, repr=False)
    #: Makes anti-forgery values; with a new key, open pages must be loaded again.
    form_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    #: Issue opaque access tokens, which must be introspected, in place of JWTs.
    opaque: bool = False
    #: The number of unused clients that registered themselves to keep.
    clients_kept: int = 1_000
    #: The origin of the client application, to which the client `web` redirects.
    client_origin: str = accounts.DEFAULT_CLIENT_ORIGIN
    #: Further resources that a client may name (RFC 8707).
    more_resources: tuple[str, ...] = ()
    clock: Callable[[], float] = time.time
