"""open_database(): SQLite in memory or in a file, safe under a pool of threads."""

from pathlib import Path

from sqlalchemy import URL, Engine, QueuePool, create_engine


def open_database(path: Path | None = None) -> Engine:
    """Return an engine over the file *path*, or over memory that lasts as long as the engine.

    The pool holds exactly one connection, so the pool is also the lock: a transaction waits until
    the one before it has ended. That makes every transaction serializable, keeps an in-memory
    database alive, and is all the speed a demo needs. It also means: never open a second session
    while the first one of the same request is still in its transaction.
    """
    return create_engine(
        URL.create("sqlite", database=str(path) if path else ":memory:"),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"check_same_thread": False},  # handed from thread to thread, never shared
    )
