"""running(): the lifespan of an application, for the length of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oauth_guard.asgi import Application, Message

__all__ = ["running"]


@asynccontextmanager
async def running(app: Application) -> AsyncIterator[None]:
    """Run the lifespan of *app*, in one task from start to end.

    Raises:
        RuntimeError: The application refuses to start, with its text.
    """
    sent: asyncio.Queue[Message] = asyncio.Queue()
    received: asyncio.Queue[Message] = asyncio.Queue()
    await received.put({"type": "lifespan.startup"})

    async def serve() -> None:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, received.get, sent.put)

    task = asyncio.create_task(serve())
    started = await sent.get()
    if started["type"] != "lifespan.startup.complete":
        await task
        raise RuntimeError(started["message"])
    try:
        yield
    finally:
        await received.put({"type": "lifespan.shutdown"})
        await task
