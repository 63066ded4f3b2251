"""LoopbackIssuer: an authorization server on loopback, with scripted outages."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Self, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_guard.testing import LocalIssuer, SigningKey
from tests.unit.http.loopback import serving

RESOURCE = "https://api.test"

Outage: TypeAlias = Callable[[Request], Awaitable[Response]]


class LoopbackIssuer:
    """An authorization server in a thread; a test may change its keys while it runs.

    Attributes:
        local: The issuer that it serves, which also signs tokens.
        fetches: How many times the key set was requested.
        outage: A handler that responds in place of the server, or None.
    """

    def __init__(self) -> None:
        self.local = LocalIssuer()
        self.fetches = 0
        self.outage: Outage | None = None

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Run one on a free port."""
        issuer = cls()
        with serving(issuer._app()) as origin:
            issuer.local = LocalIssuer(origin, audience=RESOURCE)
            yield issuer

    def publish(self, *keys: SigningKey) -> None:
        """Publish exactly these keys; the first one signs."""
        self.local.keys = list(keys)

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/oauth-authorization-server", self._metadata),
                Route("/jwks", self._jwks),
            ]
        )

    async def _metadata(self, request: Request) -> Response:
        return await self.outage(request) if self.outage else JSONResponse(self.local.metadata)

    async def _jwks(self, request: Request) -> Response:
        self.fetches += 1
        return await self.outage(request) if self.outage else JSONResponse(self.local.jwks)


async def fails(_: Request) -> Response:
    """Respond with status 500."""
    return Response(status_code=500)


async def breaks_off(_: Request) -> Response:
    """Close the connection in the middle of the response body."""
    return Response("{", headers={"content-length": "100"})


async def is_silent(request: Request) -> Response:
    """Send no response until the client disconnects."""
    while not await request.is_disconnected():  # noqa: ASYNC110 - Starlette has no event for it
        await asyncio.sleep(0.01)
    return Response()
