"""open_database(): SQLite in memory or in a file, safe under a pool of threads."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event

_SECONDS = 10


def open_database(path: Path | None = None, seconds: float = _SECONDS) -> Engine:
    """Return an engine for the file *path*, or for a database in memory that ends with the engine.

    The pool has exactly one connection, so it is also a lock: a transaction waits until the one
    before it ends. Every transaction is therefore serializable, and an in-memory database lives as
    long as the pool. The speed suffices for a demo. A request must not open a second session while
    its first one is in a transaction: it would wait for itself. Between processes, a transaction
    locks the file from its start, so its reads are still valid when it writes.

    A transaction that waited for *seconds* raises an error; see `busy_database`.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path) if path else ":memory:"),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=seconds,
        # A connection passes from thread to thread and is never shared.
        connect_args={"check_same_thread": False, "timeout": seconds},
    )
    event.listen(engine, "connect", _disable_implicit_transactions)
    event.listen(engine, "begin", _begin)
    return engine


def _disable_implicit_transactions(connection: Any, _: object) -> None:
    connection.isolation_level = None  # sqlite3 would otherwise begin one at the first write


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
