"""auth0-api-python in FastAPI, through auth0-fastapi-api, as Auth0's documentation describes."""

import httpx
from fastapi_plugin import Auth0FastAPI

from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.peers.setups.route import fastapi_route


async def build(issuer: Issuer, keys_live: float | None = None) -> Guarded:
    """Set it up; it fetches only over https, so `custom_fetch` redirects it to loopback."""
    http = httpx.AsyncClient()

    async def fetch(url: str) -> httpx.Response:
        response = await http.get(url.replace(ISSUER, issuer.origin))
        return response.raise_for_status()

    auth0 = Auth0FastAPI(
        domain=ISSUER.removeprefix("https://"),
        audience=AUDIENCE,
        custom_fetch=fetch,
        cache_ttl_seconds=keys_live or 600,
    )
    return Guarded(fastapi_route(auth0.require_auth()), fastapi_route())
