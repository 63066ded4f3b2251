"""run_lifespan(): the lifespan of an application, also of one that has none (ASGI 3.0)."""

import logging

from oauth_guard.asgi import Application, Connection, Message, Receive, Send

__all__ = ["run_lifespan"]

_log = logging.getLogger("oauth_guard")


async def run_lifespan(
    app: Application, connection: Connection, receive: Receive, send: Send
) -> None:
    """Let *app* serve its lifespan; if it has none, respond to the server until shutdown.

    An application has none if it raises or returns before its first `receive()` and without a
    message of its own: Django, Channels, WSGI adapters, a mount. The caller keeps open what
    lives as long as the application.

    Raises:
        Exception: What *app* raises after its first `receive()` or message.
    """
    started = False

    async def receive_observed() -> Message:
        nonlocal started
        started = True
        return await receive()

    async def send_observed(message: Message) -> None:
        nonlocal started
        started = True
        await send(message)

    try:
        await app(connection, receive_observed, send_observed)
    except Exception as error:
        if started:
            raise
        _log.info("the application has no lifespan: it raised %s", type(error).__name__)
    if started:
        return
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})
