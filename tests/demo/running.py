"""running(): an application served by uvicorn on a free port of loopback; running_demo()."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Thread

import uvicorn
from starlette.applications import Starlette

from demo_api.app import create_app
from demo_api.database import open_database
from demo_api.serving import LOOPBACK, listen, origin_of

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
def running_demo() -> Iterator[str]:
    """Serve a fresh demo; give its origin."""
    engine = open_database()
    try:
        with running(lambda origin: create_app(origin, engine)) as origin:
            yield origin
    finally:
        engine.dispose()
