"""Setup: the options of one start of the demo, from which each worker builds its application."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from starlette.applications import Starlette

from demo_api.accounts import DEFAULT_CLIENT_ORIGIN
from demo_api.app import create_app
from demo_api.database import open_database
from demo_api.guide import Guide


@dataclass(frozen=True)
class Setup:
    """The options of the demo.

    Attributes:
        origin: The origin at which it is served.
        client_origin: The origin at which the client application is served.
        database: The file for the data; None keeps it in memory.
        opaque: Issue opaque tokens, which the API introspects.
        redis: The URL of a Redis server through which workers share results and used proofs.
        controls: Let the client application stop the server and rotate its key.
        guide: The documentation, which is served at /guide/.
        resources: Further resources that tokens are issued for.
        client_documents: Origins on this machine whose documents describe clients.
    """

    origin: str
    client_origin: str = DEFAULT_CLIENT_ORIGIN
    database: Path | None = None
    opaque: bool = False
    redis: str | None = None
    controls: bool = True
    guide: Guide | None = None
    resources: tuple[str, ...] = ()
    client_documents: tuple[str, ...] = ()

    def application(self, engine: Engine) -> Starlette:
        """Return the application, with its data in *engine*."""
        return create_app(
            self.origin,
            engine,
            opaque=self.opaque,
            redis=self.redis,
            client_origin=self.client_origin,
            controls=self.controls,
            guide=self.guide,
            resources=self.resources,
            client_documents=self.client_documents,
        )

    def open_database(self) -> Engine:
        """Open the database for one process."""
        return open_database(self.database)
