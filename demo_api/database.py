"""open_database(): SQLite in memory or in a file, safe under a pool of threads."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event

_SECONDS = 30


def open_database(path: Path | None = None) -> Engine:
    """Return an engine over the file *path*, or over memory that lasts as long as the engine.

    The pool holds exactly one connection, so the pool is also the lock: a transaction waits until
    the one before it has ended. That makes every transaction serializable, keeps an in-memory
    database alive, and is all the speed a demo needs. It also means: never open a second session
    while the first one of the same request is still in its transaction. Between processes a
    transaction locks the file from its begin, so that what it has read still holds when it writes.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path) if path else ":memory:"),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=_SECONDS,
        # A connection is handed from thread to thread, never shared.
        connect_args={"check_same_thread": False, "timeout": _SECONDS},
    )
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    return engine


def _leave_transactions_to_us(connection: Any, _: object) -> None:
    connection.isolation_level = None  # else sqlite3 begins them by itself, with the first write


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
