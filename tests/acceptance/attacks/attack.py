"""What an attack is: what is sent to which API, what comes back, and why it was refused."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.routing import Route, WebSocketRoute

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import Reason
from oauth_guard.starlette import requires
from oauth_guard.testing import SigningKey
from tests.acceptance.attacks.forgery import Sign, by_k1, forge, mallory
from tests.acceptance.standards.answer import Answer
from tests.acceptance.standards.api import ISSUER, NOW, RESOURCE, Api, handler, signing_keys, socket

PARTNER = "https://partner.example.com"
SECRET = bytes(range(32))


@dataclass(frozen=True)
class Attack:
    """What is sent to which API, and what must come of it.

    Attributes:
        send: Carries the attack out.
        outcome: As section 3 of the conformance matrix names it.
        reason: What the operator is told.
        api: Builds what is attacked.
    """

    send: Callable[[Api], Awaitable[Answer]]
    outcome: str
    reason: Reason
    api: Callable[[], Api] = Api


def policed() -> Api:
    """Build the API with routes that ask for roles and for users."""
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
    """Present a forged token where any good one will do; *then* may mangle it."""

    async def send(api: Api) -> Answer:
        forged = forge(api, header=header, claims=claims, without=without, edit=edit, sign=sign)
        return await api.get(token=then(forged))

    return Attack(send, outcome, reason, api)


def granted(outcome: str, reason: Reason, target: str = "/w", **claims: Any) -> Attack:
    """Present a genuine token, with these claims, where it is not enough."""

    async def send(api: Api) -> Answer:
        return await api.post(target, forge(api, claims=claims))

    return Attack(send, outcome, reason, policed)


def outage(
    reason: Reason,
    *,
    answer: Callable[[httpx.Request], httpx.Response] | None = None,
    metadata: Mapping[str, Any] | None = None,
    api: Callable[[], Api] = Api,
) -> Attack:
    """Present a genuine token while its issuer can't be believed."""

    async def send(api: Api) -> Answer:
        api.authority.outage = answer
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
    """Send any request; `{T}` anywhere in it is a genuine token, `{A}` one for `/a`."""

    async def send(api: Api) -> Answer:
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
    api: Callable[[], Api] = policed,
) -> Attack:
    """Open a WebSocket; `{T}` stands for a genuine token."""

    async def send(api: Api) -> Answer:
        value = (authorization or "").replace("{T}", api.token()).encode()
        return await api.connect(target, [(b"authorization", value)] if authorization else [])

    return Attack(send, outcome, reason, api)


def older_issuer() -> Api:
    """Build the API with an issuer that knows no type of its own for access tokens."""
    return Api(issuer={"types": ["JWT"]})


def any_method() -> Api:
    """Build the API for tokens in header, form and query, and an application for every path."""
    return Api(app=_answers_everything, guard={"bearer_methods": ["header", "body", "query"]})


def tls_alone() -> Api:
    """Build the same for requests over TLS alone."""
    methods = ["header", "body", "query"]
    return Api(app=_answers_everything, guard={"bearer_methods": methods, "require_https": True})


def sharing_a_secret() -> Api:
    """Build the API with an issuer that shares a secret and publishes no key."""
    return Api(issuer={"secret": SECRET, "algorithms": ["HS256"]})


def token_optional() -> Api:
    """Build the API for callers with and without a token."""
    return Api(middleware={"required": False})


async def _answers_everything(_connection: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"secret"})


def partly_public() -> Api:
    """Build the API with public paths, and an application that answers everything."""
    return Api(
        app=_answers_everything, middleware={"public": ["/health", "/static/*", "WEBSOCKET /live"]}
    )


def two_resources() -> Api:
    """Build an application that holds three resources, and answers everything."""
    guards = {
        prefix: Guard(RESOURCE + name, [_fixed(ISSUER, *signing_keys())], clock=lambda: NOW)
        for prefix, name in (("/a", "/a"), ("/b", "/b"), ("/", ""))
    }
    return Api(app=_answers_everything, middleware={"guard": guards})


def two_issuers() -> Api:
    """Build the API with two issuers, whose keys have one name."""
    issuers = [_fixed(ISSUER, *signing_keys()), _fixed(PARTNER, mallory())]
    return Api(guard={"issuers": issuers})


def _fixed(issuer: str, *keys: SigningKey) -> JWTIssuer:
    return JWTIssuer(issuer, keys={"keys": [key.jwk for key in keys]}, leeway=0)
