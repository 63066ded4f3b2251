"""The browser at the other end: its cookie, who signed in there, and its anti-forgery values."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column
from starlette.requests import Request
from starlette.responses import Response

from demo_api.authorization_server.accounts import SignIn
from demo_api.authorization_server.hashing import digest
from demo_api.authorization_server.settings import SIGN_IN_LIFETIME
from demo_api.authorization_server.tables import Base

_COOKIE = "demo_session"
_COOKIE_PATH = "/v1/auth"
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class BrowserSession(Base):
    """Who is signed in at a browser, found by the digest of its cookie."""

    __tablename__ = "browser_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    auth_time: Mapped[int]


@dataclass(frozen=True)
class Browser:
    """A browser, known by a random cookie that says nothing; what it means is kept here."""

    cookie: str

    @classmethod
    def of(cls, request: Request) -> "Browser":
        """Return the browser that sent *request*; one without our cookie gets a new one."""
        cookie = request.cookies.get(_COOKIE, "")
        return cls(cookie) if _VALUE.fullmatch(cookie) else cls.new()

    @classmethod
    def new(cls) -> "Browser":
        """Return a browser under a fresh cookie: nobody is signed in there."""
        return cls(secrets.token_urlsafe(32))

    def mark(self, response: Response, *, secure: bool) -> Response:
        """Give the cookie along with *response*, out of reach of scripts and of other sites."""
        response.set_cookie(
            _COOKIE, self.cookie, path=_COOKIE_PATH, httponly=True, samesite="lax", secure=secure
        )
        return response

    def anti_forgery_value(self, key: bytes, purpose: str) -> str:
        """Return a value only we can make, for one browser and one *purpose*."""
        message = f"{self.cookie}\n{purpose}".encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()

    def sent_form(self, key: bytes, purpose: str, value: str) -> bool:
        """Tell whether a form with *value* came from a page that we gave this browser."""
        expected = self.anti_forgery_value(key, purpose)
        return hmac.compare_digest(expected.encode(), value.encode())

    def signed_in(self, session: Session, now: int) -> SignIn | None:
        """Return who signed in here, and when, if that was not too long ago."""
        found = session.get(BrowserSession, digest(self.cookie))
        if found is None or now >= found.auth_time + SIGN_IN_LIFETIME:
            return None
        return SignIn(found.subject, found.auth_time)

    def sign_in(self, session: Session, subject: str, now: int) -> "Browser":
        """Return the browser under a new cookie, so that nobody can have planted it before."""
        self.sign_out(session)
        session.execute(
            delete(BrowserSession).where(BrowserSession.auth_time <= now - SIGN_IN_LIFETIME)
        )
        renewed = Browser.new()
        session.add(BrowserSession(digest=digest(renewed.cookie), subject=subject, auth_time=now))
        return renewed

    def sign_out(self, session: Session) -> None:
        """Forget who signed in here."""
        session.execute(delete(BrowserSession).where(BrowserSession.digest == digest(self.cookie)))
