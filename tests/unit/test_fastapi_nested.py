"""The challenge of a FastAPI route names the scopes of all its dependencies together."""

import pytest
from fastapi import APIRouter, FastAPI, Security
from starlette.routing import Mount
from starlette.websockets import WebSocket

from oauth_guard import scope
from oauth_guard.fastapi import Caller, requires
from tests.acceptance.standards.api import Api, bearer


async def _endpoint() -> None: ...


async def _employee(caller: Caller) -> None: ...


def _nested_app(*, optional: bool = False) -> FastAPI:
    """Return an application whose router requires `read` and whose routes require more."""
    app, outer, router = FastAPI(), APIRouter(), APIRouter(dependencies=[requires("read")])

    @router.get("/write", dependencies=[requires("write", optional=optional)])
    @router.get("/either", dependencies=[requires(scope("write") | scope("admin"))])
    @router.get("/roles", dependencies=[requires(roles=["ops"])])
    @router.get("/employee", dependencies=[Security(_employee, scopes=["staff"])])
    async def endpoint() -> None: ...

    @router.websocket("/feed", dependencies=[requires("write")])
    async def feed(websocket: WebSocket) -> None: ...

    outer.include_router(router)
    app.include_router(outer, prefix="/v1")
    return app


@pytest.mark.parametrize(
    ("path", "granted", "named"),
    [
        ("/v1/write", "", "read write"),
        ("/v1/write", "read", "read write"),
        ("/v1/write", "write", "read write"),
        ("/v1/either", "admin", "read write"),
        ("/v1/either", "read", "read write"),
        ("/v1/roles", "", "read"),
        ("/v1/employee", "read", "read staff"),
    ],
)
async def test_challenge_names_the_scopes_of_router_and_route_together(
    path: str, granted: str, named: str
) -> None:
    """RFC 6750 section 3: the scope that is necessary to access the resource."""
    api = Api(app=_nested_app())
    response = await api.get(path, api.token(scope=granted))
    assert response.status == 403
    assert [parameters["scope"] for _, parameters in response.challenges] == [named]


async def test_challenge_without_a_role_names_no_scope() -> None:
    """No scope would help a caller who has them all."""
    api = Api(app=_nested_app())
    (challenge,) = (await api.get("/v1/roles", api.token(scope="read"))).challenges
    assert "scope" not in challenge[1]


async def test_challenge_of_a_handshake_names_the_scopes_of_router_and_route_together() -> None:
    """As over HTTP."""
    api = Api(app=_nested_app())
    response = await api.connect("/v1/feed", bearer(api.token(scope="read")), denial=True)
    assert [parameters["scope"] for _, parameters in response.challenges] == ["read write"]


async def test_challenge_for_a_missing_token_names_the_scopes_of_required_dependencies() -> None:
    """An optional one requires nothing of a caller without a token."""
    for optional, named in ((False, "read write"), (True, "read")):
        api = Api(app=_nested_app(optional=optional), middleware={"required": False})
        response = await api.get("/v1/write")
        assert response.status == 401
        assert [parameters["scope"] for _, parameters in response.challenges] == [named]


async def test_replaced_dependency_is_not_checked_by_those_beside_it() -> None:
    """The others name its scope in a challenge, and do not require it."""
    app = _nested_app()
    app.dependency_overrides[requires("write").dependency] = lambda: None
    api = Api(app=app)
    assert (await api.get("/v1/write", api.token(scope="read"))).status == 200
    assert (await api.get("/v1/write", api.token(scope="write"))).status == 403


async def test_scopes_of_the_route_are_known_without_routers_of_fastapi() -> None:
    """A route of FastAPI inside an application of another kind names its own dependencies."""
    inner = FastAPI(dependencies=[requires("read")])
    inner.get("/write", dependencies=[requires("write")])(_endpoint)
    api = Api(routes=[Mount("/", inner)])
    response = await api.get("/write", api.token(scope="read"))
    assert [parameters["scope"] for _, parameters in response.challenges] == ["read write"]


async def test_challenge_names_the_scope_that_the_inclusion_of_a_router_requires() -> None:
    """The router itself does not know of it."""
    app, router = FastAPI(), APIRouter()
    router.get("/write", dependencies=[requires("write")])(_endpoint)
    app.include_router(router, dependencies=[requires("read")])
    response = await (api := Api(app=app)).get("/write", api.token(scope=""))
    assert [parameters["scope"] for _, parameters in response.challenges] == ["read write"]
