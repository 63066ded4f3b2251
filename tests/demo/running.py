"""running_demo(): the demo as it is served, by uvicorn on a free port of loopback."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import uvicorn

from demo_api.app import create_app
from demo_api.database import open_database
from demo_api.serving import LOOPBACK, listen, origin_of

_SECONDS = 20


@contextmanager
def running_demo() -> Iterator[str]:
    """Serve a fresh demo; give its origin."""
    with closing(listen(LOOPBACK, 0)) as listening:
        origin = origin_of(LOOPBACK, listening.getsockname()[1])
        engine = open_database()
        app = create_app(origin, engine)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield origin  # whoever comes before uvicorn is up waits in the socket's queue
        finally:
            server.should_exit = True
            thread.join(_SECONDS)
            engine.dispose()
        assert not thread.is_alive(), "the demo did not stop"
