"""One Starlette route on five ports of one process, bare and guarded: a command."""

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
from oauth_guard.asgi import Application, Connection, Receive, Send
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.seen import HeaderBackend

UNGUARDED = "unguarded"
CONTROL = "unguarded again, as a control"
FLOOR = "behind a middleware that does nothing"
GUARDED = "cached token"
TRUSTING = "behind Starlette's AuthenticationMiddleware"
"""The applications by what is around the route."""

_RESOURCE = "https://api.test"
_HOUR = 3600


class Passing:
    """The least that a middleware can do: pass the request on."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Call the application."""
        await self._app(scope, receive, send)


async def hello(_: Request) -> PlainTextResponse:
    """Send the smallest response."""
    return PlainTextResponse("hello")


async def busy(_: Request) -> PlainTextResponse:
    """Return the processor time of this process in seconds."""
    return PlainTextResponse(str(time.process_time()))


def main() -> None:
    """Serve, and print in the first line the ports, the server's parts and a valid token."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    app = Starlette(routes=[Route("/", hello), Route("/busy", busy)])
    guard = Guard(_RESOURCE, [JWTIssuer(issuer.issuer, keys=issuer.jwks)])
    apps: dict[str, Application] = {
        UNGUARDED: app,
        CONTROL: app,
        FLOOR: Passing(app),
        GUARDED: OAuthGuardMiddleware(app, guard),
        TRUSTING: AuthenticationMiddleware(app, backend=HeaderBackend()),
    }
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in apps]
        for each in sockets:
            # asyncio sets this only on sockets that it creates; without it responses wait 40 ms.
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = {
            "ports": {
                name: each.getsockname()[1] for name, each in zip(apps, sockets, strict=True)
            },
            "token": issuer.token("read", exp=time.time() + _HOUR),
            "name": f"{_found('httptools', 'h11')} and {_found('uvloop', 'asyncio')}",
        }
        sys.stdout.write(f"{json.dumps(started)}\n")
        sys.stdout.flush()
        _serve(zip(apps.values(), sockets, strict=True))


def _serve(served: Iterable[tuple[Application, socket.socket]]) -> None:
    """Serve each application on its socket, in one loop, so that conditions are equal."""
    servers = [
        (uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)), listening)
        for app, listening in served
    ]

    async def serve() -> None:
        await asyncio.gather(*(server.serve([listening]) for server, listening in servers))

    with asyncio.Runner(loop_factory=servers[0][0].config.get_loop_factory()) as runner:
        runner.run(serve())


def _found(fast: str, otherwise: str) -> str:
    """Return which of two implementations uvicorn uses: the fast one if it is installed."""
    return fast if find_spec(fast) else otherwise


if __name__ == "__main__":
    main()
