"""Account: a person or service account that may sign in, with its password hash."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from demo_api.authorization_server.attempts import Attempts
from demo_api.authorization_server.hashing import secret_matches
from demo_api.authorization_server.tables import Base


class AccountKind(StrEnum):
    """A person uses the pages; a service account uses the password grant. No account uses both."""

    PERSON = "person"
    SERVICE = "service"


class Account(Base):
    """A person or a service account. Tokens carry the subject, never the login name."""

    __tablename__ = "accounts"

    subject: Mapped[str] = mapped_column(primary_key=True)
    login_name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    kind: Mapped[AccountKind]
    password_hash: Mapped[str]


@dataclass(frozen=True)
class SignIn:
    """The subject of a token and the time of their sign-in: Authlib's `user`."""

    subject: str
    auth_time: int | None = None

    def get_user_id(self) -> str:
        """Return the `sub` of the access token (the name is Authlib's)."""
        return self.subject


def check_password(
    attempts: Attempts, login_name: str, password: str, kind: AccountKind
) -> Account | None:
    """Return the account, or None. Every failure takes the same time and gives the same result.

    Raises:
        TooManyAttemptsError: Too many passwords for this name were wrong.
    """
    attempts.check(f"account {login_name}")
    account = attempts.session.scalar(select(Account).where(Account.login_name == login_name))
    matches = secret_matches(account.password_hash if account else None, password)
    found = account if account and matches and account.kind is kind else None
    attempts.record(f"account {login_name}", succeeded=found is not None)
    return found
