"""Runs the demo in this process, or with uvicorn on a free port of loopback."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from demo_api.app import create_app
from demo_api.client_app import create_client_app
from demo_api.database import open_database
from demo_api.serving import LOOPBACK, listen, origin_of
from tests.acceptance.demo.authorization_server.harness import ORIGIN, Clock, Harness
from tests.builders.application_lifespan import running as application_lifespan

_SECONDS = 20


@dataclass(frozen=True)
class Walk:
    """A running demo with its client application."""

    origin: str
    client_origin: str
    stop_demo: Callable[[], None]


@contextmanager
def running(create: Callable[[str], Any]) -> Iterator[str]:
    """Serve the application that *create* returns for its origin; yield the origin."""
    with closing(listen(LOOPBACK, 0)) as listening:
        origin = origin_of(LOOPBACK, listening.getsockname()[1])
        with _serving(create(origin), listening):
            yield origin  # until uvicorn is up, connections wait in the socket's backlog


@contextmanager
def running_walk(
    wrap: Callable[[Starlette], Any] = lambda app: app, **options: Any
) -> Iterator[Walk]:
    """Serve a new demo with *options*, as *wrap* returns it, and its client application."""
    engine = open_database()
    with closing(listen(LOOPBACK, 0)) as first, closing(listen(LOOPBACK, 0)) as second:
        origin, client_origin = (
            origin_of(LOOPBACK, each.getsockname()[1]) for each in (first, second)
        )
        demo = create_app(origin, engine, client_origin=client_origin, **options)
        client = create_client_app(origin, client_origin)
        with ExitStack() as servers, _serving(client, second):
            servers.enter_context(_serving(wrap(demo), first))

            def stop_demo() -> None:
                servers.close()
                first.close()

            yield Walk(origin, client_origin, stop_demo)
    engine.dispose()


@contextmanager
def _serving(app: Any, listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_SECONDS)
    assert not thread.is_alive(), "the application did not stop"


@contextmanager
def running_demo(*, opaque: bool = False, **options: Any) -> Iterator[str]:
    """Serve a new demo with *options* of `create_app`; yield its origin."""
    engine = open_database()
    try:
        with running(lambda origin: create_app(origin, engine, opaque=opaque, **options)) as origin:
            yield origin
    finally:
        engine.dispose()


@asynccontextmanager
async def demo_in_process(
    database: Path | None = None,
    *,
    opaque: bool = False,
    redis: str | None = None,
    seconds: float = 10,
    **options: Any,
) -> AsyncIterator[Harness]:
    """Yield a harness with a demo in this process, whose data is in memory or in *database*.

    A transaction waits for *seconds* while the database is locked. *options* are those of
    `create_app`.
    """

    async def itself(*connection: Any) -> None:
        await app(*connection)

    clock, engine = Clock(), open_database(database, seconds)
    issuer = httpx.AsyncClient(transport=httpx.ASGITransport(itself))
    app = create_app(
        ORIGIN, engine, opaque=opaque, redis=redis, http=issuer, clock=clock, **options
    )
    transport = httpx.ASGITransport(app)
    async with (
        application_lifespan(app),
        httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http,
    ):
        yield Harness(http, clock)
    engine.dispose()
