"""Setup: what one start of the demo was told; each worker builds its application from it."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from starlette.applications import Starlette

from demo_api.app import create_app
from demo_api.database import open_database


@dataclass(frozen=True)
class Setup:
    """How the demo is to be served.

    Attributes:
        origin: Where it is.
        database: The file that keeps the data, if any.
        opaque: Issue opaque tokens, and ask about each of them.
        redis: Where workers share what they were told about tokens, if anywhere.
    """

    origin: str
    database: Path | None = None
    opaque: bool = False
    redis: str | None = None

    def application(self, engine: Engine) -> Starlette:
        """Return the application, with its data in *engine*."""
        return create_app(self.origin, engine, opaque=self.opaque, redis=self.redis)

    def open_database(self) -> Engine:
        """Open the database once more, for one process."""
        return open_database(self.database)
