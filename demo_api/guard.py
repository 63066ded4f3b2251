"""create_guard(): whom the API trusts: an issuer's signatures, or its word on each token."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from demo_api import cast, with_fastapi
from demo_api.serving import is_loopback
from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.interfaces import Store

#: For how many seconds the API remembers what an opaque token stands for, revoked or not.
REMEMBERED = 10


def create_guard(
    origin: str,
    *,
    opaque: bool,
    store: Store | None,
    http: httpx.AsyncClient,
    clock: Callable[[], float],
) -> Guard:
    """Return the guard of the API at *origin*, whose issuer is there too."""
    # Only --i-know-this-is-a-demo brings it to an address that is not this machine's own.
    at_home = is_loopback(urlsplit(origin).hostname or "")
    signs = JWTIssuer(origin, http=http, insecure_http=not at_home)
    answers = IntrospectionIssuer(
        origin,
        client=ClientSecretBasic(cast.API.client_id, cast.API.client_secret or ""),
        cache_for=REMEMBERED,
        http=http,
        insecure_http=not at_home,
    )
    return Guard(
        f"{origin}/v1",
        [answers if opaque else signs],
        scopes_supported=with_fastapi.SCOPES,
        debug=at_home,
        insecure_http=not at_home,
        store=store,
        clock=clock,
    )
