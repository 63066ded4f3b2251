"""token_proxy(): a reverse proxy that adds a token to each request, for tools that have none."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

_METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"]
_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


def token_proxy(upstream: str, token: Callable[[], str]) -> Starlette:
    """Return a proxy of the server at *upstream*; *token* returns the token of a request.

    Method, path, query, header fields (`Host` among them) and body pass through, and the response
    is streamed.
    """
    client = httpx.AsyncClient(base_url=upstream, timeout=60, trust_env=False)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    async def forward(request: Request) -> Response:
        headers = [
            each for each in request.headers.raw if each[0].decode() not in _OF_ONE_CONNECTION
        ]
        sent = client.build_request(
            request.method,
            request.url.path,
            headers=[*headers, (b"authorization", f"Bearer {token()}".encode())],
            content=await request.body(),
        )
        received = await client.send(sent, stream=True)
        response = StreamingResponse(
            received.aiter_raw(), received.status_code, background=BackgroundTask(received.aclose)
        )
        response.raw_headers = [
            (name.lower(), value)
            for name, value in received.headers.raw
            if name.decode().lower() not in _OF_ONE_CONNECTION
        ]
        return response

    return Starlette(routes=[Route("/{path:path}", forward, methods=_METHODS)], lifespan=lifespan)
