"""run_lifespan(): the guard responds to the server for an application without a lifespan."""

import asyncio
import logging
from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.app_lifespan import run_lifespan
from oauth_guard.testing import LocalIssuer

CONNECTION = {"type": "lifespan", "asgi": {"version": "3.0"}}
COMPLETE = ["lifespan.startup.complete", "lifespan.shutdown.complete"]


class Server:
    """A server that starts an application up, and shuts it down on demand."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.messages.put_nowait({"type": "lifespan.startup"})

    async def send(self, message: Any) -> None:
        """Record the type of a message."""
        self.sent.append(message["type"])

    def shut_down(self) -> None:
        """Let the application receive the last message."""
        self.messages.put_nowait({"type": "lifespan.shutdown"})


async def _raises(_connection: Any, _receive: Any, _send: Any) -> None:
    raise ValueError("Django can only handle ASGI/HTTP connections, not lifespan")


async def _returns(_connection: Any, _receive: Any, _send: Any) -> None:
    return


@pytest.mark.parametrize("app", [_raises, _returns])
async def test_application_without_a_lifespan_is_started_and_stopped(app: Any) -> None:
    """The server sees both responses, the second one only at shutdown."""
    server = Server()
    running = asyncio.create_task(run_lifespan(app, CONNECTION, server.messages.get, server.send))
    await asyncio.sleep(0)
    assert server.sent == COMPLETE[:1]
    server.shut_down()
    await running
    assert server.sent == COMPLETE


async def test_missing_lifespan_is_logged_without_the_text_of_the_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At the level INFO, since it is no mistake."""
    server = Server()
    server.shut_down()
    with caplog.at_level(logging.INFO, logger="oauth_guard"):
        await run_lifespan(_raises, CONNECTION, server.messages.get, server.send)
    assert caplog.messages == ["the application has no lifespan: it raised ValueError"]


async def test_exception_after_the_first_message_passes_on() -> None:
    """It is a failure of a lifespan that exists, which the server reports."""

    async def fails_at_start_up(_connection: Any, receive: Any, _send: Any) -> None:
        await receive()
        raise ValueError("no database")

    async def sends_first(_connection: Any, _receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed"})
        raise ValueError("no database")

    for app in (fails_at_start_up, sends_first):
        server = Server()
        with pytest.raises(ValueError, match="no database"):
            await run_lifespan(app, CONNECTION, server.messages.get, server.send)


async def test_guard_of_an_application_without_a_lifespan_becomes_ready() -> None:
    """Without a request; it is closed at shutdown."""
    issuer = LocalIssuer()
    guard = Guard(issuer.audience, [JWTIssuer(issuer.issuer, http=issuer.http)])
    server = Server()
    app = OAuthGuardMiddleware(_raises, guard)
    running = asyncio.create_task(app(CONNECTION, server.messages.get, server.send))
    async with asyncio.timeout(5):
        while not guard.ready:  # noqa: ASYNC110 - a guard has no event for it
            await asyncio.sleep(0.001)
    server.shut_down()
    await running
    assert server.sent == COMPLETE
