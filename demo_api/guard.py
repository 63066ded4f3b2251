"""create_guard(): the API's guard, which validates JWTs or introspects opaque tokens."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from demo_api import accounts, with_fastapi
from demo_api.decisions import observe
from demo_api.serving import is_loopback
from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.interfaces import Store
from oauth_guard.possession import DPoP, PossessionSettings

#: For how many seconds the API caches an introspection result, even if the token is revoked.
CACHED_SECONDS = 10


def create_guard(  # noqa: PLR0913 - settings, each by keyword
    origin: str,
    *,
    opaque: bool,
    store: Store | None,
    dpop: DPoP,
    http: httpx.AsyncClient,
    clock: Callable[[], float],
) -> Guard:
    """Return the guard of the API at *origin*, whose issuer has the same origin."""
    # Only --i-know-this-is-a-demo allows an address beyond loopback.
    on_loopback = is_loopback(urlsplit(origin).hostname or "")
    jwt_issuer = JWTIssuer(origin, http=http, insecure_http=not on_loopback)
    opaque_issuer = IntrospectionIssuer(
        origin,
        client=ClientSecretBasic(accounts.API.client_id, accounts.API.client_secret or ""),
        cache_for=CACHED_SECONDS,
        http=http,
        insecure_http=not on_loopback,
    )
    # The origin that proofs name is https beyond loopback, which the demo does not serve.
    possession: PossessionSettings = {"dpop": dpop} if on_loopback else {}
    return Guard(
        f"{origin}/v1",
        # One client gets opaque tokens where the others get signed ones.
        [opaque_issuer] if opaque else [jwt_issuer, opaque_issuer],
        scopes_supported=with_fastapi.SCOPES,
        debug=on_loopback,
        observers=[observe],
        insecure_http=not on_loopback,
        store=store,
        clock=clock,
        **possession,
    )
