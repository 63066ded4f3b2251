"""create_client_app(): the client application, on an origin of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from demo_api.canonical_host import CanonicalHost
from demo_api.client_app.pages import page
from demo_api.client_app.servers import Servers
from demo_api.client_app.views import Views

_SECONDS = 10


def create_client_app(
    origin: str, client_origin: str, *, http: httpx.AsyncClient | None = None
) -> Starlette:
    """Return the client application at *client_origin*, which uses the demo at *origin*."""
    # A proxy named in the environment serves the Internet; it can't reach this machine's loopback.
    http = http or httpx.AsyncClient(timeout=_SECONDS, trust_env=False)
    views = Views(Servers(origin, f"{client_origin}/callback", http))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with http:
            yield

    return Starlette(
        routes=[
            Route("/", views.home, methods=["GET"]),
            Route("/walks", views.start, methods=["POST"]),
            Route("/clients", views.clients, methods=["GET"]),
            Route("/clients", views.register, methods=["POST"]),
            Route("/callback", views.callback, methods=["GET"]),
            Route("/walks/{flow}", views.show, methods=["GET"]),
            Route("/walks/{flow}", views.advance, methods=["POST"]),
            Route("/walks/{flow}/experiments", views.experiment, methods=["POST"]),
            Route("/walks/{flow}/messages", views.messages, methods=["GET"]),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(CanonicalHost, origin=client_origin)],
        exception_handlers={HTTPException: _error_page},
        lifespan=lifespan,
    )


async def _error_page(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it handles no other type
    response = page("error.html", error.status_code, message=error.detail)
    response.headers.update(error.headers or {})
    return response
