"""Controls: stop the authorization server for a while, and rotate its signing key."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from demo_api.authorization_server.keys import new_key_set
from demo_api.authorization_server.settings import METADATA, OPENID_METADATA, PREFIX, Settings
from oauth_guard.starlette import requires

SCOPE = "demo:control"
OUTAGE_SECONDS = 30
_KEYS_KEPT = 3


class Controls:
    """Controls of the authorization server in one process; they are for demonstration."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        """Control the server with *settings*."""
        self._keys = settings.keys
        self._clock = clock
        self._down_until = 0.0

    def routes(self) -> list[Route]:
        """Return the routes, relative to the resource; they must be wrapped in a guard."""
        return [
            Route("/demo/outage", self.start_outage, methods=["POST"]),
            Route("/demo/rotation", self.rotate, methods=["POST"]),
        ]

    def outage(self, app: ASGIApp) -> ASGIApp:
        """Wrap *app*, so that during an outage each request to the server gets 503."""

        async def with_outage(scope: Scope, receive: Receive, send: Send) -> None:
            if self._clock() < self._down_until and _is_for_the_server(scope):
                await Response(status_code=503)(scope, receive, send)
            else:
                await app(scope, receive, send)

        return with_outage

    @requires(SCOPE)
    async def start_outage(self, _: Request) -> Response:
        """Begin an outage of 30 seconds; one that has begun is not extended."""
        now = self._clock()
        if now >= self._down_until:
            self._down_until = now + OUTAGE_SECONDS
        return JSONResponse({"seconds": round(self._down_until - now)})

    @requires(SCOPE)
    async def rotate(self, _: Request) -> Response:
        """Sign with a new key from now on; the last keys stay published for older tokens."""
        (new,) = new_key_set().keys
        self._keys.keys[:] = [new, *self._keys.keys][:_KEYS_KEPT]
        return JSONResponse({"kid": new.kid, "published": len(self._keys.keys)})


def _is_for_the_server(scope: Scope) -> bool:
    path = scope.get("path", "")
    return f"{PREFIX}/" in path or path in {METADATA, OPENID_METADATA}
