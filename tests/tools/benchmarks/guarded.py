"""guarded(): an application behind a guard that introspects each token at an endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, OAuthGuardMiddleware
from oauth_guard.http.client import HTTPClient
from oauth_guard.interfaces import Issuer
from tests.tools.benchmarks.endpoint import Endpoint
from tests.tools.benchmarks.rows import RESOURCE, bare_app


@asynccontextmanager
async def guarded(issuer: Issuer) -> AsyncIterator[OAuthGuardMiddleware]:
    """Yield an application behind a guard that trusts *issuer*."""
    async with Guard(RESOURCE, [issuer]) as guard:
        yield OAuthGuardMiddleware(bare_app, guard)


def issuer_at(endpoint: Endpoint, http: HTTPClient | None = None) -> IntrospectionIssuer:
    """Return the issuer of *endpoint*, which uses *http* or a client of its own."""
    return IntrospectionIssuer(
        endpoint.origin,
        client=ClientSecretBasic("api", "secret"),
        endpoint=f"{endpoint.origin}/introspect",
        http=http,
    )
