"""OAuthGuardMiddleware: which requests it admits, and what the application sees."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from oauth_guard import (
    ANONYMOUS,
    Guard,
    IssuerUnavailable,
    OAuthGuardMiddleware,
    Requirement,
    current_identity,
    scope,
)
from oauth_guard.errors import Reason
from oauth_guard.testing import LocalWebSocket
from tests.acceptance.standards.api import RESOURCE, Api, bearer, handler, plain, recording_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import SEEN, Message, http, run, websocket
from tests.acceptance.standards.rejections import BY_MIDDLEWARE, Rejection, rows


@pytest.fixture
def api() -> Api:
    """Return the API of the conformance matrix."""
    return Api()


ANONYMOUS_ALIKE = [each for each in BY_MIDDLEWARE if each.outcome == "401 none"]
REFUSED_ALL_THE_SAME = [each for each in BY_MIDDLEWARE if each.outcome != "401 none"]


@pytest.mark.parametrize("rejection", rows(*ANONYMOUS_ALIKE))
async def test_request_without_credentials_is_anonymous_if_a_token_is_optional(
    rejection: Rejection,
) -> None:
    """Over HTTP and WebSocket; credentials of another scheme count as none."""
    api = Api(middleware={"required": False})
    expect(await rejection.over_http(api), "200 anonymous")
    assert (await rejection.over_websocket(api)).seen == [ANONYMOUS]


@pytest.mark.parametrize("rejection", rows(*REFUSED_ALL_THE_SAME))
async def test_invalid_token_is_rejected_even_if_a_token_is_optional(rejection: Rejection) -> None:
    """Invalid credentials are not the same as none."""
    api = Api(middleware={"required": False})
    expect(await rejection.over_http(api), rejection.outcome)
    assert not (await rejection.over_websocket(api)).seen


async def test_valid_token_is_used_if_a_token_is_optional() -> None:
    """The caller is the one of the token."""
    api = Api(middleware={"required": False})
    expect(await api.get("/r", api.token()), "200")


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    "requires",
    [
        pytest.param("write", id="name"),
        pytest.param(scope("write") | scope("admin"), id="expression"),
        pytest.param(Requirement.of("write"), id="requirement"),
    ],
)
async def test_middleware_requires_scope_of_every_caller(requires: object, required: bool) -> None:
    """The challenge names the scope."""
    api = Api(middleware={"requires": requires, "required": required, "public": ["/admin"]})
    anonymous = await api.get("/r")
    expect(anonymous, "401 none")
    too_little = await api.get("/r", api.token())
    expect(too_little, "403 insufficient_scope")
    for response in (anonymous, too_little):
        assert response.challenges[0][1]["scope"] == "write"
    expect(await api.get("/r", api.token(scope="write")), "200")
    over_websocket = await api.connect("/ws", bearer(api.token()))
    expect(over_websocket, "403 insufficient_scope")


async def test_middleware_rejects_a_client_if_users_only_is_required() -> None:
    """No other scope would help."""
    api = Api(middleware={"requires": Requirement.of(users_only=True)})
    response = await api.get("/r", api.token(sub="c1"))
    expect(response, "403 insufficient_scope")
    assert "scope" not in response.challenges[0][1]
    expect(await api.get("/r"), "401 none")
    expect(await api.get("/r", api.token()), "200")


async def test_caller_is_in_the_connection_and_in_the_context() -> None:
    """Under both names, and in tasks that the application starts."""
    found: list[object] = []

    async def app(connection: Message, _receive: Any, send: Any) -> None:
        found.extend([connection["user"], connection["auth"], current_identity()])
        found.append(await asyncio.create_task(_current()))
        await plain(connection, _receive, send)

    api = Api(app=app)
    connection = http("GET", "/r", bearer(api.token()), user="forged", auth="forged")
    response = await run(api.application, connection, [])
    expect(response, "200")
    assert found == [response.seen[0]] * 4
    assert current_identity() is ANONYMOUS


async def _current() -> object:
    return current_identity()


async def test_inner_middleware_replaces_the_identity_of_the_outer_one() -> None:
    """The outer identity is restored afterwards."""
    seen: list[str | None] = []

    async def between(connection: Message, receive: Any, send: Any) -> None:
        seen.append(current_identity().subject)
        await inner(connection, receive, send)
        seen.append(current_identity().subject)

    api = Api()
    inner = OAuthGuardMiddleware(recording_identity(plain), api.guard, public=["/r"])
    api.application = OAuthGuardMiddleware(between, api.guard)
    expect(await api.get("/r", api.token()), "200 anonymous")
    assert seen == ["u1", "u1"]


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"raw_path": None, "root_path": None, "extensions": None}, id="null"),
        pytest.param({"raw_path", "root_path", "extensions", "client", "server"}, id="left out"),
    ],
)
async def test_connection_without_optional_members_has_the_same_response(
    api: Api, missing: dict[str, None] | set[str]
) -> None:
    """ASGI allows a server to leave them out."""
    for fields, status in ((bearer(api.token()), 200), ((), 401)):
        response = await run(api.application, _less(http("GET", "/r", fields), missing), [])
        assert response.status == status
    handshake = _less(websocket("/ws", denial=True), missing)
    response = await run(api.application, handshake, [{"type": "websocket.connect"}])
    if missing:
        assert response.messages == [{"type": "websocket.close", "code": 1008}]
    else:
        expect(response, "401 none")


def _less(connection: dict[str, Any], missing: dict[str, None] | set[str]) -> dict[str, Any]:
    if isinstance(missing, dict):
        return connection | missing
    return {name: value for name, value in connection.items() if name not in missing}


async def test_header_fields_that_are_lists_are_read(api: Api) -> None:
    """ASGI defines them as iterables of two items."""
    fields = [list(field) for field in bearer(api.token())]
    response = await api.send("GET", "/r", fields)  # type: ignore[arg-type]  # that is the point
    assert response.status == 200


@pytest.mark.parametrize("denial", [True, False])
async def test_client_that_disconnects_while_its_form_is_read_gets_no_response(
    api: Api, denial: bool
) -> None:
    """The server could not send it."""
    gone: Message = {"type": "websocket.disconnect", "code": 1006}
    response = await run(api.application, websocket("/ws", denial=denial), [gone])
    assert response.messages == []
    assert not response.seen


async def test_websocket_has_the_identity_of_its_caller() -> None:
    """From the handshake to the close, with a real client."""
    api = Api()

    async def app(connection: Message, receive: Any, send: Any) -> None:
        await api.application({**connection, SEEN: []}, receive, send)

    headers = {"Authorization": f"Bearer {api.token()}"}
    async with LocalWebSocket(app, "/ws", headers=headers) as socket:
        assert socket.response.status_code == 101
        assert await socket.receive_text() == "hello"
        assert await socket.receive_close() == 1000
    async with LocalWebSocket(app, "/ws") as socket:
        assert socket.response.status_code == 401
    async with LocalWebSocket(app, "/ws", denial_response=False) as socket:
        assert await socket.receive_close() == 1008


class _Broken:
    """An issuer with a fault of its own."""

    issuer = "https://as.example.com"
    ready = True
    accepts_opaque = accepts_unnamed_jwts = can_introspect = False
    cache = None

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def validate(self, _token: object, **_settings: Any) -> Any:
        raise self._error

    def start(self) -> None:
        """Do nothing."""

    async def load(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("error", [LookupError("ours"), asyncio.CancelledError()], ids=repr)
async def test_internal_error_admits_no_request(error: BaseException) -> None:
    """It is neither a rejection nor an admission; the server receives the exception."""
    api = Api(guard={"issuers": [_Broken(error)]}, middleware={"required": False})
    connection = http("GET", "/r", bearer(api.token()))
    with pytest.raises(type(error)) as raised:
        await run(api.application, connection, [])
    assert raised.value is error


async def test_lifespan_opens_and_closes_the_guards() -> None:
    """Keys are fetched from the start, and no task is left at the end."""
    api = Api()
    api.application = OAuthGuardMiddleware(_lives, {"/": api.guard, "/a": _second(api)})
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    stages: list[bool] = []

    async def receive() -> Message:
        for _ in range(20):
            await asyncio.sleep(0)
        stages.append(api.guard.ready)
        return next(messages)

    async def send(_: Message) -> None:
        return

    assert not api.guard.ready
    await api.application({"type": "lifespan"}, receive, send)
    assert stages == [True, True]
    assert len(asyncio.all_tasks()) == 1


async def test_guard_that_fails_fast_fails_the_startup() -> None:
    """By a message, since servers continue if a lifespan raises; the application never starts."""
    api = Api(guard={"start": "fail fast"})
    api.authority.outage = _down
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    await api.application({"type": "lifespan"}, receive, send)
    found = "https://as.example.com: unreachable"
    assert sent == [{"type": "lifespan.startup.failed", "message": found}]
    assert len(asyncio.all_tasks()) == 1


async def test_outage_raised_by_the_application_in_its_lifespan_passes_through() -> None:
    """It is not our failure to start."""

    async def app(_connection: Any, receive: Any, _send: Any) -> None:
        await receive()
        raise IssuerUnavailable("https://other.example.com", Reason.TIMED_OUT)

    api = Api()
    api.application = OAuthGuardMiddleware(app, api.guard)
    with pytest.raises(IssuerUnavailable, match=r"other\.example\.com"):
        await api.application({"type": "lifespan"}, _startup, _startup)


async def _startup(*_: object) -> Any:
    return {"type": "lifespan.startup"}


def _down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("closed", request=request)


async def _lives(_connection: Any, receive: Any, send: Any) -> None:
    for _ in range(2):
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


def _second(api: Api) -> Guard:
    return Guard(f"{RESOURCE}/a", [api.jwt_issuer()])


async def test_starlette_builds_the_middleware_with_its_options() -> None:
    """Like any other middleware class."""
    api = Api()
    app = Starlette(routes=[Route("/r", handler)])
    app.add_middleware(OAuthGuardMiddleware, guard=api.guard, public=["/health"])
    expect(await run(app, http("GET", "/r", bearer(api.token())), []), "200")
    expect(await run(app, http("GET", "/r"), []), "401 none")


async def test_handshake_is_never_read_for_a_form() -> None:
    """A handshake has no body (RFC 6455 §4.1), whatever its connection says."""
    api = Api(guard={"bearer_methods": ["header", "body"]})
    form = (b"content-type", b"application/x-www-form-urlencoded")
    response = await api.connect("/ws", [*bearer(api.token()), form], method="POST")
    assert [each.subject for each in response.seen] == ["u1"]
