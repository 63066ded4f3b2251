"""One process of a guarded service: `python -m tests.robustness.processes.guarded ISSUER REDIS`."""

import logging
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from oauth_guard.stores.redis import RedisStore

RESOURCE = "https://api.test"
KEY = b"a key that all processes share: 32 bytes"


async def me(request: Request) -> JSONResponse:
    """Tell who called."""
    return JSONResponse({"subject": request.user.subject, "scopes": sorted(request.user.scopes)})


def application(issuer: str, redis: str) -> OAuthGuardMiddleware:
    """Return the service, which asks *issuer* about tokens and shares the answers in *redis*."""
    client = ClientSecretBasic("api", "secret")
    guard = Guard(
        RESOURCE, [IntrospectionIssuer(issuer, client=client)], store=RedisStore(redis, key=KEY)
    )
    routes = [Route("/me", me), Route("/now", requires(introspect=True)(me))]
    return OAuthGuardMiddleware(Starlette(routes=routes), guard)


def main(issuer: str, redis: str) -> None:
    """Serve it on a free port, which is told on the first line of output."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(application(issuer, redis), log_level="warning")
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
