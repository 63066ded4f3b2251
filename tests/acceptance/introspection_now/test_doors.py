"""What is learnt anew reaches the application by every path; a guard that can not ask says so."""

from typing import Annotated

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from oauth_guard import (
    ANONYMOUS,
    ConfigurationError,
    Identity,
    Requirement,
    current_identity,
)
from oauth_guard.asgi import GUARD, IDENTITY, REQUEST
from oauth_guard.fastapi import requires as fastapi_requires
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import Api, bearer, handler
from tests.builders.introspecting_api import ROUTES, IntrospectingApi


@pytest.mark.parametrize("path", ["/starlette", "/sync", "/fastapi/it"])
async def test_the_application_sees_what_was_learnt(kind: str, path: str) -> None:
    """By each way to the caller, and no longer than this request."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token(scope="read write")
    api.set_introspection(token, scope="read")
    answer = await api.request(token)
    assert answer.body == b'[["read"],["read"],["read"]]'
    assert current_identity() is ANONYMOUS


async def test_what_other_middleware_put_in_place_of_the_user_stays() -> None:
    """It may have its reasons."""

    def renaming(app: ASGIApp) -> ASGIApp:
        async def renamed(connection: Scope, receive: Receive, send: Send) -> None:
            await app({**connection, "user": "root"}, receive, send)

        return renamed

    @requires(introspect=True)
    async def endpoint(request: Request) -> Response:
        assert request.user == "root"
        assert request.auth is request.scope[IDENTITY] is current_identity()
        return Response()

    api = IntrospectingApi(routes=[Mount("/renamed", renaming(Route("/it", endpoint).app))])
    assert (await api.get("/renamed/it", await api.cached_token())).status == 200


@pytest.mark.parametrize(("target", "sent"), [("/sync?access_token={}", b""), ("/sync", b"a")])
async def test_a_token_is_found_again_where_it_was_sent(target: str, sent: bytes) -> None:
    """Also in the query, and in a form that the application reads later."""
    api = IntrospectingApi(bearer_methods=["header", "body", "query"])
    token = await api.cached_token()
    form = (b"content-type", b"application/x-www-form-urlencoded")
    before = api.introspections
    chunks = [f"access_token={token}".encode()] if sent else []
    answer = await api.send("POST", target.format(token), [form] if sent else [], chunks=chunks)
    assert answer.status == 200
    assert api.introspections == before + 1


async def test_a_guard_inside_another_asks_about_what_it_was_sent_itself() -> None:
    """Not about what the outer one read in a form, where somebody between them had it exchanged."""
    inner = IntrospectingApi()
    token = await inner.cached_token()

    async def exchanging(connection: Scope, receive: Receive, send: Send) -> None:
        await inner.application({**connection, "headers": bearer(token)}, receive, send)

    outer = Api(guard={"bearer_methods": ["header", "body"]}, routes=[Mount("/inner", exchanging)])
    form = (b"content-type", b"application/x-www-form-urlencoded")
    before = inner.introspections
    chunks = [f"access_token={outer.token()}".encode()]
    assert (await outer.send("POST", "/inner/sync", [form], chunks=chunks)).status == 200
    assert inner.introspections == before + 1


async def test_the_token_is_in_nothing_that_may_be_shown() -> None:
    """What is needed to ask again lies in the connection, under our key, and is silent."""
    token = ""

    @requires(introspect=True)
    async def endpoint(request: Request) -> Response:
        left = [request.scope.get(key) for key in (GUARD, IDENTITY, REQUEST)]
        assert token not in f"{left!r} {vars(request.state)!r}"
        assert request.scope[IDENTITY].token is None
        return await handler(request)

    api = IntrospectingApi(routes=[Route("/silent", endpoint)])
    token = await api.cached_token()
    assert (await api.get("/silent", token)).status == 200


UNASKED = (
    r"introspect=True needs introspection, which https://as\.example\.com lacks: write JWTIssuer"
)


def test_a_middleware_that_can_not_ask_is_not_built() -> None:
    """Whether its guard can is known at start."""
    with pytest.raises(ConfigurationError, match=UNASKED):
        Api(middleware={"requires": Requirement.of(introspect=True)})


@pytest.mark.parametrize("path", ["/starlette", "/fastapi/it"])
@pytest.mark.parametrize("token", [True, False], ids=["a good token", "no token"])
async def test_a_route_whose_guard_can_not_ask_lets_nobody_pass(path: str, token: bool) -> None:
    """It is told at its first request, whoever comes: a fault of ours, and not open."""
    api = Api(routes=ROUTES, middleware={"required": False})
    with pytest.raises(ConfigurationError, match=UNASKED):
        await api.get(path, api.token() if token else None)


async def test_two_that_ask_both_ask() -> None:
    """Each judges for itself; the second takes over what the first learnt."""
    app = FastAPI(dependencies=[fastapi_requires("read", introspect=True)])

    @app.get("/it")
    async def it(caller: Annotated[Identity, fastapi_requires(introspect=True)]) -> list[str]:
        return sorted(caller.scopes)

    api = IntrospectingApi(routes=[Mount("/twice", app)])
    token = await api.cached_token()
    before = api.introspections
    assert (await api.get("/twice/it", token)).body == b'["read"]'
    assert api.introspections == before + 2
