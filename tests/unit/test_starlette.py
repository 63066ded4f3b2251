"""requires() guards Starlette endpoints of every kind; metadata_route() serves the metadata."""

import asyncio
import functools
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from anyio import to_thread
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from oauth_guard import ConfigurationError, current_identity, scope
from oauth_guard.asgi import GUARD
from oauth_guard.errors import Reason, RequestRejected
from oauth_guard.starlette import metadata_route, rejection_response, requires
from tests.acceptance.standards.api import RESOURCE, Api, bearer, handler, record_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import (
    Message,
    RecordedResponse,
    body,
    http,
    run,
    websocket,
)

METADATA = "/.well-known/oauth-protected-resource"


def sync_handler(request: Request) -> JSONResponse:
    """Respond with the caller and the thread."""
    return JSONResponse(
        {"subject": record_identity(request).subject, "thread": threading.get_ident()}
    )


class CallableObject:
    """An endpoint that is an object."""

    async def __call__(self, request: Request) -> Response:
        """RecordedResponse."""
        return await handler(request)


class Methods(HTTPEndpoint):
    """A class-based endpoint, one of whose methods waits and one does not."""

    @requires("write")
    async def get(self, request: Request) -> Response:
        """RecordedResponse."""
        return await handler(request)

    @requires("write")
    def post(self, request: Request) -> Response:
        """RecordedResponse from a thread."""
        return sync_handler(request)


async def greet(greeting: str, request: Request) -> Response:
    """RecordedResponse; the greeting is for functools.partial to give."""
    assert greeting == "hello"
    return await handler(request)


def greet_sync(greeting: str, request: Request) -> Response:
    """RecordedResponse from a thread, likewise."""
    assert greeting == "hello"
    return sync_handler(request)


ENDPOINTS: Mapping[str, Callable[..., Awaitable[Any]]] = {
    "async function": requires("write")(handler),
    "sync function": requires("write")(sync_handler),
    "callable object": requires("write")(CallableObject()),
    "partial": requires("write")(functools.partial(greet, "hello")),
    "partial of a sync function": requires("write")(functools.partial(greet_sync, "hello")),
    "partial of an object": requires("write")(functools.partial(CallableObject())),
    "method of an object": requires("write")(CallableObject().__call__),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
async def test_decorated_endpoint_admits_only_callers_who_satisfy_the_requirement(
    endpoint: Callable[..., Awaitable[Any]],
) -> None:
    """Any kind of endpoint can be decorated, and receives the caller."""
    api = Api(routes=[Route("/it", endpoint)])
    expect(await api.get("/it", api.token(scope="read write")), "200")
    expect(await api.get("/it", api.token()), "403 insufficient_scope")
    expect(await api.get("/it"), "401 none")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_decorated_method_of_a_class_admits_only_callers_with_the_scope(method: str) -> None:
    """Methods are decorated one by one; HEAD uses the one of GET."""
    api = Api(routes=[Route("/it", Methods)])
    granted, other = api.token(scope="write"), api.token()
    expect(await api.send(method, "/it", bearer(granted)), "200")
    expect(await api.send(method, "/it", bearer(other)), "403 insufficient_scope")


async def test_sync_endpoint_runs_in_a_thread_and_a_rejection_in_none() -> None:
    """Blocking code does not block the loop; a rejection needs no free thread."""
    threads: list[int] = []

    @requires("write")
    def endpoint(request: Request) -> Response:
        threads.append(threading.get_ident())
        assert current_identity() is request.user
        return sync_handler(request)

    api = Api(routes=[Route("/it", endpoint)])
    expect(await api.get("/it", api.token(scope="write")), "200")
    assert threads != [threading.get_ident()]
    limiter = to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    limiter.acquire_on_behalf_of_nowait("somebody else")
    async with asyncio.timeout(5):
        expect(await api.get("/it", api.token()), "403 insufficient_scope")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await api.get("/it", api.token(scope="write"))


DENIED = ["websocket.http.response.start", "websocket.http.response.body"]


@requires("write")
async def feed(websocket: WebSocket) -> None:
    """Accept and close."""
    record_identity(websocket)
    await websocket.accept()
    await websocket.close()


class Feed(WebSocketEndpoint):
    """A class-based endpoint that requires a scope before the handshake."""

    @requires("write")
    async def on_connect(self, websocket: WebSocket) -> None:
        """Accept."""
        record_identity(websocket)
        await websocket.accept()


class Talk(WebSocketEndpoint):
    """A class-based endpoint that admits every listener, and requires a scope to send."""

    encoding = "text"

    @requires("write")
    async def on_receive(self, websocket: WebSocket, data: str) -> None:
        """Send back what came."""
        await websocket.send_text(data)


SOCKETS = [
    pytest.param(feed, id="function"),
    pytest.param(Feed, id="class"),
]


@pytest.mark.parametrize("endpoint", SOCKETS)
async def test_rejected_handshake_has_the_response_of_http(endpoint: Any) -> None:
    """If the server supports a denial response."""
    api = Api(routes=[WebSocketRoute("/it", endpoint)])
    response = await api.connect("/it", bearer(api.token()))
    expect(response, "403 insufficient_scope")
    assert [message["type"] for message in response.messages] == DENIED
    over_http = await api.post("/w", api.token())
    assert _rejection(response) == _rejection(over_http)


@pytest.mark.parametrize("endpoint", SOCKETS)
@pytest.mark.parametrize("extensions", [{}, None, {"tls": {}}], ids=str)
async def test_rejected_handshake_is_closed_if_no_response_can_be_sent(
    endpoint: Any, extensions: object
) -> None:
    """Before it is accepted."""
    api = Api(routes=[WebSocketRoute("/it", endpoint)])
    response = await api.connect("/it", bearer(api.token()), extensions=extensions)
    assert _closed_with(response) == [("websocket.close", 1008)]
    assert not response.seen


@pytest.mark.parametrize("endpoint", SOCKETS)
async def test_handshake_with_the_required_scope_is_accepted(endpoint: Any) -> None:
    """By the application itself."""
    api = Api(routes=[WebSocketRoute("/it", endpoint)])
    response = await api.connect("/it", bearer(api.token(scope="write")))
    assert response.messages[0]["type"] == "websocket.accept"
    assert [identity.subject for identity in response.seen] == ["u1"]


@pytest.mark.parametrize("denial", [True, False])
async def test_rejection_closes_an_accepted_websocket(denial: bool) -> None:
    """No response is possible after the handshake, whatever the server supports."""
    api = Api(routes=[WebSocketRoute("/it", Talk)])
    response = await _talk(api, bearer(api.token()), denial=denial)
    assert _closed_with(response) == [("websocket.accept", None), ("websocket.close", 1008)]


async def test_accepted_websocket_continues_with_the_required_scope() -> None:
    """A decorated method of an open WebSocket works as if it were not decorated."""
    api = Api(routes=[WebSocketRoute("/it", Talk)])
    response = await _talk(api, bearer(api.token(scope="write")), denial=True)
    assert response.messages[1:] == [{"type": "websocket.send", "text": "hello"}]


async def _talk(api: Api, headers: Any, *, denial: bool) -> RecordedResponse:
    received: list[Message] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.disconnect", "code": 1000},
    ]
    return await run(api.application, websocket("/it", headers, denial=denial), received)


def _rejection(response: RecordedResponse) -> tuple[int, list[str], list[str]]:
    return response.status, response.lines("www-authenticate"), response.lines("cache-control")


def _closed_with(response: RecordedResponse) -> list[tuple[str, int | None]]:
    return [(message["type"], message.get("code")) for message in response.messages]


READ_OR_ADMIN = scope("read") | scope("admin")


@pytest.mark.parametrize(
    ("required", "granted", "outcome", "named"),
    [
        (["read", "write"], "write read", "200", None),
        (["read", "write"], "read", "403 insufficient_scope", "read write"),
        (["write", "read"], "read", "403 insufficient_scope", "write read"),
        ([READ_OR_ADMIN], "admin", "200", None),
        ([READ_OR_ADMIN], "read", "200", None),
        ([READ_OR_ADMIN], "write", "403 insufficient_scope", "read"),
        ([READ_OR_ADMIN], "", "403 insufficient_scope", "read"),
        ([READ_OR_ADMIN, "write"], "admin write", "200", None),
        ([READ_OR_ADMIN, "write"], "admin", "403 insufficient_scope", "read write"),
        ([READ_OR_ADMIN & scope("write")], "read", "403 insufficient_scope", "read write"),
        ([scope("write") & READ_OR_ADMIN], "write", "403 insufficient_scope", "write read"),
        ([], "", "200", None),
    ],
)
async def test_all_scopes_are_required_and_alternatives_satisfy_each_other(
    required: list[Any], granted: str, outcome: str, named: str | None
) -> None:
    """The first alternative is the one that a rejection names."""
    api = Api(routes=[Route("/it", requires(*required)(handler))])
    response = await api.get("/it", api.token(scope=granted))
    expect(response, outcome)
    assert [parameters.get("scope") for _, parameters in response.challenges] == [named] * (
        response.status != 200
    )


@pytest.mark.parametrize("claim", ["roles", "groups", "entitlements"])
@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (["ops", "dev"], "200"),
        (["ops"], "403 insufficient_scope"),
        (["OPS", "dev"], "403 insufficient_scope"),
        (["ops dev"], "403 insufficient_scope"),
        (None, "403 insufficient_scope"),
    ],
    ids=str,
)
async def test_every_role_group_and_entitlement_is_required(
    claim: str, held: list[str] | None, outcome: str
) -> None:
    """The rejection names no scope, since none would help."""
    required: dict[str, Any] = {claim: ["ops", "dev"]}
    api = Api(routes=[Route("/it", requires("read", **required)(handler))])
    claims: dict[str, Any] = {claim: held}
    response = await api.get("/it", api.token(**claims))
    expect(response, outcome)
    assert all("scope" not in parameters for _, parameters in response.challenges)


@pytest.mark.parametrize(("subject", "outcome"), [("u1", "200"), ("c1", "403 insufficient_scope")])
async def test_users_only_rejects_a_client_that_acts_for_itself(subject: str, outcome: str) -> None:
    """A token whose subject is its client has no user."""
    api = Api(routes=[Route("/it", requires(users_only=True)(handler))])
    response = await api.get("/it", api.token(sub=subject, client_id="c1"))
    expect(response, outcome)
    assert all("scope" not in parameters for _, parameters in response.challenges)


async def test_anonymous_caller_gets_401_with_the_required_scope() -> None:
    """Not 403."""
    api = Api(routes=[Route("/it", requires("write")(handler))], middleware={"public": ["/it"]})
    response = await api.get("/it")
    expect(response, "401 none")
    assert [parameters["scope"] for _, parameters in response.challenges] == ["write"]


async def test_user_set_by_other_middleware_is_ignored() -> None:
    """Identity and guard are under our own keys."""

    def renaming(app: ASGIApp) -> ASGIApp:
        async def renamed(connection: Scope, receive: Receive, send: Send) -> None:
            await app({**connection, "user": "root", "auth": {"write"}}, receive, send)

        return renamed

    api = Api(app=renaming(Starlette(routes=[Route("/it", requires("write")(handler))])))
    response = await api.get("/it", api.token())
    assert response.status == 403


def _without_guard() -> ASGIApp:
    return Starlette(routes=[Route("/it", requires()(handler))])


@pytest.mark.parametrize("left", [{}, {"oauth_guard": ("guard", "identity")}], ids=str)
async def test_route_without_middleware_raises_a_configuration_error(left: dict[str, Any]) -> None:
    """It is our fault, and the route is not open."""
    with pytest.raises(ConfigurationError, match="put OAuthGuardMiddleware around"):
        await run(_without_guard(), http("GET", "/it", **left), body())


async def test_call_without_a_request_raises_configuration_error() -> None:
    """The caller can't be known without a connection."""

    @requires("read")
    async def endpoint(_: object) -> None: ...

    with pytest.raises(ConfigurationError, match="take a request or a websocket"):
        await endpoint("no request")


class _Model: ...


class _NoSignature:
    """A callable whose signature can't be read, as that of some functions in C."""

    def __call__(self, request: Any) -> None: ...

    @property
    def __signature__(self) -> Any:
        message = "no signature"
        raise ValueError(message)


@pytest.mark.conformance("ASGI-15")
@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param(lambda: None, id="no parameter"),
        pytest.param(lambda item: item, id="a path parameter"),
        pytest.param(lambda order_id, page=1: (order_id, page), id="two path parameters"),
        pytest.param(functools.partial(lambda request: request, 1), id="a request given before"),
    ],
)
def test_function_that_takes_no_connection_is_rejected(endpoint: Any) -> None:
    """It can't be an endpoint of Starlette, so it is one of FastAPI's, which calls it unguarded."""
    with pytest.raises(ConfigurationError, match=r"oauth_guard.fastapi"):
        requires("read")(endpoint)


def test_function_whose_parameter_is_of_another_type_is_rejected() -> None:
    """Also if it is called as a request usually is."""

    async def typed(item: int) -> None: ...

    async def model(request: _Model) -> None: ...

    async def text(request: "int") -> None: ...

    for endpoint in (typed, model, text):
        with pytest.raises(ConfigurationError, match="takes neither"):
            requires("read")(endpoint)


def test_function_that_may_take_a_connection_is_accepted() -> None:
    """By the name of a parameter without a type, or by its type."""

    def optional(connection: Request | None) -> None: ...

    def quoted(it: "WebSocket") -> None: ...

    def anything(it: Any) -> None: ...

    def base(it: object) -> None: ...

    def websocket(it: WebSocket, data: bytes) -> None: ...

    def variable(*args: int) -> None: ...

    for endpoint in (optional, quoted, anything, base, websocket, variable, _NoSignature()):
        requires("read")(endpoint)
    for nameless in (lambda r: r, lambda req: req, lambda ws: ws, lambda _request: None):
        requires("read")(nameless)


@pytest.mark.parametrize("endpoint", [Methods, "name"], ids=["class", "string"])
def test_decorating_a_class_raises_a_configuration_error(endpoint: Any) -> None:
    """It would be called with the wrong arguments; decorate its methods."""
    with pytest.raises(ConfigurationError, match="decorate a class's methods"):
        requires("read")(endpoint)


@pytest.mark.parametrize(
    ("required", "mend"),
    [
        ({"scopes": ["a b"]}, "several scopes as several arguments"),
        ({"scopes": [""]}, "is no scope"),
        ({"roles": "ops"}, r'roles=\["ops"\]'),
        ({"groups": "ops"}, r'groups=\["ops"\]'),
        ({"entitlements": "ops"}, r'entitlements=\["ops"\]'),
    ],
    ids=str,
)
def test_malformed_requirement_fails_when_the_route_is_defined(
    required: dict[str, Any], mend: str
) -> None:
    """It never reaches a request."""
    scopes = required.pop("scopes", ())
    with pytest.raises(ConfigurationError, match=mend):
        requires(*scopes, **required)


async def test_request_passed_by_keyword_is_found() -> None:
    """Some frameworks call endpoints by keyword; other arguments pass through."""

    @requires("read")
    async def endpoint(*, number: int, request: Request) -> Response:
        return JSONResponse({"number": number, "subject": record_identity(request).subject})

    async def route(request: Request) -> Response:
        response = await endpoint(number=7, request=request)
        assert isinstance(response, Response)
        return response

    api = Api(routes=[Route("/it", route)])
    assert json.loads((await api.get("/it", api.token())).body) == {"number": 7, "subject": "u1"}


async def test_rejection_by_a_route_has_the_body_of_the_framework() -> None:
    """No header field describes our body."""
    api = Api()
    response = await api.post("/w", api.token())
    assert response.body == b"Forbidden"
    assert response.lines("content-length") == ["9"]
    assert response.lines("content-type") == ["text/plain; charset=utf-8"]


async def test_exception_handler_may_change_the_body_and_keep_the_challenge() -> None:
    """The rejection is the framework's own exception, with its header fields."""

    async def styled(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"sorry": error.detail}, error.status_code, headers=error.headers)

    app = Starlette(
        routes=[Route("/it", requires("write")(handler))],
        exception_handlers={HTTPException: styled},
    )
    api = Api(app=app)
    plain = Api()
    response = await api.get("/it", api.token())
    assert json.loads(response.body) == {"sorry": "Forbidden"}
    assert _rejection(response) == _rejection(await plain.post("/w", plain.token()))
    assert response.lines("content-type") == ["application/json"]


def _mounted(resource: str = f"{RESOURCE}/v1") -> tuple[ASGIApp, Api]:
    api = Api(guard={"resource": resource})
    routes = [metadata_route(api.guard), Mount("/v1", api.application)]
    return Starlette(routes=routes), api


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_metadata_route_of_the_outer_application_serves_the_metadata(method: str) -> None:
    """A mounted guard never receives the path that the challenge names."""
    outer, api = _mounted()
    response = await run(outer, http(method, f"{METADATA}/v1"), body())
    assert response.status == 200
    assert response.body == (api.guard.metadata_document if method == "GET" else b"")
    assert response.lines("content-type") == ["application/json"]
    assert response.lines("access-control-allow-origin") == ["*"]
    assert response.lines("cache-control") == ["public, max-age=3600"]
    rejected = await run(outer, http("GET", "/v1/r"), body())
    expect(rejected, "401 none")
    ((_, parameters),) = rejected.challenges
    assert parameters["resource_metadata"] == f"{RESOURCE}{METADATA}/v1"


async def test_metadata_route_accepts_no_post() -> None:
    """It is read-only."""
    outer, _ = _mounted()
    assert (await run(outer, http("POST", f"{METADATA}/v1"), body())).status == 405


async def test_metadata_route_serves_a_resource_with_a_query_at_its_query_only() -> None:
    """The document at the same path without it would be the one of another resource."""
    outer, _ = _mounted(f"{RESOURCE}/v1?x=1")
    for query, status in (("?x=1", 200), ("", 404), ("?x=2", 404)):
        response = await run(outer, http("GET", f"{METADATA}/v1{query}"), body())
        assert response.status == status


def test_metadata_route_of_a_guard_without_metadata_raises_a_configuration_error() -> None:
    """There is no document to serve."""
    guard = Api(guard={"metadata": False}).guard
    with pytest.raises(ConfigurationError, match="needs a guard that has metadata"):
        metadata_route(guard)


async def test_rejection_response_needs_a_guard_and_an_error_of_ours() -> None:
    """Any other use is a mistake of the operator."""
    for connection, error in (
        ({"type": "http"}, RequestRejected(Reason.REVOKED)),
        ({"type": "http", GUARD: object()}, ValueError()),
    ):
        with pytest.raises(ConfigurationError, match="rejection_response"):
            await rejection_response(HTTPConnection(connection), error)
