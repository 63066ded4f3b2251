"""Browser: a browser's cookie, its signed-in person and its anti-forgery values."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, replace

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column
from starlette.requests import Request
from starlette.responses import Response

from demo_api.authorization_server.accounts import SignIn
from demo_api.authorization_server.hashing import digest
from demo_api.authorization_server.settings import SIGN_IN_LIFETIME
from demo_api.authorization_server.sign_in_rules import SignInRules
from demo_api.authorization_server.tables import Base

_COOKIE, _DEVICE = "demo_session", "demo_device"
_DEVICE_LIFETIME = 365 * 24 * 3600
_COOKIE_PATH = "/v1/auth"
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class BrowserSession(Base):
    """The person who is signed in at a browser, stored under the digest of its cookie."""

    __tablename__ = "browser_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    auth_time: Mapped[int]
    made_for: Mapped[str | None]  # the digest of the request; none: it has been responded to


@dataclass(frozen=True)
class Browser:
    """A browser, identified by a random cookie without content.

    A second cookie, *device*, shows which person signed in with it before. The wrong passwords of
    such a browser are counted apart, so that those of strangers can't lock its person out.
    """

    cookie: str
    device: str = ""

    @classmethod
    def of(cls, request: Request) -> "Browser":
        """Return the browser that sent *request*; one without a valid cookie gets a new one."""
        cookie, device = request.cookies.get(_COOKIE, ""), request.cookies.get(_DEVICE, "")
        return cls(cookie if _VALUE.fullmatch(cookie) else cls.new().cookie, device)

    @classmethod
    def new(cls) -> "Browser":
        """Return a browser with a new cookie, where no person is signed in."""
        return cls(secrets.token_urlsafe(32))

    def set_cookie(self, response: Response, *, secure: bool) -> Response:
        """Add the cookie to *response*, hidden from scripts and from other sites."""
        response.set_cookie(
            _COOKIE, self.cookie, path=_COOKIE_PATH, httponly=True, samesite="lax", secure=secure
        )
        if self.device:
            response.set_cookie(
                _DEVICE,
                self.device,
                max_age=_DEVICE_LIFETIME,
                path=_COOKIE_PATH,
                httponly=True,
                samesite="lax",
                secure=secure,
            )
        return response

    def has_signed_in(self, key: bytes, login_name: str) -> bool:
        """Return whether *login_name* has signed in with this browser before."""
        expected = _device_value(key, login_name)
        return hmac.compare_digest(expected.encode(), self.device.encode())

    def known_for(self, key: bytes, login_name: str) -> "Browser":
        """Return this browser as one with which *login_name* has signed in."""
        return replace(self, device=_device_value(key, login_name))

    def anti_forgery_value(self, key: bytes, purpose: str) -> str:
        """Return the HMAC of this browser's cookie and of *purpose*, with *key*."""
        message = f"{self.cookie}\n{purpose}".encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()

    def is_own_form(self, key: bytes, purpose: str, value: str) -> bool:
        """Return whether *value* is from a page that this server sent to this browser."""
        expected = self.anti_forgery_value(key, purpose)
        return hmac.compare_digest(expected.encode(), value.encode())

    def signed_in(self, session: Session, now: int) -> SignIn | None:
        """Return the signed-in person, unless the sign-in is older than SIGN_IN_LIFETIME."""
        found = session.get(BrowserSession, digest(self.cookie))
        if found is None or now >= found.auth_time + SIGN_IN_LIFETIME:
            return None
        return SignIn(found.subject, found.auth_time)

    def signed_in_for(
        self, session: Session, now: int, query: str, rules: SignInRules
    ) -> SignIn | None:
        """Return the signed-in person if the sign-in fulfils the *rules* of the request *query*."""
        user = self.signed_in(session, now)
        if user is None or user.auth_time is None:
            return None
        if rules.max_age and now > user.auth_time + rules.max_age:
            return None
        found = session.get_one(BrowserSession, digest(self.cookie))
        return None if rules.login and found.made_for != digest(query) else user

    def finish_request(self, session: Session) -> None:
        """Note that the request of this sign-in has its response: a repeated one needs another."""
        found = session.get(BrowserSession, digest(self.cookie))
        if found is not None:
            found.made_for = None

    def sign_in(self, session: Session, subject: str, now: int, query: str) -> "Browser":
        """Sign *subject* in for the request *query*.

        The browser gets a new cookie, so that a planted cookie gets no session.
        """
        self.sign_out(session)
        session.execute(
            delete(BrowserSession).where(BrowserSession.auth_time <= now - SIGN_IN_LIFETIME)
        )
        renewed = Browser.new()
        session.add(
            BrowserSession(
                digest=digest(renewed.cookie),
                subject=subject,
                auth_time=now,
                made_for=digest(query),
            )
        )
        return renewed

    def sign_out(self, session: Session) -> None:
        """Delete the sign-in of this browser."""
        session.execute(delete(BrowserSession).where(BrowserSession.digest == digest(self.cookie)))


def _device_value(key: bytes, login_name: str) -> str:
    return hmac.new(key, f"device\n{login_name}".encode(), hashlib.sha256).hexdigest()
