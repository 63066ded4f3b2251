"""One process of a service with a deny-list, run like `guarded_service`."""

import logging
import socket
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from oauth_guard import (
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import RequestRejected
from oauth_guard.renewal import renew
from oauth_guard.stores.redis_notices import RedisNotices
from tests.robustness.multi_process.guarded_service import RESOURCE


async def me(request: Request) -> Response:
    """Return the subject of the caller."""
    return JSONResponse({"subject": request.user.subject})


async def socket_of_pings(websocket: WebSocket) -> None:
    """Send back each message; with a token in it, renew with the token before."""
    await websocket.accept()
    try:
        async for message in websocket.iter_json():
            reply = dict(message)
            try:
                if "token" in message:
                    await renew(websocket, message["token"])
            except RequestRejected as error:
                reply["rejected"] = error.reason
            await websocket.send_json(reply)
    except (WebSocketDisconnect, ConnectionAbortedError):
        pass  # the token has ended


def application(issuer: str, redis: str) -> OAuthGuardMiddleware:
    """Return a service that accepts JWTs and opaque tokens of *issuer*, and can revoke them."""
    client = ClientSecretBasic("api", "secret")
    guard = Guard(
        RESOURCE,
        [
            JWTIssuer(issuer, leeway=0),
            IntrospectionIssuer(issuer, client=client, cache_for=60, leeway=0),
        ],
        deny_list=DenyList(RedisNotices(redis)),
    )

    async def revoke(request: Request) -> Response:
        selector: dict[str, Any] = await request.json()
        await guard.revoke(issuer, **selector)
        return Response(status_code=204)

    routes = [
        Route("/me", me),
        Route("/revoke", revoke, methods=["POST"]),
        WebSocketRoute("/ws", socket_of_pings),
    ]
    return OAuthGuardMiddleware(Starlette(routes=routes), guard, public=["POST /revoke"])


def main(issuer: str, redis: str) -> None:
    """Run it on a free port, and write the port as the first line of output."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(application(issuer, redis), log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
