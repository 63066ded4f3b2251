"""One process of a guarded service, run with `python -m` and the arguments ISSUER and REDIS."""

import logging
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, OAuthGuardMiddleware
from oauth_guard.possession import DPoP
from oauth_guard.starlette import requires
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.redis_once import RedisOnce

RESOURCE = "https://api.test"
KEY = b"a key that all processes share: 32 bytes"


async def me(request: Request) -> JSONResponse:
    """Return the subject and the scopes of the caller."""
    return JSONResponse({"subject": request.user.subject, "scopes": sorted(request.user.scopes)})


def application(issuer: str, redis: str) -> OAuthGuardMiddleware:
    """Return a service that introspects at *issuer* and shares what it can in *redis*."""
    client = ClientSecretBasic("api", "secret")
    guard = Guard(
        RESOURCE,
        [IntrospectionIssuer(issuer, client=client)],
        store=RedisStore(redis, key=KEY),
        dpop=DPoP(replays=RedisOnce(redis)),
    )
    routes = [Route("/me", me), Route("/now", requires(introspect=True)(me))]
    return OAuthGuardMiddleware(Starlette(routes=routes), guard)


def serve(app: OAuthGuardMiddleware, level: int = logging.INFO) -> None:
    """Serve *app* on a free port, and write the port as the first line of output."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    serve(application(*sys.argv[1:]))
