"""One process of a service with a deny-list, run like `guarded_service`."""

import logging
import sys
from typing import Any

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
from tests.robustness.multi_process.guarded_service import RESOURCE, serve


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


if __name__ == "__main__":
    serve(application(*sys.argv[1:]), logging.WARNING)
