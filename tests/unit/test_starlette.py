"""requires() holds Starlette endpoints of every kind to what it asks; metadata_route() serves."""

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
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from oauth_guard import ConfigurationError, current_identity, scope
from oauth_guard.starlette import metadata_route, requires
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
    """Tell who called, and on which thread."""
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
async def test_an_endpoint_of_any_kind_lets_only_those_through_who_may(
    endpoint: Callable[..., Awaitable[Any]],
) -> None:
    """Whatever can be an endpoint can be decorated, and sees the caller."""
    api = Api(routes=[Route("/it", endpoint)])
    expect(await api.get("/it", api.token(scope="read write")), "200")
    expect(await api.get("/it", api.token()), "403 insufficient_scope")
    expect(await api.get("/it"), "401 none")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_method_of_a_class_lets_only_those_through_who_may(method: str) -> None:
    """The methods of a class-based endpoint are decorated one by one; HEAD goes by GET's."""
    api = Api(routes=[Route("/it", Methods)])
    granted, other = api.token(scope="write"), api.token()
    expect(await api.send(method, "/it", bearer(granted)), "200")
    expect(await api.send(method, "/it", bearer(other)), "403 insufficient_scope")


async def test_a_sync_endpoint_runs_in_a_thread_and_a_refusal_in_none() -> None:
    """Blocking code does not block the loop; a refusal can be had while no thread is free."""
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
    """A class-based endpoint that asks for more before the handshake."""

    @requires("write")
    async def on_connect(self, websocket: WebSocket) -> None:
        """Accept."""
        record_identity(websocket)
        await websocket.accept()


class Talk(WebSocketEndpoint):
    """A class-based endpoint that lets everybody listen, and asks for more of who speaks."""

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
async def test_a_handshake_is_refused_with_the_answer_of_http(endpoint: Any) -> None:
    """Where the server can send one, the refusal of a handshake is the same as over HTTP."""
    api = Api(routes=[WebSocketRoute("/it", endpoint)])
    answer = await api.connect("/it", bearer(api.token()))
    expect(answer, "403 insufficient_scope")
    assert [message["type"] for message in answer.messages] == DENIED
    over_http = await api.post("/w", api.token())
    assert _told(answer) == _told(over_http)


@pytest.mark.parametrize("endpoint", SOCKETS)
@pytest.mark.parametrize("extensions", [{}, None, {"tls": {}}], ids=str)
async def test_a_handshake_is_closed_where_no_answer_can_be_sent(
    endpoint: Any, extensions: object
) -> None:
    """Without the extension the socket is closed before it was accepted."""
    api = Api(routes=[WebSocketRoute("/it", endpoint)])
    answer = await api.connect("/it", bearer(api.token()), extensions=extensions)
    assert _closed_with(answer) == [("websocket.close", 1008)]
    assert not answer.seen


@pytest.mark.parametrize("endpoint", SOCKETS)
async def test_a_handshake_passes_with_what_is_asked(endpoint: Any) -> None:
    """The application accepts by itself."""
    api = Api(routes=[WebSocketRoute("/it", endpoint)])
    answer = await api.connect("/it", bearer(api.token(scope="write")))
    assert answer.messages[0]["type"] == "websocket.accept"
    assert [identity.subject for identity in answer.seen] == ["u1"]


@pytest.mark.parametrize("denial", [True, False])
async def test_an_accepted_socket_can_only_be_closed(denial: bool) -> None:
    """After the handshake there is no answer any more, whatever the server can send."""
    api = Api(routes=[WebSocketRoute("/it", Talk)])
    answer = await _talk(api, bearer(api.token()), denial=denial)
    assert _closed_with(answer) == [("websocket.accept", None), ("websocket.close", 1008)]


async def test_an_accepted_socket_goes_on_with_what_is_asked() -> None:
    """A decorated method of an open socket works as if it were not decorated."""
    api = Api(routes=[WebSocketRoute("/it", Talk)])
    answer = await _talk(api, bearer(api.token(scope="write")), denial=True)
    assert answer.messages[1:] == [{"type": "websocket.send", "text": "hello"}]


async def _talk(api: Api, headers: Any, *, denial: bool) -> RecordedResponse:
    received: list[Message] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.disconnect", "code": 1000},
    ]
    return await run(api.application, websocket("/it", headers, denial=denial), received)


def _told(answer: RecordedResponse) -> tuple[int, list[str], list[str]]:
    return answer.status, answer.lines("www-authenticate"), answer.lines("cache-control")


def _closed_with(answer: RecordedResponse) -> list[tuple[str, int | None]]:
    return [(message["type"], message.get("code")) for message in answer.messages]


READ_OR_ADMIN = scope("read") | scope("admin")


@pytest.mark.parametrize(
    ("asked", "granted", "outcome", "named"),
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
async def test_scopes_are_asked_as_they_are_written(
    asked: list[Any], granted: str, outcome: str, named: str | None
) -> None:
    """All arguments are wanted, `|` gives alternatives, and the first is what a refusal names."""
    api = Api(routes=[Route("/it", requires(*asked)(handler))])
    answer = await api.get("/it", api.token(scope=granted))
    expect(answer, outcome)
    assert [parameters.get("scope") for _, parameters in answer.challenges] == [named] * (
        answer.status != 200
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
async def test_authorization_claims_are_asked_whole(
    claim: str, held: list[str] | None, outcome: str
) -> None:
    """Every role, group or entitlement is wanted; no scope is named, as none would help."""
    asked: dict[str, Any] = {claim: ["ops", "dev"]}
    api = Api(routes=[Route("/it", requires("read", **asked)(handler))])
    claims: dict[str, Any] = {claim: held}
    answer = await api.get("/it", api.token(**claims))
    expect(answer, outcome)
    assert all("scope" not in parameters for _, parameters in answer.challenges)


@pytest.mark.parametrize(("subject", "outcome"), [("u1", "200"), ("c1", "403 insufficient_scope")])
async def test_users_only_refuses_a_client_that_acts_for_itself(subject: str, outcome: str) -> None:
    """A token whose subject is its client has no user behind it."""
    api = Api(routes=[Route("/it", requires(users_only=True)(handler))])
    answer = await api.get("/it", api.token(sub=subject, client_id="c1"))
    expect(answer, outcome)
    assert all("scope" not in parameters for _, parameters in answer.challenges)


async def test_nobody_is_asked_to_sign_in_not_told_to_want_more() -> None:
    """An anonymous caller gets the 401 that names what to ask for, not a 403."""
    api = Api(routes=[Route("/it", requires("write")(handler))], middleware={"public": ["/it"]})
    answer = await api.get("/it")
    expect(answer, "401 none")
    assert [parameters["scope"] for _, parameters in answer.challenges] == ["write"]


async def test_what_other_middleware_says_of_the_user_does_not_count() -> None:
    """Identity and guard stand under a key of our own."""

    def renaming(app: ASGIApp) -> ASGIApp:
        async def renamed(connection: Scope, receive: Receive, send: Send) -> None:
            await app({**connection, "user": "root", "auth": {"write"}}, receive, send)

        return renamed

    api = Api(app=renaming(Starlette(routes=[Route("/it", requires("write")(handler))])))
    answer = await api.get("/it", api.token())
    assert answer.status == 403


def _without_guard() -> ASGIApp:
    return Starlette(routes=[Route("/it", requires()(handler))])


@pytest.mark.parametrize("left", [{}, {"oauth_guard": ("guard", "identity")}], ids=str)
async def test_without_a_guard_nobody_passes(left: dict[str, Any]) -> None:
    """A route that asks for something where nobody guards is a fault, not open."""
    with pytest.raises(ConfigurationError, match="put OAuthGuardMiddleware around"):
        await run(_without_guard(), http("GET", "/it", **left), body())


async def test_an_endpoint_without_a_request_is_a_fault() -> None:
    """Whom to admit can't be told without a connection."""

    @requires("read")
    async def endpoint(_: object) -> None: ...

    with pytest.raises(ConfigurationError, match="take a request or a websocket"):
        await endpoint("no request")


@pytest.mark.parametrize("endpoint", [Methods, "name"], ids=["class", "string"])
def test_only_functions_can_be_decorated(endpoint: Any) -> None:
    """A decorated class would be called with the wrong arguments: its methods are meant."""
    with pytest.raises(ConfigurationError, match="decorate a class's methods"):
        requires("read")(endpoint)


@pytest.mark.parametrize(
    ("asked", "mend"),
    [
        ({"scopes": ["a b"]}, "several scopes as several arguments"),
        ({"scopes": [""]}, "is no scope"),
        ({"roles": "ops"}, r'roles=\["ops"\]'),
        ({"groups": "ops"}, r'groups=\["ops"\]'),
        ({"entitlements": "ops"}, r'entitlements=\["ops"\]'),
    ],
    ids=str,
)
def test_what_can_not_be_asked_fails_when_it_is_written(asked: dict[str, Any], mend: str) -> None:
    """A malformed requirement never reaches a request."""
    scopes = asked.pop("scopes", ())
    with pytest.raises(ConfigurationError, match=mend):
        requires(*scopes, **asked)


async def test_a_keyword_argument_may_be_the_request() -> None:
    """Frameworks that call endpoints by keyword work too; other arguments pass through."""

    @requires("read")
    async def endpoint(*, number: int, request: Request) -> Response:
        return JSONResponse({"number": number, "subject": record_identity(request).subject})

    async def route(request: Request) -> Response:
        response = await endpoint(number=7, request=request)
        assert isinstance(response, Response)
        return response

    api = Api(routes=[Route("/it", route)])
    assert json.loads((await api.get("/it", api.token())).body) == {"number": 7, "subject": "u1"}


async def test_a_refusal_has_the_framework_s_own_body() -> None:
    """Nothing that describes our body is said of Starlette's."""
    api = Api()
    answer = await api.post("/w", api.token())
    assert answer.body == b"Forbidden"
    assert answer.lines("content-length") == ["9"]
    assert answer.lines("content-type") == ["text/plain; charset=utf-8"]


async def test_an_exception_handler_may_restyle_the_body_and_keep_the_challenge() -> None:
    """The refusal is the framework's own exception, complete with its header fields."""

    async def styled(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"sorry": error.detail}, error.status_code, headers=error.headers)

    app = Starlette(
        routes=[Route("/it", requires("write")(handler))],
        exception_handlers={HTTPException: styled},
    )
    api = Api(app=app)
    plain = Api()
    answer = await api.get("/it", api.token())
    assert json.loads(answer.body) == {"sorry": "Forbidden"}
    assert _told(answer) == _told(await plain.post("/w", plain.token()))
    assert answer.lines("content-type") == ["application/json"]


def _mounted(resource: str = f"{RESOURCE}/v1") -> tuple[ASGIApp, Api]:
    api = Api(guard={"resource": resource})
    routes = [metadata_route(api.guard), Mount("/v1", api.application)]
    return Starlette(routes=routes), api


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_application_around_a_mount_serves_the_metadata(method: str) -> None:
    """Clients find the metadata where the challenge says, which no mounted guard can see."""
    outer, api = _mounted()
    answer = await run(outer, http(method, f"{METADATA}/v1"), body())
    assert answer.status == 200
    assert answer.body == api.guard.metadata_document
    assert answer.lines("content-type") == ["application/json"]
    assert answer.lines("access-control-allow-origin") == ["*"]
    assert answer.lines("cache-control") == ["public, max-age=3600"]
    refused = await run(outer, http("GET", "/v1/r"), body())
    expect(refused, "401 none")
    ((_, parameters),) = refused.challenges
    assert parameters["resource_metadata"] == f"{RESOURCE}{METADATA}/v1"


async def test_nobody_posts_to_the_metadata() -> None:
    """It is for reading."""
    outer, _ = _mounted()
    assert (await run(outer, http("POST", f"{METADATA}/v1"), body())).status == 405


def test_a_guard_without_metadata_has_no_route_for_it() -> None:
    """There is nothing to serve, and whoever asks for the route is told."""
    guard = Api(guard={"metadata": False}).guard
    with pytest.raises(ConfigurationError, match="needs a guard that has metadata"):
        metadata_route(guard)
