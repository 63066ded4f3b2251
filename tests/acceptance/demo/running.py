"""The demo that runs: in this process, or served by uvicorn on a free port of loopback."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from demo_api.app import create_app
from demo_api.database import open_database
from demo_api.serving import LOOPBACK, listen, origin_of
from tests.acceptance.demo.authorization_server.stage import ORIGIN, Clock, Stage

_SECONDS = 20


@contextmanager
def running(create: Callable[[str], Starlette]) -> Iterator[str]:
    """Serve what *create* makes of its origin; give that origin."""
    with closing(listen(LOOPBACK, 0)) as listening:
        origin = origin_of(LOOPBACK, listening.getsockname()[1])
        app = create(origin)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield origin  # whoever comes before uvicorn is up waits in the socket's queue
        finally:
            server.should_exit = True
            thread.join(_SECONDS)
        assert not thread.is_alive(), "the application did not stop"


@contextmanager
def running_demo(*, opaque: bool = False) -> Iterator[str]:
    """Serve a fresh demo; give its origin."""
    engine = open_database()
    try:
        with running(lambda origin: create_app(origin, engine, opaque=opaque)) as origin:
            yield origin
    finally:
        engine.dispose()


@asynccontextmanager
async def demo_in_process(
    database: Path | None = None, *, opaque: bool = False, redis: str | None = None
) -> AsyncIterator[Stage]:
    """Give a stage with a demo in this process, which remembers in memory or in *database*."""

    async def itself(*connection: Any) -> None:
        await app(*connection)

    clock, engine = Clock(), open_database(database)
    issuer = httpx.AsyncClient(transport=httpx.ASGITransport(itself))
    app = create_app(ORIGIN, engine, opaque=opaque, redis=redis, http=issuer, clock=clock)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http,
    ):
        yield Stage(http, clock)
    engine.dispose()
