"""SigningOut: a person is signed out, and the authorization server says so to the API."""

import secrets
from urllib.parse import urlsplit

import httpx
from joserfc import jwt
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from demo_api.accounts import API as API_CLIENT
from demo_api.authorization_server.browser_sessions import BrowserSession
from demo_api.authorization_server.keys import ALGORITHM
from demo_api.authorization_server.settings import Settings
from demo_api.authorization_server_controls import SCOPE
from demo_api.serving import is_loopback
from oauth_guard import Guard, JWTIssuer
from oauth_guard.back_channel_logout import BackChannelLogout
from oauth_guard.starlette import requires

#: Where the authorization server posts its logout tokens, relative to the API.
LOGOUT = "/backchannel-logout"

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_SECONDS = 120


class SigningOut:
    """Both sides of OpenID Connect Back-Channel Logout 1.0.

    Attributes:
        issuer: The authorization server, as the API verifies its logout tokens.
    """

    def __init__(self, settings: Settings, engine: Engine, http: httpx.AsyncClient) -> None:
        """Sign people of *settings* out, whose sessions are in *engine*; send with *http*."""
        on_loopback = is_loopback(urlsplit(settings.origin).hostname or "")
        self.issuer = JWTIssuer(settings.origin, http=http, insecure_http=not on_loopback)
        self._settings, self._engine, self._http = settings, engine, http

    def routes(self, guard: Guard) -> list[BaseRoute]:
        """Return the routes, relative to the API; LOGOUT is public, *guard* is around the other."""
        endpoint = BackChannelLogout(guard, self.issuer, client_id=API_CLIENT.client_id)
        return [
            Route("/demo/sign-out/{subject}", self.sign_out, methods=["POST"]),
            Route(LOGOUT, endpoint),
        ]

    @requires(SCOPE)
    async def sign_out(self, request: Request) -> Response:
        """End the sessions of a person in all browsers, and post a logout token to the API."""
        subject = request.path_params["subject"]
        await run_in_threadpool(self._end_sessions, subject)
        address = self._settings.resource + LOGOUT
        sent = await self._http.post(address, data={"logout_token": self._logout_token(subject)})
        return JSONResponse({"logout_token": "sent", "status_of_the_api": sent.status_code})

    def _end_sessions(self, subject: str) -> None:
        with Session(self._engine) as session, session.begin():
            session.execute(delete(BrowserSession).where(BrowserSession.subject == subject))

    def _logout_token(self, subject: str) -> str:
        now, key = int(self._settings.clock()), self._settings.keys.keys[0]
        claims = {
            "iss": self._settings.origin,
            "aud": API_CLIENT.client_id,
            "sub": subject,
            "iat": now,
            "exp": now + _SECONDS,
            "jti": secrets.token_urlsafe(16),
            "events": {_EVENT: {}},
        }
        return jwt.encode({"alg": ALGORITHM, "typ": "logout+jwt", "kid": key.kid}, claims, key)
