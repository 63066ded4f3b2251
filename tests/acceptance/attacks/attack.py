"""The definition of an attack: the request, the API, the outcome and the logged reason."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.routing import Route, WebSocketRoute

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import Reason
from oauth_guard.starlette import requires
from oauth_guard.testing import SigningKey
from tests.acceptance.attacks.forgery import Sign, attacker_key, by_k1, forge
from tests.acceptance.standards.api import ISSUER, NOW, RESOURCE, Api, handler, signing_keys, socket
from tests.acceptance.standards.recorded_response import RecordedResponse

PARTNER = "https://partner.example.com"
SECRET = bytes(range(32))


@dataclass(frozen=True)
class Attack:
    """A request to an API, and what must happen.

    Attributes:
        send: Carries out the attack.
        outcome: The outcome, named as in section 3 of the conformance matrix.
        reason: The reason in the operator's log.
        api: Builds the API under attack.
    """

    send: Callable[[Api], Awaitable[RecordedResponse]]
    outcome: str
    reason: Reason
    api: Callable[[], Api] = Api


def with_policies() -> Api:
    """Build the API with routes that require roles, a user, or a scope."""
    return Api(
        routes=[
            Route("/ops", requires(roles=["ops"])(handler), methods=["POST"]),
            Route("/users", requires(users_only=True)(handler), methods=["POST"]),
            WebSocketRoute("/feed", requires("write")(socket)),
        ]
    )


def token(
    reason: Reason,
    *,
    outcome: str = "401 invalid_token",
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
    edit: tuple[str, str] = ("", ""),
    sign: Sign = by_k1,
    then: Callable[[str], str] = str,
    api: Callable[[], Api] = Api,
) -> Attack:
    """Send a forged token to a route that accepts any valid one; *then* may alter it."""

    async def send(api: Api) -> RecordedResponse:
        forged = forge(api, header=header, claims=claims, without=without, edit=edit, sign=sign)
        return await api.get(token=then(forged))

    return Attack(send, outcome, reason, api)


def insufficient(outcome: str, reason: Reason, target: str = "/w", **claims: Any) -> Attack:
    """Send a valid token with these claims to a route that requires more."""

    async def send(api: Api) -> RecordedResponse:
        return await api.post(target, forge(api, claims=claims))

    return Attack(send, outcome, reason, with_policies)


def outage(
    reason: Reason,
    *,
    response: Callable[[httpx.Request], httpx.Response] | None = None,
    metadata: Mapping[str, Any] | None = None,
    api: Callable[[], Api] = Api,
) -> Attack:
    """Send a valid token while the issuer's documents are unavailable or wrong."""

    async def send(api: Api) -> RecordedResponse:
        api.authority.outage = response
        api.authority.metadata.update(metadata or {})
        return await api.get(token=forge(api))

    return Attack(send, "503", reason, api)


def request(
    outcome: str,
    reason: Reason,
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    method: str = "GET",
    target: str = "/r",
    chunks: Sequence[bytes] = (),
    api: Callable[[], Api] = Api,
    **changes: Any,
) -> Attack:
    """Send any request; `{T}` in it becomes a valid token, `{A}` one for `/a`."""

    async def send(api: Api) -> RecordedResponse:
        tokens = (forge(api), forge(api, claims={"aud": f"{RESOURCE}/a"}))

        def filled(text: bytes) -> bytes:
            return text.replace(b"{T}", tokens[0].encode()).replace(b"{A}", tokens[1].encode())

        return await api.send(
            method,
            filled(target.encode()).decode(),
            [(name, filled(value)) for name, value in headers],
            chunks=[filled(chunk) for chunk in chunks],
            **changes,
        )

    return Attack(send, outcome, reason, api)


def handshake(
    outcome: str,
    reason: Reason,
    *,
    target: str = "/feed",
    authorization: str | None = None,
    api: Callable[[], Api] = with_policies,
) -> Attack:
    """Open a WebSocket; `{T}` becomes a valid token."""

    async def send(api: Api) -> RecordedResponse:
        value = (authorization or "").replace("{T}", api.token()).encode()
        return await api.connect(target, [(b"authorization", value)] if authorization else [])

    return Attack(send, outcome, reason, api)


def older_issuer() -> Api:
    """Build the API with an issuer whose access tokens have `typ` JWT."""
    return Api(issuer={"types": ["JWT"]})


def any_method() -> Api:
    """Build the API with every bearer method, and an application that serves every path."""
    return Api(app=_respond_to_everything, guard={"bearer_methods": ["header", "body", "query"]})


def tls_only() -> Api:
    """Build the same API with TLS required."""
    methods = ["header", "body", "query"]
    return Api(app=_respond_to_everything, guard={"bearer_methods": methods, "require_https": True})


def with_shared_secret() -> Api:
    """Build the API with an issuer that has a shared secret and publishes no key."""
    return Api(issuer={"secret": SECRET, "algorithms": ["HS256"]})


def token_optional() -> Api:
    """Build the API for callers with and without a token."""
    return Api(middleware={"required": False})


async def _respond_to_everything(_connection: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"secret"})


def partly_public() -> Api:
    """Build the API with public paths, and an application that serves every path."""
    return Api(
        app=_respond_to_everything,
        middleware={"public": ["/health", "/static/*", "WEBSOCKET /live"]},
    )


def two_resources() -> Api:
    """Build an application with three resources that serves every path."""
    guards = {
        prefix: Guard(RESOURCE + name, [_fixed(ISSUER, *signing_keys())], clock=lambda: NOW)
        for prefix, name in (("/a", "/a"), ("/b", "/b"), ("/", ""))
    }
    return Api(app=_respond_to_everything, middleware={"guard": guards})


def two_issuers() -> Api:
    """Build the API with two issuers whose keys have the same `kid`."""
    issuers = [_fixed(ISSUER, *signing_keys()), _fixed(PARTNER, attacker_key())]
    return Api(guard={"issuers": issuers})


def _fixed(issuer: str, *keys: SigningKey) -> JWTIssuer:
    return JWTIssuer(issuer, keys={"keys": [key.jwk for key in keys]}, leeway=0)
