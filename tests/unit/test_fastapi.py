"""requires() and Caller hold FastAPI routes to what they ask, and OpenAPI says what that is."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pytest
from anyio import to_thread
from fastapi import APIRouter, FastAPI, Request, Security
from fastapi.security import HTTPBasic
from starlette.routing import Mount, Route
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
async def test_a_route_lets_only_those_through_who_may(
    api: Api, method: str, path: str, granted: str, outcome: str
) -> None:
    """A dependency beside the route and one among its arguments ask alike."""
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
async def test_a_route_asks_for_roles_and_users(
    api: Api, claims: dict[str, Any], outcome: str
) -> None:
    """Policy beyond scope is asked in the same words as of a Starlette route."""
    expect(await api.get("/policy", api.token(**claims)), outcome)


async def test_the_caller_is_the_identity(api: Api) -> None:
    """A route that takes the caller gets who the token says."""
    assert json.loads((await api.get("/me", api.token())).body) == {"subject": "u1"}


@pytest.mark.parametrize("denial", [True, False])
@pytest.mark.parametrize("granted", ["write", "read"])
async def test_a_websocket_route_lets_only_those_through_who_may(
    api: Api, granted: str, denial: bool
) -> None:
    """The same dependency guards a handshake."""
    answer = await api.connect("/feed", bearer(api.token(scope=granted)), denial=denial)
    if granted == "write":
        assert answer.messages[0]["type"] == "websocket.accept"
    elif denial:
        expect(answer, "403 insufficient_scope")
    else:
        (message,) = answer.messages
        assert (message["type"], message["code"]) == ("websocket.close", 1008)


TOKENS: Mapping[str, Mapping[str, Any] | None] = {
    "no token": None,
    "too little scope": {"scope": "write"},
    "missing role": {"scope": "read admin"},
    "a client": {"scope": "read admin", "roles": ["ops"], "sub": "c1"},
}
ASKED: Mapping[str, Any] = {"roles": ["ops"], "users_only": True}


def _told(answer: RecordedResponse) -> tuple[int, Sequence[str], Sequence[str]]:
    return answer.status, answer.lines("www-authenticate"), answer.lines("cache-control")


@pytest.mark.parametrize("claims", TOKENS.values(), ids=TOKENS)
async def test_a_refusal_is_the_same_to_the_byte_whichever_door_it_is(
    claims: Mapping[str, Any] | None,
) -> None:
    """Starlette's and FastAPI's routes answer with the same status and challenge."""
    app = FastAPI(
        routes=[Route("/starlette", starlette_requires("read", "admin", **ASKED)(handler))]
    )

    @app.get("/fastapi", dependencies=[requires("read", "admin", **ASKED)])
    async def endpoint() -> None: ...

    api = Api(app=app, middleware={"required": False})
    token = None if claims is None else api.token(**claims)
    by_starlette = _told(await api.get("/starlette", token))
    assert by_starlette[0] in {401, 403}
    assert _told(await api.get("/fastapi", token)) == by_starlette


@pytest.mark.parametrize("token", [True, False], ids=["too little scope", "no token"])
async def test_the_middleware_says_the_same(token: bool) -> None:
    """What the middleware's `requires=` refuses has the bytes of a route's rejection."""
    app = FastAPI()

    @app.get("/it", dependencies=[requires("write", READ_OR_ADMIN)])
    async def endpoint() -> None: ...

    asks = scope("write") & READ_OR_ADMIN
    route, middleware = (
        Api(app=app, middleware={"required": False}),
        Api(app=app, middleware={"requires": asks}),
    )
    presented = route.token() if token else None
    told = _told(await route.get("/it", presented))
    assert told == _told(await middleware.get("/it", presented))
    assert 'scope="write read"' in told[1][0]


async def test_a_requirement_costs_no_thread(api: Api) -> None:
    """A dependency that is async is called on the loop: it works while no thread is free."""
    limiter = to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    limiter.acquire_on_behalf_of_nowait("somebody else")
    async with asyncio.timeout(5):
        expect(await api.get("/me", api.token()), "200")
        expect(await api.get("/notes", api.token()), "403 insufficient_scope")


async def test_without_a_guard_nobody_passes() -> None:
    """A route that asks for something where nobody guards is a fault, not open."""
    with pytest.raises(ConfigurationError, match="put OAuthGuardMiddleware around"):
        await run(_app(), http("GET", "/me"), body())


def _below(required: Any, *asked: str) -> FastAPI:
    app = FastAPI()

    async def employee(caller: Annotated[Identity, required]) -> str | None:
        return caller.subject

    @app.get("/it", dependencies=[Security(employee, scopes=asked)])
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
async def test_what_a_security_above_asks_is_wanted_too(
    required: Any, granted: str, status: int, named: str | None
) -> None:
    """FastAPI's `Security(..., scopes=)` asks of every dependency below: OpenAPI says so."""
    app = _below(required, "write")
    api = Api(app=app)
    answer = await api.get("/it", api.token(scope=granted))
    assert answer.status == status
    assert [parameters["scope"] for _, parameters in answer.challenges] == (
        [named] if named else []
    )
    assert "write" in app.openapi()["paths"]["/it"]["get"]["security"][0]["OAuth2"]


async def test_what_is_asked_alone_does_not_answer_for_what_a_security_asks() -> None:
    """One requirement that stands in two places is judged in each."""
    either = requires(scope("write") | scope("admin"))
    app = _below(either, "write")
    outer = FastAPI(dependencies=[either])
    outer.include_router(app.router)
    api = Api(app=outer)
    assert (await api.get("/it", api.token(scope="admin"))).status == 403
    assert (await api.get("/it", api.token(scope="write"))).status == 200


@pytest.mark.parametrize(("roles", "status"), [(["ops"], 200), ([], 403)], ids=str)
async def test_what_a_security_above_asks_takes_nothing_away(roles: list[str], status: int) -> None:
    """A policy beside the scopes still holds."""
    api = Api(app=_below(requires("read", roles=["ops"]), "write"))
    answer = await api.get("/it", api.token(scope="read write", roles=roles))
    assert answer.status == status


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
def test_openapi_lists_what_a_route_asks(method: str, path: str, security: object) -> None:
    """Each operation names its scopes, of alternatives the first; one that asks nothing, none."""
    operation = _app().openapi()["paths"][path][method]
    assert operation.get("security") == security
    assert "parameters" not in operation


def test_openapi_lists_what_a_router_asks_together_with_the_route() -> None:
    """Several requirements on one way are meant together, and shown together."""
    app, router = FastAPI(), APIRouter(dependencies=[requires("read")])

    @router.get("/it", dependencies=[requires("write")])
    async def endpoint(_: Caller) -> None: ...

    app.include_router(router)
    assert app.openapi()["paths"]["/it"]["get"]["security"] == [{"OAuth2": ["read", "write"]}]


def test_openapi_asks_for_a_bearer_token_unless_it_is_told_more() -> None:
    """Without document() nobody knows where tokens come from."""
    schemes = _app().openapi()["components"]["securitySchemes"]
    assert schemes == {"OAuth2": {"type": "http", "scheme": "bearer"}}


FLOW = {
    "authorization_url": "https://as.example.com/authorize",
    "token_url": "https://as.example.com/token",
}


async def test_document_tells_openapi_where_tokens_come_from() -> None:
    """The docs page can sign in: served is the authorization code flow with its scopes."""
    app = _app()
    document(app, **FLOW, scopes={"read": "Read your notes."})
    api = Api(app=app, middleware={"public": ["/openapi.json"]})
    expect(answer := await api.get("/openapi.json"), "200 anonymous")
    served = json.loads(answer.body)
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


def test_document_adds_nothing_where_nothing_is_asked() -> None:
    """Where no route wants a token, OpenAPI speaks of none; other schemes stay as they are."""
    app = FastAPI()

    @app.get("/it", dependencies=[Security(HTTPBasic())])
    async def endpoint() -> None: ...

    document(app, **FLOW, scopes={})
    assert list(app.openapi()["components"]["securitySchemes"]) == ["HTTPBasic"]


def test_document_speaks_for_its_application_alone() -> None:
    """Routes share a scheme; what one application says of it, another does not."""
    document(_app(), **FLOW, scopes={})
    assert _app().openapi()["components"]["securitySchemes"]["OAuth2"]["type"] == "http"
