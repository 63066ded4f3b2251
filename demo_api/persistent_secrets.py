"""PersistentSecrets: random secrets, generated once and stored in the database for every worker."""

import secrets
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class _Table(DeclarativeBase):
    pass


class _Secret(_Table):
    __tablename__ = "persistent_secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class PersistentSecrets:
    """The secrets in one database."""

    def __init__(self, engine: Engine) -> None:
        """Use the database of *engine*."""
        _Table.metadata.create_all(engine)
        self._engine = engine

    def bytes(self, name: str) -> bytes:
        """Return the 32 random bytes called *name*."""
        return bytes.fromhex(self.text(name, lambda: secrets.token_hex(32)))

    def text(self, name: str, make: Callable[[], str]) -> str:
        """Return the secret called *name*; the first call stores the result of *make*."""
        with Session(self._engine) as session, session.begin():
            found = session.get(_Secret, name)
            if found is None:
                found = _Secret(name=name, value=make())
                session.add(found)
            return found.value
