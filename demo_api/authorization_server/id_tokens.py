"""id_token(): an ID token, which says to the client who signed in (OpenID Connect Core §2)."""

import base64
import hashlib
from typing import Any

from joserfc import jwt

from demo_api.authorization_server.accounts import SignIn
from demo_api.authorization_server.keys import ALGORITHM
from demo_api.authorization_server.settings import Settings


def id_token(  # noqa: PLR0913 - what the token is made of
    settings: Settings,
    now: int,
    client_id: str,
    user: SignIn,
    access_token: str,
    *,
    nonce: str | None,
    lifetime: int,
) -> str:
    """Return an ID token for *client_id*, which expires with its *access_token*.

    The API rejects it as an access token: its `typ` is JWT and its audience is the client.
    """
    key = settings.keys.keys[0]
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    claims: dict[str, Any] = {
        "iss": settings.origin,
        "sub": user.subject,
        "aud": client_id,
        "iat": now,
        "exp": now + lifetime,
        "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
    }
    if user.auth_time is not None:
        claims["auth_time"] = user.auth_time
    if nonce is not None:
        claims["nonce"] = nonce
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}, claims, key)
