"""Applications as users of the testing kit have them: their guard trusts a remote issuer."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import (
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.starlette import requires

RESOURCE = "https://api.example.com"
REMOTE = "https://login.example.com"


def remote_guard(**settings: object) -> Guard:
    """Return a guard whose issuer can't be reached from here, which introspects on demand."""
    introspection = IntrospectionIssuer(REMOTE, client=ClientSecretBasic("shop", "s3cret"))
    issuer = JWTIssuer(REMOTE, introspection=introspection)
    return Guard(RESOURCE, [issuer], **settings)  # type: ignore[arg-type] # settings of a guard


async def me(request: Request) -> JSONResponse:
    """Return the caller, and one claim."""
    return JSONResponse([request.user.subject, request.user.claims.get("tenant")])


async def feed(websocket: WebSocket) -> None:
    """Send the caller's subject."""
    await websocket.accept()
    await websocket.send_json(websocket.user.subject)


def shop(guard: Guard) -> Starlette:
    """Return an application with its middleware added, as Starlette's users write it."""
    return Starlette(
        routes=[
            Route("/me", me),
            Route("/orders", requires("orders:read")(me)),
            Route("/now", requires(introspect=True)(me)),
            WebSocketRoute("/feed", feed),
        ],
        middleware=[Middleware(OAuthGuardMiddleware, guard=guard)],
    )
