"""Settings: what one running authorization server is made with, and its addresses."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from joserfc.jwk import KeySet

from demo_api.authorization_server.keys import new_key_set

PREFIX = "/v1/auth/oauth2"
AUTHORIZE, TOKEN, INTROSPECT, REVOKE, JWKS, REGISTER = (
    f"{PREFIX}/{name}"
    for name in ("authorize", "token", "introspect", "revoke", "jwks", "register")
)
METADATA = "/.well-known/oauth-authorization-server"
NEW_CLIENT = "/v1/auth/clients/new"

ACCESS_TOKEN_LIFETIME = 5 * 60
AUTHORIZATION_CODE_LIFETIME = 60
REFRESH_TOKEN_LIFETIME = 30 * 24 * 3600
SIGN_IN_LIFETIME = 3600

#: Each scope in the words of the consent page.
SCOPES = {
    "read": "See who you are and the people of your organisation",
    "write": "Add people to your organisation and remove them",
}
DEFAULT_SCOPE = "read"


@dataclass(frozen=True)
class Settings:
    """What every request shares; nothing here changes while the server runs."""

    origin: str
    resource: str
    #: Access tokens are signed with it; by default a new one.
    keys: KeySet = field(default_factory=new_key_set, repr=False)
    #: Anti-forgery values are made with it; pages from before it changed must be loaded again.
    form_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    #: No access token is a JWT: whoever wants to know what it stands for must ask.
    opaque: bool = False
    #: How many clients that registered themselves stay, though nobody uses them.
    clients_kept: int = 1_000
    clock: Callable[[], float] = time.time
