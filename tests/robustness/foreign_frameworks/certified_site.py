"""A guarded API on uvicorn with httptools, which gives it the certificates of its clients."""

import json
import os
import ssl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.possession import TLSExtension


async def _respond(_: Request) -> PlainTextResponse:
    return PlainTextResponse(AutoHTTPProtocol.__name__)


async def _greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


def main() -> None:
    """Serve as the environment variable `SERVED` describes, a JSON object."""
    served = json.loads(os.environ["SERVED"])
    issuer = JWTIssuer(served["issuer"], keys=served["jwks"])
    guard = Guard(served["audience"], [issuer], certificates=TLSExtension())
    app = Starlette(routes=[Route("/r", _respond), WebSocketRoute("/ws", _greet)])
    uvicorn.run(
        OAuthGuardMiddleware(app, guard),
        port=served["port"],
        http="oauth_guard.uvicorn:HTTPProtocol",
        ws="oauth_guard.uvicorn:WebSocketProtocol",
        ssl_certfile=served["certificate"],
        ssl_ca_certs=served["authority"],
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
