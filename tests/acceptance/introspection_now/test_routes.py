"""introspect=True: the application sees the new identity; a guard must be able to introspect."""

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
async def test_application_sees_the_introspected_identity(kind: str, path: str) -> None:
    """In every place, and for this request only."""
    api = IntrospectingApi(kind, path)
    token = await api.cached_token(scope="read write")
    api.set_introspection(token, scope="read")
    response = await api.request(token)
    assert response.body == b'[["read"],["read"],["read"]]'
    assert current_identity() is ANONYMOUS


async def test_user_replaced_by_other_middleware_is_kept() -> None:
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
async def test_token_in_query_or_form_is_introspected(target: str, sent: bytes) -> None:
    """The application can read the form afterwards."""
    api = IntrospectingApi(bearer_methods=["header", "body", "query"])
    token = await api.cached_token()
    form = (b"content-type", b"application/x-www-form-urlencoded")
    before = api.introspections
    chunks = [f"access_token={token}".encode()] if sent else []
    response = await api.send("POST", target.format(token), [form] if sent else [], chunks=chunks)
    assert response.status == 200
    assert api.introspections == before + 1


async def test_inner_guard_introspects_the_token_that_it_has_read() -> None:
    """Not the one of the outer guard, if middleware in between has exchanged the header."""
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


async def test_token_is_in_no_repr_of_the_connection() -> None:
    """What introspection needs is under our own key, and its `repr` shows no value."""
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


CANNOT_INTROSPECT = (
    r"introspect=True needs introspection, which https://as\.example\.com lacks: write JWTIssuer"
)


def test_middleware_whose_guard_can_not_introspect_is_not_built() -> None:
    """It is known when the application starts."""
    with pytest.raises(ConfigurationError, match=CANNOT_INTROSPECT):
        Api(middleware={"requires": Requirement.of(introspect=True)})


@pytest.mark.parametrize("path", ["/starlette", "/fastapi/it"])
@pytest.mark.parametrize("token", [True, False], ids=["a good token", "no token"])
async def test_route_whose_guard_can_not_introspect_raises_a_configuration_error(
    path: str, token: bool
) -> None:
    """For each request, with or without a token."""
    api = Api(routes=ROUTES, middleware={"required": False})
    with pytest.raises(ConfigurationError, match=CANNOT_INTROSPECT):
        await api.get(path, api.token() if token else None)


async def test_two_introspecting_requirements_both_introspect() -> None:
    """The second one sees the identity of the first."""
    app = FastAPI(dependencies=[fastapi_requires("read", introspect=True)])

    @app.get("/it")
    async def it(caller: Annotated[Identity, fastapi_requires(introspect=True)]) -> list[str]:
        return sorted(caller.scopes)

    api = IntrospectingApi(routes=[Mount("/twice", app)])
    token = await api.cached_token()
    before = api.introspections
    assert (await api.get("/twice/it", token)).body == b'["read"]'
    assert api.introspections == before + 2
