"""auth0-api-python, in FastAPI by way of auth0-fastapi-api, as Auth0's documentation says."""

import httpx
from fastapi_plugin import Auth0FastAPI

from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.peers.setups.route import fastapi_route


async def build(issuer: Issuer, keys_live: float | None = None) -> Guarded:
    """Set it up; it fetches over https alone, so its setting `custom_fetch` leads to loopback."""
    http = httpx.AsyncClient()

    async def fetch(url: str) -> httpx.Response:
        answer = await http.get(url.replace(ISSUER, issuer.origin))
        return answer.raise_for_status()

    auth0 = Auth0FastAPI(
        domain=ISSUER.removeprefix("https://"),
        audience=AUDIENCE,
        custom_fetch=fetch,
        cache_ttl_seconds=keys_live or 600,
    )
    return Guarded(fastapi_route(auth0.require_auth()), fastapi_route())
