"""ExchangingApi: a guarded API that exchanges its callers' tokens at a scripted token endpoint."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import (
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.status_lists import StatusLists
from oauth_guard.starlette import rejection_response
from oauth_guard.testing import LocalIssuer, SigningKey
from oauth_guard.token_exchange import TokenExchange
from tests.builders.clock import FakeClock

ISSUER, STOCK = "https://issuer.test", "https://stock.test"
KEY = SigningKey("k1")


class ExchangingApi:
    """An API whose route `/` exchanges the caller's token for one of the stock API.

    Args:
        required: Whether a token is required.
        guard: Options of `Guard`.
        settings: Options of `TokenExchange`.

    Attributes:
        clock: The time.
        local: The issuer of the callers' tokens.
        forms: The forms that the token endpoint has received.
        requests: The requests that it has received.
        respond: Returns the response of the token endpoint.
        statuses: Returns the response to a request for a status list.
        guard: The guard.
        exchange: The token exchange under test.
        app: The guarded application.
        scope: The scope that the route requests.
    """

    def __init__(
        self, *, required: bool = True, guard: Mapping[str, Any] | None = None, **settings: Any
    ) -> None:
        self.clock = FakeClock()
        self.local = LocalIssuer(ISSUER, key=KEY, clock=self.clock)
        self.forms: list[dict[str, str]] = []
        self.requests: list[httpx.Request] = []
        self.respond: Callable[[httpx.Request], httpx.Response] = lambda _: success()
        issuer = JWTIssuer(ISSUER, http=self.local.http, clock=self.clock, leeway=0)
        deny_list = DenyList(clock=self.clock)
        self.statuses: Callable[[str], httpx.Response] = lambda _: httpx.Response(404)
        lists = StatusLists(
            issuer,
            http=httpx.AsyncClient(
                transport=httpx.MockTransport(lambda request: self.statuses(str(request.url)))
            ),
            clock=self.clock,
            monotonic=self.clock,
        )
        options: dict[str, Any] = {"deny_list": deny_list, "status_lists": lists}
        options["clock"] = self.clock
        issuers: list[Issuer] = [issuer, self._opaque()]
        self.guard = Guard("https://api.test", issuers, **{**options, **(guard or {})})
        options = {
            "client": ClientSecretBasic("api", "secret"),
            "audiences": [STOCK],
            "http": httpx.AsyncClient(transport=httpx.MockTransport(self._respond)),
            "clock": self.clock,
            "monotonic": self.clock,
            **settings,
        }
        self.exchange = TokenExchange(ISSUER, **options)
        self.scope: Any = "stock:read"
        handlers: Any = dict.fromkeys((RequestRejected, IssuerUnavailable), rejection_response)
        inner = Starlette(routes=[Route("/", self._route)], exception_handlers=handlers)
        self.app = OAuthGuardMiddleware(inner, self.guard, required=required)

    def _opaque(self) -> IntrospectionIssuer:
        return IntrospectionIssuer(
            ISSUER,
            client=ClientSecretBasic("api", "secret"),
            http=self.local.http,
            clock=self.clock,
            monotonic=self.clock,
        )

    async def get(self, token: str | None) -> httpx.Response:
        """Send one request with *token*."""
        transport = httpx.ASGITransport(self.app)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as client:
            return await client.get("/", headers=headers)

    async def _route(self, request: Request) -> JSONResponse:
        token = await self.exchange(request, audience=STOCK, scope=self.scope)
        fields = token.headers("GET", f"{STOCK}/items?page=2")
        return JSONResponse({"fields": fields, "scopes": sorted(token.scopes)})

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            metadata = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
            return httpx.Response(200, json=metadata)
        form = dict(parse_qsl(request.content.decode()))
        text = form["subject_token"]
        if text.count(".") == 2 or text in self.local.introspection.responses:  # else the canary
            self.requests.append(request)
            self.forms.append(form)
        return self.respond(request)


def success(**changes: Any) -> httpx.Response:
    """Return a successful response with *changes*; a member of None is removed."""
    members = {
        "access_token": "for-stock",
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 300,
        **changes,
    }
    present = {name: value for name, value in members.items() if value is not None}
    return httpx.Response(200, content=json.dumps(present).encode())


def failure(code: object, status: int = 400, nonce: str | None = None) -> httpx.Response:
    """Return an error response, with a DPoP nonce if there is one."""
    headers = {} if nonce is None else {"DPoP-Nonce": nonce}
    return httpx.Response(status, json={"error": code}, headers=headers)
