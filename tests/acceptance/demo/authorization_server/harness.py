"""Harness: the authorization server with a browser and clients that use it."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
from bs4 import BeautifulSoup, Tag
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.applications import Starlette

from demo_api.accounts import credentials_document
from demo_api.authorization_server import create_authorization_server
from demo_api.authorization_server.client_documents import ClientDocuments
from demo_api.authorization_server.settings import Settings
from demo_api.database import open_database

ORIGIN = "http://127.0.0.1:8000"
RESOURCE = f"{ORIGIN}/v1"
OAUTH = "/v1/auth/oauth2"
CREDENTIALS = credentials_document(ORIGIN)
VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@dataclass
class Clock:
    """A clock that shows a fixed time until a test changes it."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def basic(client_id: str, secret: str | None = None) -> dict[str, str]:
    """Return the Basic header of a client, encoded as RFC 6749 §2.3.1 requires."""
    secret = CREDENTIALS["clients"][client_id]["client_secret"] if secret is None else secret
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def soup(page: httpx.Response) -> BeautifulSoup:
    """Return *page* as a tree."""
    return BeautifulSoup(page.text, "html.parser")


def alert(page: httpx.Response) -> str:
    """Return the text of *page* with role="alert", or an empty string."""
    found = soup(page).find(role="alert")
    return found.get_text(strip=True) if found else ""


def redirect_parameters(redirect: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect carries back to the client."""
    assert redirect.status_code == 303, redirect.text
    return dict(parse_qsl(urlsplit(redirect.headers["location"]).query))


@dataclass
class Harness:
    """One server, one browser (the cookies belong to it), and any client."""

    http: httpx.AsyncClient
    clock: Clock = field(default_factory=Clock)

    async def authorize(self, client_id: str = "demo-web", **changes: Any) -> httpx.Response:
        """Open the authorization endpoint as *client_id* would; None leaves a parameter out."""
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        query = {name: value for name, value in parameters.items() if value is not None}
        return await self.http.get(f"{OAUTH}/authorize", params=query)

    async def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Send the form in *page*, filled in with *fields*."""
        form = soup(page).form
        assert isinstance(form, Tag), page.text
        hidden = {str(one["name"]): str(one["value"]) for one in form.select("[type=hidden]")}
        return await self.http.post(str(form["action"]), data=hidden | fields)

    async def sign_in(self, page: httpx.Response, name: str = "ada") -> httpx.Response:
        """Sign in on *page*; return the consent page that follows."""
        password = CREDENTIALS["resource_owners"][name]["password"]
        onward = await self.submit(page, username=name, password=password, action="sign-in")
        assert onward.status_code == 303, onward.text
        return await self.http.get(onward.headers["location"])

    async def consent(self, client_id: str = "demo-web", **changes: Any) -> dict[str, str]:
        """Sign ada in and allow the request; return the parameters of the redirect."""
        page = await self.authorize(client_id, **changes)
        if soup(page).find(id="password"):
            page = await self.sign_in(page)
        return redirect_parameters(await self.submit(page, action="allow"))

    async def post(
        self, name: str, headers: dict[str, str] | None = None, /, **data: Any
    ) -> httpx.Response:
        """Send a form to the OAuth endpoint *name*."""
        return await self.http.post(f"{OAUTH}/{name}", data=data, headers=headers)

    async def redeem(
        self, code: str, client_id: str = "demo-web", **changes: Any
    ) -> httpx.Response:
        """Redeem *code* as *client_id*."""
        data = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        if CREDENTIALS["clients"].get(client_id, {}).get("client_secret"):
            return await self.post("token", basic(client_id), **data | changes)
        return await self.post("token", **data | {"client_id": client_id} | changes)

    async def tokens(self, client_id: str = "demo-web", **changes: Any) -> dict[str, Any]:
        """Complete the code flow; return the token response."""
        code = (await self.consent(client_id, **changes))["code"]
        redirect_uri = changes.get("redirect_uri", "")
        return ok_json(await self.redeem(code, client_id, redirect_uri=redirect_uri))

    async def refresh(
        self, refresh_token: str, client_id: str = "demo-web", **more: str
    ) -> httpx.Response:
        """Use *refresh_token* as *client_id*."""
        return await self.post(
            "token",
            basic(client_id),
            grant_type="refresh_token",
            refresh_token=refresh_token,
            **more,
        )

    async def introspect(self, token: str, client_id: str = "demo-api") -> dict[str, Any]:
        """Introspect *token* as *client_id*."""
        return ok_json(await self.post("introspect", basic(client_id), token=token))

    async def claims(self, access_token: str) -> dict[str, Any]:
        """Verify *access_token* with the published keys; return its claims."""
        keys = KeySet.import_key_set((await self.http.get(f"{OAUTH}/jwks")).json())
        token = jwt.decode(access_token, keys, ["ES256"])
        assert token.header["typ"] == "at+jwt"
        assert token.header["kid"]
        return dict(token.claims)


def ok_json(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON members of a response that must be 200 or 201."""
    assert response.status_code in {200, 201}, response.text
    members: dict[str, Any] = response.json()
    return members


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Return status and error code of a rejection."""
    return response.status_code, response.json()["error"]


@asynccontextmanager
async def open_harness(
    database: Path | None = None, documents: ClientDocuments | None = None, **changes: Any
) -> AsyncIterator[Harness]:
    """Yield a harness with a new server, whose data is in memory or in *database*.

    *documents* finds the clients that have a metadata document; *changes* are settings of the
    server.
    """
    clock, engine = Clock(), open_database(database)
    settings = Settings(ORIGIN, RESOURCE, clock=clock, **changes)
    routes = create_authorization_server(settings, engine, documents)
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Harness(http, clock)
    engine.dispose()
