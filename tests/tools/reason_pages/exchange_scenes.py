"""EXCHANGE_SCENES: tokens that are exchanged for another API, and logout tokens."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import ClientSecretBasic, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.back_channel_logout import BackChannelLogout
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.reasons import Reason
from oauth_guard.starlette import rejection_response
from oauth_guard.token_exchange import TokenExchange
from tests.tools.reason_pages.scene import TOKEN, Prepare, Scene, claims, send_token
from tests.tools.reason_pages.stage import ISSUER, Stage

_STOCK = "https://stock.example.com"
_EVENT: Mapping[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
_ACTIVE = f"""curl -s -u api:secret --data-urlencode token@token.txt {ISSUER}/introspect |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["active"])'"""
_SCOPES = f"""curl -s {ISSUER}/.well-known/oauth-authorization-server |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["scopes_supported"])'"""
_CREDENTIALS = f"{TOKEN} `api` and `secret` are the credentials of the API at the issuer."
_LOGOUT = "`logout.txt` has the logout token, on one line. PyJWT comes with oauth_guard."


def _exchanging(error: str | None, scopes: tuple[str, ...], *, active: bool = True) -> Prepare:
    """Send a token to a route that exchanges it; the token endpoint responds with *error*."""

    def respond(request: httpx.Request) -> httpx.Response:
        if error is not None and b"subject_token" in request.content:
            return httpx.Response(400, json={"error": error})
        return httpx.Response(200, json=_ISSUED)

    def prepare(stage: Stage) -> int:
        local = stage.issuer
        local.metadata |= {
            "token_endpoint": f"{local.issuer}/token",
            "scopes_supported": list(scopes),
        }
        exchange = TokenExchange(
            local.issuer,
            client=ClientSecretBasic("api", "secret"),
            audiences=[_STOCK],
            http=httpx.AsyncClient(transport=httpx.MockTransport(_endpoint(local, respond))),
        )
        stage.application = _application(stage, exchange)
        sent = local.token("orders:read")
        if not active:
            local.revoke(sent)
        return send_token(stage, sent)

    return prepare


_ISSUED = {
    "access_token": "for-stock",
    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "token_type": "Bearer",
    "expires_in": 300,
}


def _endpoint(local: Any, respond: Any) -> Any:
    """Return a handler for the metadata of *local*, and for its token endpoint."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=local.metadata)
        response: httpx.Response = respond(request)
        return response

    return handle


def _application(stage: Stage, exchange: TokenExchange) -> OAuthGuardMiddleware:
    async def order(request: Request) -> JSONResponse:
        await exchange(request, audience=_STOCK, scope="stock:read")
        return JSONResponse([])

    handlers: Any = dict.fromkeys((RequestRejected, IssuerUnavailable), rejection_response)
    app = Starlette(routes=[Route("/orders", order)], exception_handlers=handlers)
    return OAuthGuardMiddleware(app, Guard(stage.api, [JWTIssuer(stage.issuer.issuer)]))


def _logout(*, again: bool) -> Prepare:
    """Send a logout token, and then it *again* or another one."""

    def prepare(stage: Stage) -> int:
        issuer = JWTIssuer(stage.issuer.issuer)
        guard = Guard(stage.api, [issuer], deny_list=DenyList())
        stage.application = Starlette(
            routes=[Route("/orders", BackChannelLogout(guard, issuer, client_id="shop"))],
            middleware=[Middleware(OAuthGuardMiddleware, guard, public=["POST /orders"])],
        )
        first = _logout_token(stage, "l1")
        stage.send([], "POST", data={"logout_token": first})
        second = first if again else _logout_token(stage, "l2")
        stage.write("logout.txt", second)
        return stage.send([], "POST", data={"logout_token": second})

    return prepare


def _logout_token(stage: Stage, jti: str) -> str:
    now = int(stage.issuer.clock())
    members = {"iss": stage.issuer.issuer, "aud": "shop", "iat": now, "exp": now + 120}
    members |= {"jti": jti, "sid": "s1", "events": _EVENT}
    return stage.issuer.keys[0].sign(json.dumps(members).encode(), {"typ": "logout+jwt"})


EXCHANGE_SCENES: Mapping[Reason, Scene] = {
    Reason.EXCHANGE_REFUSED: Scene(
        _ACTIVE,
        _exchanging("invalid_grant", ("stock:read",), active=False),
        _exchanging(None, ("stock:read",)),
        needs=_CREDENTIALS,
    ),
    Reason.EXCHANGE_DENIED: Scene(
        _SCOPES,
        _exchanging("invalid_scope", ("orders:read",)),
        _exchanging(None, ("orders:read", "stock:read")),
        needs="`stock:read` is the scope that the API requests for its caller.",
    ),
    Reason.REPLAYED_LOGOUT: Scene(
        claims('claims["jti"]', "logout.txt"),
        _logout(again=True),
        _logout(again=False),
        needs=_LOGOUT,
    ),
}
"""The scene of each reason that the issuer's other endpoints, or its logout tokens, decide."""
