"""RejectEarlyData: unsafe requests that a TLS terminator received as early data get status 425."""

from oauth_guard.asgi import Application, Connection, Receive, Send, send_response

__all__ = ["RejectEarlyData"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_TOO_EARLY = 425
_HEADERS = ((b"cache-control", b"no-store"), (b"content-length", b"0"))


class RejectEarlyData:
    """Rejects requests in TLS early data, which an attacker can replay, unless they are safe.

    For an application behind a proxy that accepts early data and says so with `Early-Data: 1`
    (RFC 8470 §5.1): `app = RejectEarlyData(OAuthGuardMiddleware(...))`. The client then sends the
    request again after the handshake. Public paths are included. Early data that the proxy does
    not mark is not recognized, and neither is that which the application's own server accepts.

    Args:
        app: The application, with its guard.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection, or send 425; any value of the header field counts as 1."""
        if (
            scope["type"] == "http"
            and scope["method"] not in _SAFE
            and any(name.lower() == b"early-data" for name, _ in scope["headers"])
        ):
            await send_response(send, scope["method"], _TOO_EARLY, _HEADERS)
        else:
            await self._app(scope, receive, send)
