"""Attempts: wrong passwords and client secrets are limited (RFC 6749 §2.3.1, §4.3.2, §10.10)."""

from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error
from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from demo_api.authorization_server.hashing import digest
from demo_api.authorization_server.tables import Base

_FREE = 5
_LONGEST_PAUSE = 60
_REMEMBERED = 15 * 60


class TooManyAttemptsError(OAuth2Error):
    """Too many secrets for one name were wrong. The next one is not checked before the pause ends.

    A name that does not exist has the same limit, so the error does not show which names exist.
    """

    error = "temporarily_unavailable"
    description = "Too many attempts failed. Retry-After has the seconds to wait."
    status_code = 429

    def __init__(self, seconds: int) -> None:
        """Name the *seconds* until the end of the pause."""
        super().__init__()
        self.seconds = seconds

    def get_headers(self) -> list[tuple[str, str]]:
        """Return Authlib's header fields and Retry-After."""
        return [*super().get_headers(), ("Retry-After", str(self.seconds))]


class FailedAttempts(Base):
    """The failed attempts at one name from one source, for 15 minutes after the last one."""

    __tablename__ = "failed_attempts"

    digest: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    paused_until: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)


@dataclass(frozen=True)
class Attempts:
    """The attempts of one *source*, such as an address, at *now*.

    Five attempts at a name may fail; after each further one there is a pause, of 1, 2, 4 and at
    most 60 seconds. Each pair of name and source has its own limit, so a stranger elsewhere can't
    lock out the owner of a name, and one who shares the owner's address can for 60 seconds after
    an attempt. Attempts from many sources are not counted together. The records are in the
    database, which the processes share.
    """

    session: Session
    now: int
    source: str

    def check(self, name: str) -> None:
        """Check that *name* is not paused.

        Raises:
            TooManyAttemptsError: It is.
        """
        found = self._find(name)
        if found is not None and self.now < found.paused_until:
            raise TooManyAttemptsError(found.paused_until - self.now)

    def record(self, name: str, *, succeeded: bool) -> None:
        """Record the outcome of an attempt at *name*; a success ends the series of failures."""
        found = self._find(name)
        if succeeded:
            if found is not None:
                self.session.delete(found)
            return
        self.session.execute(delete(FailedAttempts).where(FailedAttempts.expires_at <= self.now))
        number = 1 if found is None or found.expires_at <= self.now else found.number + 1
        pause = min(_LONGEST_PAUSE, 2 ** min(number - _FREE, 10)) if number >= _FREE else 0
        self.session.merge(
            FailedAttempts(
                digest=self._key(name),
                number=number,
                paused_until=self.now + pause,
                expires_at=self.now + _REMEMBERED,
            )
        )

    def _find(self, name: str) -> FailedAttempts | None:
        return self.session.get(FailedAttempts, self._key(name))

    def _key(self, name: str) -> str:
        return digest(f"{len(name)}:{name}{self.source}")
