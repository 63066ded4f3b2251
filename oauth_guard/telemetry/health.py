"""health_app: an ASGI application for the probes of an orchestrator."""

import json
from typing import Any

from oauth_guard.asgi import Application, Connection, Receive, Send, path_in_app, send_response
from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard

__all__ = ["health_app"]

_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_OK, _NOT_FOUND, _NOT_ALLOWED, _UNAVAILABLE = 200, 404, 405, 503


def health_app(*guards: Guard) -> Application:
    """Return an application that says whether *guards* can validate tokens.

    `GET /live` is always 200. `GET /ready` is 503 until tokens of every issuer can be validated,
    and 200 from then on: an outage of an issuer later is no reason to stop this process, since
    public paths and cached tokens are still served. Its body then says `degraded`.

    No issuer is named: its name and the reason are in the log. The application needs no token;
    mount it on a public path, or serve it on another port.

    Raises:
        ConfigurationError: There is no guard.
    """
    if not guards or not all(isinstance(each, Guard) for each in guards):
        raise ConfigurationError("health_app() takes guards: health_app(guard).")

    async def health(connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await _serve_lifespan(receive, send)
        elif connection["type"] != "http":
            await send({"type": "websocket.close"})
        else:
            status, content = _state(path_in_app(connection), connection["method"], guards)
            await send_response(send, connection["method"], status, _HEADERS, content)

    return health


def _state(path: str, method: str, guards: tuple[Guard, ...]) -> tuple[int, bytes]:
    are_ready = [each.ready for each in guards]  # all are read, since each notes its state
    states: dict[str, tuple[int, str]] = {
        "/live": (_OK, "alive"),
        "/ready": (_OK, "degraded" if any(each.degraded for each in guards) else "ready")
        if all(are_ready)
        else (_UNAVAILABLE, "not ready"),
    }
    status, state = states.get(path, (_NOT_FOUND, "not found"))
    if method not in {"GET", "HEAD"}:
        status, state = _NOT_ALLOWED, "method not allowed"
    return status, json.dumps({"status": state}).encode()


async def _serve_lifespan(receive: Receive, send: Send) -> None:
    message: Any = None
    while message != "lifespan.shutdown":
        message = (await receive())["type"]
        await send({"type": f"{message}.complete"})
