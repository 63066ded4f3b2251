"""as_identity(): each request of an application has a token of the chosen caller."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.fastapi import Caller
from oauth_guard.testing import (
    LocalIssuer,
    LocalWebSocket,
    as_identity,
    challenge,
    insufficient_scope,
    invalid_token,
    trusting,
)
from tests.unit.testing.applications import REMOTE, RESOURCE, me, remote_guard, shop


def test_application_serves_the_chosen_caller() -> None:
    """Subject and further claims are those of the call."""
    app = as_identity(shop(remote_guard()), subject="u7", tenant="acme")
    assert TestClient(app).get("/me").json() == ["u7", "acme"]


def test_requirement_of_a_route_applies() -> None:
    """The token grants the given scopes, and no others."""
    app = shop(remote_guard())
    assert TestClient(as_identity(app, scopes=["orders:read"])).get("/orders").is_success
    rejected = TestClient(as_identity(app, scopes=["orders:pay"])).get("/orders")
    assert challenge(rejected) == insufficient_scope("orders:read")


def test_guard_is_as_before_after_each_request() -> None:
    """Nothing is left to undo, although the application's lifespan ran."""
    guard = remote_guard()
    parts = dict(vars(guard))
    with TestClient(as_identity(shop(guard))) as client:
        assert client.get("/me").is_success
        assert client.get("/now").is_success
    assert vars(guard) == parts


async def test_concurrent_requests_of_two_callers_are_separate() -> None:
    """The guard is restored after the last of them."""
    guard = remote_guard()
    parts = dict(vars(guard))
    app = shop(guard)

    async def call(subject: str) -> Any:
        transport = httpx.ASGITransport(as_identity(app, subject))
        async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
            return (await client.get("/me")).json()[0]

    assert await asyncio.gather(*map(call, "abc")) == ["a", "b", "c"]
    assert vars(guard) == parts


async def test_handshake_has_the_token_too() -> None:
    """So WebSocket endpoints are tested the same way."""
    async with LocalWebSocket(as_identity(shop(remote_guard()), "u9"), "/feed") as socket:
        assert await socket.receive_json() == "u9"


def test_request_with_its_own_header_is_not_altered() -> None:
    """A test can still send an invalid token."""
    client = TestClient(as_identity(shop(remote_guard())))
    rejected = client.get("/me", headers={"authorization": "Bearer x"})
    assert challenge(rejected) == invalid_token()


def test_issuer_that_the_guard_trusts_already_is_used(oauth_issuer: LocalIssuer) -> None:
    """Its clock and its outages then apply."""
    guard = remote_guard()
    client = TestClient(as_identity(shop(guard)))
    with trusting(guard, oauth_issuer):
        assert client.get("/me").is_success
        oauth_issuer.outage = lambda _: httpx.Response(500)
        oauth_issuer.introspection.responses.clear()
        assert client.get("/now").status_code == 503


def _around(guard: Guard) -> Any:
    return OAuthGuardMiddleware(Starlette(routes=[Route("/me", me)]), guard)


def _positional(guard: Guard) -> Any:
    app = Starlette(routes=[Route("/me", me)])
    app.add_middleware(OAuthGuardMiddleware, guard)
    app.add_middleware(GZipMiddleware)
    return app


def _fastapi(guard: Guard) -> Any:
    app = FastAPI()
    app.add_middleware(OAuthGuardMiddleware, guard=guard)

    @app.get("/me")
    def read(caller: Caller) -> list[str | None]:
        return [caller.subject, None]

    return app


def _mounted(guard: Guard) -> Any:
    return Starlette(routes=[Mount("/", _around(guard))])


def _by_prefix(guard: Guard) -> Any:
    guards = {"/me": guard, "/": Guard(f"{RESOURCE}/all", [JWTIssuer(REMOTE)])}
    return OAuthGuardMiddleware(Starlette(routes=[Route("/me", me), Route("/all", me)]), guards)


@pytest.mark.parametrize("build", [_around, _positional, _fastapi, _mounted, _by_prefix])
def test_guard_of_an_application_is_found(build: Any) -> None:
    """Wherever the middleware is; a second client finds it in the built application too."""
    app = build(remote_guard())
    for _ in range(2):
        assert TestClient(as_identity(app)).get("/me").json() == ["u1", None]
    if build is _by_prefix:
        assert TestClient(as_identity(app)).get("/all").is_success


def test_application_without_a_guard_is_rejected() -> None:
    """The sentence says how a guard is added."""
    with pytest.raises(ConfigurationError, match="takes an application with a guard"):
        TestClient(as_identity(Starlette(routes=[Route("/me", me)]))).get("/me")


def test_guards_of_one_application_trust_the_same_issuer(oauth_issuer: LocalIssuer) -> None:
    """If one of them trusts a local issuer already, the others trust it too."""
    guard = remote_guard()
    client = TestClient(as_identity(_by_prefix(guard)))
    with trusting(guard, oauth_issuer):
        assert client.get("/all").is_success
        assert client.get("/me").is_success


def test_guards_of_different_local_issuers_are_rejected() -> None:
    """One token can't be of two issuers."""
    one, other = remote_guard(), Guard(f"{RESOURCE}/all", [JWTIssuer(REMOTE)])
    app = OAuthGuardMiddleware(Starlette(), {"/": one, "/all": other})
    with (
        trusting(one),
        trusting(other),
        pytest.raises(ConfigurationError, match="guards that trust one issuer"),
    ):
        TestClient(as_identity(app)).get("/all")
