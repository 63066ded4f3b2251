"""BearerMiddleware: a minimal ASGI middleware around a library that only validates tokens."""

from collections.abc import Callable

from oauth_guard.asgi import Application, Connection, Receive, Send

_REFUSAL = {
    "type": "http.response.start",
    "status": 401,
    "headers": [(b"www-authenticate", b"Bearer"), (b"content-length", b"0")],
}


class BearerMiddleware:
    """Pass the token to *check*, which raises one of *errors* to reject it; as lean as possible."""

    def __init__(
        self, app: Application, check: Callable[[str], object], *errors: type[Exception]
    ) -> None:
        self._app = app
        self._check = check
        self._errors = errors

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Serve the request if its token is valid."""
        header = next((v for name, v in connection["headers"] if name == b"authorization"), b"")
        scheme, _, token = header.decode("latin-1").partition(" ")
        if scheme.lower() == "bearer" and self._takes(token):
            await self._app(connection, receive, send)
        else:
            await send(_REFUSAL)
            await send({"type": "http.response.body", "body": b""})

    def _takes(self, token: str) -> bool:
        try:
            self._check(token)
        except self._errors:
            return False
        return True
