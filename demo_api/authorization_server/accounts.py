"""Account: who may sign in, and how their password is checked."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from demo_api.authorization_server.hashing import secret_matches
from demo_api.authorization_server.tables import Base


class AccountKind(StrEnum):
    """People use the pages; service accounts use the password grant. Neither may do the other."""

    PERSON = "person"
    SERVICE = "service"


class Account(Base):
    """A person or a service account; the subject is what tokens carry, never the login name."""

    __tablename__ = "accounts"

    subject: Mapped[str] = mapped_column(primary_key=True)
    login_name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    kind: Mapped[AccountKind]
    password_hash: Mapped[str]


@dataclass(frozen=True)
class SignIn:
    """Who stands behind a token, and since when: the `user` that Authlib passes around."""

    subject: str
    auth_time: int | None = None

    def get_user_id(self) -> str:
        """Return the `sub` of the access token (Authlib asks by this name)."""
        return self.subject


def check_password(
    session: Session, login_name: str, password: str, kind: AccountKind
) -> Account | None:
    """Return the account, or None: alike, and after the same time, whatever was wrong."""
    account = session.scalar(select(Account).where(Account.login_name == login_name))
    if not secret_matches(account.password_hash if account else None, password):
        return None
    return account if account and account.kind is kind else None
