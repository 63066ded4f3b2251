"""IntrospectionServer: an authorization server on loopback that counts introspections."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_guard.testing import LocalIssuer
from tests.robustness.multi_process.guarded_service import RESOURCE
from tests.unit.http.loopback import serving


class IntrospectionServer:
    """An authorization server with opaque tokens, in a thread.

    Attributes:
        local: The issuer that it serves, which also issues tokens.
    """

    def __init__(self) -> None:
        self.local = LocalIssuer()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Run one on a free port."""
        server = cls()
        routes = [
            Route("/.well-known/oauth-authorization-server", server._metadata),
            Route("/introspect", server._introspect, methods=["POST"]),
            Route("/jwks", server._keys),
        ]
        with serving(Starlette(routes=routes)) as origin:
            server.local = LocalIssuer(origin, audience=RESOURCE)
            yield server

    @property
    def introspections(self) -> int:
        """How many introspection requests it received."""
        return len(self.local.introspection.requests)

    async def _metadata(self, _: Request) -> Response:
        return JSONResponse(self.local.metadata)

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(self.local.jwks)

    async def _introspect(self, request: Request) -> Response:
        copy = httpx.Request(
            "POST", str(request.url), headers=request.headers.raw, content=await request.body()
        )
        response = self.local.introspection.respond(copy)
        return Response(response.content, response.status_code, media_type="application/json")
