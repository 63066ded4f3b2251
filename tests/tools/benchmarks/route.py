"""One Starlette route on three ports of one process, guarded in two ways: `python -m` runs it."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.util import find_spec

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.seen import ReadsTheHeader

_RESOURCE = "https://api.test"
_HOUR = 3600


async def hello(_: Request) -> PlainTextResponse:
    """Answer as little as a route can."""
    return PlainTextResponse("hello")


async def busy(_: Request) -> PlainTextResponse:
    """Tell for how many seconds this process has had a processor."""
    return PlainTextResponse(str(time.process_time()))


def main() -> None:
    """Serve, and tell in the first line where, what serves, and a token that is good there."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    app = Starlette(routes=[Route("/", hello), Route("/busy", busy)])
    guard = Guard(_RESOURCE, [JWTIssuer(issuer.issuer, keys=issuer.jwks)])
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        for each in sockets:
            # asyncio does so by itself for a socket of its own; else answers wait for 40 ms.
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        told = {
            "ports": [each.getsockname()[1] for each in sockets],
            "token": issuer.token("read", exp=time.time() + _HOUR),
            "name": f"{_found('httptools', 'h11')} and {_found('uvloop', 'asyncio')}",
        }
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        believing = AuthenticationMiddleware(app, backend=ReadsTheHeader())
        _serve(zip((app, OAuthGuardMiddleware(app, guard), believing), sockets, strict=True))


def _serve(served: Iterable[tuple[Application, socket.socket]]) -> None:
    """Serve each application on its socket, by one loop: what one has, the other one has too."""
    servers = [
        (uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)), listening)
        for app, listening in served
    ]

    async def serve() -> None:
        await asyncio.gather(*(server.serve([listening]) for server, listening in servers))

    with asyncio.Runner(loop_factory=servers[0][0].config.get_loop_factory()) as runner:
        runner.run(serve())


def _found(fast: str, otherwise: str) -> str:
    """Return which of two uvicorn takes: the fast one if it is there."""
    return fast if find_spec(fast) else otherwise


if __name__ == "__main__":
    main()
