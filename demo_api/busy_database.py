"""database_response(): 503 while other transactions keep the database locked."""

import sqlite3

from sqlalchemy.exc import OperationalError, SQLAlchemyError, TimeoutError  # noqa: A004 - that of the pool
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

SOON = {"Retry-After": "1"}


def is_busy(error: Exception) -> bool:
    """Return whether *error* says that others kept the database locked for too long."""
    if isinstance(error, OperationalError):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # without its extension
        return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return isinstance(error, TimeoutError)


async def database_response(_: HTTPConnection, error: Exception) -> Response:
    """Send 503 while the database is locked; raise any other *error* again."""
    assert isinstance(error, SQLAlchemyError)  # noqa: S101 - it handles no other type
    if not is_busy(error):
        raise error
    return JSONResponse({"detail": "The database is busy."}, 503, SOON)
