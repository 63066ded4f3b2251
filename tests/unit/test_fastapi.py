"""requires() and Caller admit callers to FastAPI routes, and OpenAPI shows the requirement."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import pytest
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request, Security
from fastapi.security import HTTPBasic
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from oauth_guard import ConfigurationError, Identity, scope
from oauth_guard.fastapi import Caller, document, requires
from oauth_guard.starlette import requires as starlette_requires
from tests.acceptance.standards.api import Api, bearer, handler, record_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse, body, http, run

READ_OR_ADMIN = scope("read") | scope("admin")


def _app() -> FastAPI:
    """Return an application with a route of each form."""
    app = FastAPI()

    @app.get("/me")
    async def me(request: Request, caller: Caller) -> dict[str, str | None]:
        assert record_identity(request) is caller
        return {"subject": caller.subject}

    @app.get("/notes")
    def notes(request: Request, _: Annotated[Identity, requires("read", "admin")]) -> None:
        record_identity(request)

    @app.post("/notes", dependencies=[requires("write")])
    @app.get("/either", dependencies=[requires(READ_OR_ADMIN, "write")])
    @app.get("/policy", dependencies=[requires("read", roles=["ops"], users_only=True)])
    async def endpoint(request: Request) -> None:
        record_identity(request)

    @app.get("/open")
    async def public() -> None: ...

    @app.websocket("/feed")
    async def feed(websocket: WebSocket, _: Annotated[Identity, requires("write")]) -> None:
        record_identity(websocket)
        await websocket.accept()
        await websocket.close()

    return app


@pytest.fixture
def api() -> Api:
    """Return that application behind the guard of the conformance matrix."""
    return Api(routes=[Mount("/", _app())])


@pytest.mark.parametrize(
    ("method", "path", "granted", "outcome"),
    [
        ("GET", "/me", "", "200"),
        ("POST", "/notes", "write", "200"),
        ("POST", "/notes", "read", "403 insufficient_scope"),
        ("GET", "/notes", "admin read", "200"),
        ("GET", "/notes", "read", "403 insufficient_scope"),
        ("GET", "/either", "admin write", "200"),
        ("GET", "/either", "read write", "200"),
        ("GET", "/either", "write", "403 insufficient_scope"),
        ("GET", "/policy", "read", "403 insufficient_scope"),
    ],
)
async def test_fastapi_route_admits_only_callers_who_satisfy_the_requirement(
    api: Api, method: str, path: str, granted: str, outcome: str
) -> None:
    """A dependency of the route and one among its parameters require the same."""
    expect(await api.send(method, path, bearer(api.token(scope=granted))), outcome)
    expect(await api.send(method, path), "401 none")


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"roles": ["ops"]}, "200"),
        ({"roles": ["dev"]}, "403 insufficient_scope"),
        ({"roles": ["ops"], "sub": "c1"}, "403 insufficient_scope"),
    ],
    ids=str,
)
async def test_fastapi_route_requires_roles_and_users(
    api: Api, claims: dict[str, Any], outcome: str
) -> None:
    """With the same settings as a Starlette route."""
    expect(await api.get("/policy", api.token(**claims)), outcome)


async def test_caller_parameter_receives_the_identity(api: Api) -> None:
    """The identity that the token asserts."""
    assert json.loads((await api.get("/me", api.token())).body) == {"subject": "u1"}


@pytest.mark.parametrize("denial", [True, False])
@pytest.mark.parametrize("granted", ["write", "read"])
async def test_fastapi_websocket_admits_only_callers_who_satisfy_the_requirement(
    api: Api, granted: str, denial: bool
) -> None:
    """The same dependency guards a handshake."""
    response = await api.connect("/feed", bearer(api.token(scope=granted)), denial=denial)
    if granted == "write":
        assert response.messages[0]["type"] == "websocket.accept"
    elif denial:
        expect(response, "403 insufficient_scope")
    else:
        (message,) = response.messages
        assert (message["type"], message["code"]) == ("websocket.close", 1008)


TOKENS: Mapping[str, Mapping[str, Any] | None] = {
    "no token": None,
    "too little scope": {"scope": "write"},
    "missing role": {"scope": "read admin"},
    "a client": {"scope": "read admin", "roles": ["ops"], "sub": "c1"},
}
REQUIRED: Mapping[str, Any] = {"roles": ["ops"], "users_only": True}


def _rejection(response: RecordedResponse) -> tuple[int, Sequence[str], Sequence[str]]:
    return response.status, response.lines("www-authenticate"), response.lines("cache-control")


@pytest.mark.parametrize("claims", TOKENS.values(), ids=TOKENS)
async def test_rejections_of_starlette_and_fastapi_routes_are_equal(
    claims: Mapping[str, Any] | None,
) -> None:
    """Both have the same status and challenge, byte for byte."""
    app = FastAPI(
        routes=[Route("/starlette", starlette_requires("read", "admin", **REQUIRED)(handler))]
    )

    @app.get("/fastapi", dependencies=[requires("read", "admin", **REQUIRED)])
    async def endpoint() -> None: ...

    api = Api(app=app, middleware={"required": False})
    token = None if claims is None else api.token(**claims)
    by_starlette = _rejection(await api.get("/starlette", token))
    assert by_starlette[0] in {401, 403}
    assert _rejection(await api.get("/fastapi", token)) == by_starlette


@pytest.mark.parametrize("token", [True, False], ids=["too little scope", "no token"])
async def test_rejections_of_a_route_and_of_the_middleware_are_equal(token: bool) -> None:
    """Both have the same status and challenge, byte for byte."""
    app = FastAPI()

    @app.get("/it", dependencies=[requires("write", READ_OR_ADMIN)])
    async def endpoint() -> None: ...

    requirement = scope("write") & READ_OR_ADMIN
    route, middleware = (
        Api(app=app, middleware={"required": False}),
        Api(app=app, middleware={"requires": requirement}),
    )
    presented = route.token() if token else None
    found = _rejection(await route.get("/it", presented))
    assert found == _rejection(await middleware.get("/it", presented))
    assert 'scope="write read"' in found[1][0]


async def test_dependency_runs_without_a_thread(api: Api) -> None:
    """An async dependency is called on the event loop, even if no thread is free."""
    limiter = to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    limiter.acquire_on_behalf_of_nowait("somebody else")
    async with asyncio.timeout(5):
        expect(await api.get("/me", api.token()), "200")
        expect(await api.get("/notes", api.token()), "403 insufficient_scope")


async def test_route_without_middleware_raises_a_configuration_error() -> None:
    """It is our fault, and the route is not open."""
    with pytest.raises(ConfigurationError, match="put OAuthGuardMiddleware around"):
        await run(_app(), http("GET", "/me"), body())


def _below(dependency: Any, *scopes: str) -> FastAPI:
    app = FastAPI()

    async def employee(caller: Annotated[Identity, dependency]) -> str | None:
        return caller.subject

    @app.get("/it", dependencies=[Security(employee, scopes=scopes)])
    async def endpoint() -> None: ...

    return app


@pytest.mark.parametrize(
    ("required", "granted", "status", "named"),
    [
        (requires(), "write", 200, None),
        (requires(), "", 403, "write"),
        (requires("read"), "read write", 200, None),
        (requires("read"), "read", 403, "read write"),
        (requires("read"), "write", 403, "read write"),
        (requires(READ_OR_ADMIN), "admin write", 200, None),
        (requires(READ_OR_ADMIN), "admin", 403, "read write"),
        (requires("write"), "write", 200, None),
        (requires("write"), "read", 403, "write"),
        (requires(scope("write") | scope("admin")), "write", 200, None),
        (requires(scope("write") | scope("admin")), "admin", 403, "write"),
    ],
)
async def test_scopes_of_an_enclosing_security_are_required_too(
    required: Any, granted: str, status: int, named: str | None
) -> None:
    """FastAPI's `Security(..., scopes=[...])` adds to the scopes of the dependencies below it."""
    app = _below(required, "write")
    api = Api(app=app)
    response = await api.get("/it", api.token(scope=granted))
    assert response.status == status
    assert [parameters["scope"] for _, parameters in response.challenges] == (
        [named] if named else []
    )
    assert "write" in app.openapi()["paths"]["/it"]["get"]["security"][0]["OAuth2"]


async def test_one_requirement_in_two_places_is_checked_in_each() -> None:
    """FastAPI must not reuse the result of one for the other."""
    either = requires(scope("write") | scope("admin"))
    app = _below(either, "write")
    outer = FastAPI(dependencies=[either])
    outer.include_router(app.router)
    api = Api(app=outer)
    assert (await api.get("/it", api.token(scope="admin"))).status == 403
    assert (await api.get("/it", api.token(scope="write"))).status == 200


@pytest.mark.parametrize(("roles", "status"), [(["ops"], 200), ([], 403)], ids=str)
async def test_enclosing_security_keeps_requirements_besides_scopes(
    roles: list[str], status: int
) -> None:
    """Roles are still required."""
    api = Api(app=_below(requires("read", roles=["ops"]), "write"))
    response = await api.get("/it", api.token(scope="read write", roles=roles))
    assert response.status == status


@pytest.mark.parametrize(
    ("method", "path", "security"),
    [
        ("get", "/me", [{"OAuth2": []}]),
        ("post", "/notes", [{"OAuth2": ["write"]}]),
        ("get", "/notes", [{"OAuth2": ["read", "admin"]}]),
        ("get", "/either", [{"OAuth2": ["read", "write"]}]),
        ("get", "/policy", [{"OAuth2": ["read"]}]),
        ("get", "/open", None),
    ],
)
def test_openapi_lists_the_scopes_of_a_route(method: str, path: str, security: object) -> None:
    """Of alternatives the first; a route without a requirement lists none."""
    operation = _app().openapi()["paths"][path][method]
    assert operation.get("security") == security
    assert "parameters" not in operation


def test_openapi_lists_scopes_of_router_and_route_together() -> None:
    """All of them are required."""
    app, router = FastAPI(), APIRouter(dependencies=[requires("read")])

    @router.get("/it", dependencies=[requires("write")])
    async def endpoint(_: Caller) -> None: ...

    app.include_router(router)
    assert app.openapi()["paths"]["/it"]["get"]["security"] == [{"OAuth2": ["read", "write"]}]


def test_openapi_without_document_requires_a_bearer_token() -> None:
    """Without document(), nothing is known about authorization and token endpoints."""
    schemes = _app().openapi()["components"]["securitySchemes"]
    assert schemes == {"OAuth2": {"type": "http", "scheme": "bearer"}}


FLOW = {
    "authorization_url": "https://as.example.com/authorize",
    "token_url": "https://as.example.com/token",
}


async def test_document_adds_the_authorization_code_flow_to_openapi() -> None:
    """With its endpoints and scopes, so that the docs page can obtain a token."""
    app = _app()
    document(app, **FLOW, scopes={"read": "Read your notes."})
    api = Api(app=app, middleware={"public": ["/openapi.json"]})
    expect(response := await api.get("/openapi.json"), "200 anonymous")
    served = json.loads(response.body)
    assert served["components"]["securitySchemes"] == {
        "OAuth2": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": "https://as.example.com/authorize",
                    "tokenUrl": "https://as.example.com/token",
                    "scopes": {"read": "Read your notes."},
                }
            },
        }
    }
    assert served["paths"]["/me"]["get"]["security"] == [{"OAuth2": []}]


def test_document_adds_nothing_to_an_application_without_requirements() -> None:
    """Other security schemes stay as they are."""
    app = FastAPI()

    @app.get("/it", dependencies=[Security(HTTPBasic())])
    async def endpoint() -> None: ...

    document(app, **FLOW, scopes={})
    assert list(app.openapi()["components"]["securitySchemes"]) == ["HTTPBasic"]


def test_document_changes_its_own_application_only() -> None:
    """Routes of several applications share one scheme object."""
    document(_app(), **FLOW, scopes={})
    assert _app().openapi()["components"]["securitySchemes"]["OAuth2"]["type"] == "http"


async def _endpoint(request: Request) -> None: ...


def _annotated(caller: requires("read")) -> None: ...  # type: ignore[valid-type]


MISUSES: dict[str, Callable[[FastAPI], object]] = {
    "a decorator": lambda app: requires("read")(app.get("/a")(_endpoint)),
    "a decorator below the route": lambda app: app.get("/a")(requires("read")(_endpoint)),
    "a decorator without parentheses": lambda _: requires(_endpoint),  # type: ignore[arg-type]
    "in a list without parentheses": lambda app: app.get("/a", dependencies=[requires]),  # type: ignore[list-item]
    "no list, without parentheses": lambda app: app.get("/a", dependencies=requires),  # type: ignore[arg-type]
    "of a router, without parentheses": lambda _: APIRouter(dependencies=[requires]).get("/a"),  # type: ignore[list-item]
    "in Depends, without parentheses": lambda app: app.get("/a", dependencies=[Depends(requires)]),
    "in Security, without parentheses": lambda app: app.get(
        "/a", dependencies=[Security(requires, scopes=["read"])]
    ),
    "in Annotated, without parentheses": lambda app: app.get("/a")(_bare_annotated),
    "a default without parentheses": lambda app: app.get("/a")(_bare_default),
    "a default in Depends, without parentheses": lambda app: app.get("/a")(_bare_in_depends),
    "an annotation without parentheses": lambda app: app.get("/a")(_bare_annotation),
    "of Starlette in a list": lambda app: app.get("/a", dependencies=[starlette_requires("read")]),  # type: ignore[list-item]
    "of Starlette in a list, without parentheses": lambda app: app.get(
        "/a",
        dependencies=[starlette_requires],  # type: ignore[list-item]
    ),
    "of Starlette in Depends, without parentheses": lambda app: app.get(
        "/a", dependencies=[Depends(starlette_requires)]
    ),
    "of Starlette as an annotation": lambda app: app.get("/a")(_starlette_annotation),
    "in Depends": lambda app: app.get("/a", dependencies=[Depends(requires("read"))]),
    "of Starlette in Depends": lambda app: app.get(
        "/a", dependencies=[Depends(starlette_requires("read"))]
    ),
    "in Security": lambda app: app.get("/a", dependencies=[Security(requires("read"))]),
    "in Annotated and Depends": lambda app: app.get("/a")(_nested),
    "a default in Depends": lambda app: app.get("/a")(_default),
    "no list": lambda app: app.get("/a", dependencies=requires("read")),
    "of a router, no list": lambda _: APIRouter(dependencies=requires("read")),
    "an annotation": lambda app: app.get("/a")(_annotated),
    "an annotation of a WebSocket": lambda app: app.websocket("/a")(_annotated),
}


def _nested(caller: Annotated[Identity, Depends(requires("read"))]) -> None: ...


def _default(caller: Any = Depends(requires("read"))) -> None: ...  # noqa: B008


def _bare_annotated(caller: Annotated[Identity, requires]) -> None: ...


def _bare_default(caller: Any = requires) -> None: ...


def _bare_in_depends(caller: Any = Depends(requires)) -> None: ...  # noqa: B008


def _bare_annotation(caller: requires) -> None: ...  # type: ignore[valid-type]


def _starlette_annotation(caller: starlette_requires("read")) -> None: ...  # type: ignore[valid-type]


@pytest.mark.parametrize("misuse", MISUSES.values(), ids=MISUSES)
def test_requires_in_a_wrong_place_says_what_to_write(
    misuse: Callable[[FastAPI], object],
) -> None:
    """When the route is defined."""
    with pytest.raises(ConfigurationError, match=r"write (dependencies=\[requires|requires\(\))"):
        _apply(misuse)


def _apply(misuse: Callable[[FastAPI], object]) -> None:
    register = misuse(FastAPI())
    if callable(register):
        register(_endpoint)


def test_requirement_of_a_route_can_be_replaced_by_dependency_overrides() -> None:
    """An equal requirement is the key; another one, and the guard in front, are not affected."""
    app = FastAPI()

    @app.get("/orders")
    def orders(caller: Annotated[Identity, requires("read")]) -> str | None:
        return caller.subject

    @app.get("/me")
    def me(caller: Caller) -> str | None:
        return caller.subject

    identity = Identity(issuer="https://issuer.test", subject="u7")
    app.dependency_overrides[requires("read").dependency] = lambda: identity
    client = TestClient(app)
    assert client.get("/orders").json() == "u7"
    with pytest.raises(ConfigurationError, match="put OAuthGuardMiddleware around"):
        client.get("/me")
    app.dependency_overrides[requires().dependency] = lambda: identity
    assert client.get("/me").json() == "u7"
    assert requires("read").dependency != requires("write").dependency
    assert requires("read").dependency != "read"
