"""Authority: a real issuer on loopback, which counts who asks for its keys, and can be down."""

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


class Authority:
    """An authorization server in a thread; what it publishes may change while it serves.

    Attributes:
        local: The same server as its tokens know it.
        fetches: How often its keys were asked for.
        outage: What answers instead of it, if anything.
    """

    def __init__(self) -> None:
        self.local = LocalIssuer()
        self.fetches = 0
        self.outage: Outage | None = None

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Serve one on a free port."""
        authority = cls()
        with serving(authority._app()) as origin:
            authority.local = LocalIssuer(origin, audience=RESOURCE)
            yield authority

    def publish(self, *keys: SigningKey) -> None:
        """Publish these keys alone, at once for all who ask; the first one signs."""
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
    """Answer as a server that is broken."""
    return Response(status_code=500)


async def breaks_off(_: Request) -> Response:
    """Answer as a server that dies in the middle of it."""
    return Response("{", headers={"content-length": "100"})


async def is_silent(request: Request) -> Response:
    """Answer as a server that is stuck: not before the client is gone."""
    while not await request.is_disconnected():  # noqa: ASYNC110 - Starlette has no event for it
        await asyncio.sleep(0.01)
    return Response()
