"""ASGI 3.0 (section 33 of the conformance matrix)."""

import asyncio
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import ConfigurationError, current_identity
from tests.acceptance.standards.api import Api, bearer
from tests.acceptance.standards.outcome import expect, expect_rejection
from tests.acceptance.standards.recorded_response import SEEN, Message, http, visit, websocket
from tests.acceptance.standards.rejections import BY_MIDDLEWARE, REJECTIONS, Rejection, rows

STARTUP: Message = {"type": "lifespan.startup"}
SHUTDOWN: Message = {"type": "lifespan.shutdown"}


async def _run_lifespan(api: Api, *received: Message) -> list[Message]:
    """Run the lifespan of the application, and return what it sent."""
    sent: list[Message] = []
    messages = iter(received)

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await api.application({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    return sent


@pytest.mark.conformance("ASGI-01")
async def test_lifespan_reaches_the_application_unchanged() -> None:
    """The application receives both events on the original connection and responds to both."""
    seen: list[Any] = []

    async def app(connection: Message, receive: Any, send: Any) -> None:
        seen.append(connection)
        for _ in range(2):
            message = await receive()
            seen.append(message)
            await send({"type": f"{message['type']}.complete", "mine": 1})

    sent = await _run_lifespan(Api(app=app), STARTUP, SHUTDOWN)
    assert seen == [{"type": "lifespan", "asgi": {"version": "3.0"}}, STARTUP, SHUTDOWN]
    assert sent == [
        {"type": "lifespan.startup.complete", "mine": 1},
        {"type": "lifespan.shutdown.complete", "mine": 1},
    ]


@pytest.mark.conformance("ASGI-01")
async def test_application_without_lifespan_serves_requests() -> None:
    """The guard responds to the server in its place, and lives until shutdown."""

    async def app(connection: Message, _receive: Any, send: Any) -> None:
        assert connection["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    api = Api(app=app)
    assert await _run_lifespan(api, STARTUP, SHUTDOWN) == [
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.complete"},
    ]
    expect(await api.get("/r", api.token()), "200")


@pytest.mark.conformance("ASGI-01")
@pytest.mark.parametrize("kind", ["x", "HTTP", "webtransport", ""])
async def test_unknown_connection_type_raises_configuration_error(api: Api, kind: str) -> None:
    """The guard has no rule for it."""
    with pytest.raises(ConfigurationError, match="can't be guarded"):
        await api.send("GET", "/r", bearer(api.token()), type=kind)


@pytest.mark.conformance("ASGI-02")
@pytest.mark.parametrize("name", [b"Authorization", b"AUTHORIZATION", b"authorization"])
async def test_header_name_is_case_insensitive(api: Api, name: bytes) -> None:
    """Servers send lower case, but ASGI middleware in between may not."""
    expect(await api.send("GET", "/r", [(name, f"Bearer {api.token()}".encode())]), "200")


@pytest.mark.conformance("ASGI-03")
@pytest.mark.parametrize("headers", ["good", "none"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_connection_of_the_caller_is_not_modified(api: Api, kind: str, headers: str) -> None:
    """The dictionary is unchanged, nested values included."""
    fields = bearer(api.token()) if headers == "good" else ()
    connection = (
        http("GET", "/r", fields) if kind == "http" else websocket("/ws", fields, denial=True)
    )
    connection[SEEN] = []
    before = copy.deepcopy(connection)
    messages = iter(visit())

    async def receive() -> Message:
        return next(messages)

    async def send(_: Message) -> None:
        return

    await api.application(connection, receive, send)
    assert len(connection.pop(SEEN)) == (headers == "good")
    assert connection == {name: value for name, value in before.items() if name != SEEN}


@pytest.mark.conformance("ASGI-04")
@pytest.mark.parametrize("rejection", rows(*BY_MIDDLEWARE))
async def test_rejected_handshake_gets_the_response_of_http(rejection: Rejection) -> None:
    """Status, header fields and body are equal, and `connect` is received first."""
    over_http = await rejection.over_http(Api())
    response = await rejection.over_websocket(Api())
    expect_rejection(response)
    assert [each["type"] for each in response.messages] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert response.received == 1
    assert (response.status, response.headers) == (over_http.status, over_http.headers)
    assert response.body == over_http.body


@pytest.mark.conformance("ASGI-05")
@pytest.mark.parametrize("rejection", rows(*BY_MIDDLEWARE))
async def test_rejected_handshake_without_denial_extension_is_closed(
    api: Api, rejection: Rejection
) -> None:
    """Before accept; code 1013 for an outage, 1008 for every other rejection."""
    response = await rejection.over_websocket(api, denial=False)
    code = 1013 if rejection.outcome == "503" else 1008
    assert response.messages == [{"type": "websocket.close", "code": code}]
    assert not response.seen


@pytest.mark.conformance("ASGI-06")
async def test_accepted_websocket_receives_every_message() -> None:
    """The application receives `websocket.connect` itself."""
    received: list[Message] = []

    async def app(_connection: Message, receive: Any, send: Any) -> None:
        received.append(await receive())
        await send({"type": "websocket.accept"})
        received.append(await receive())

    api = Api(app=app)
    response = await api.connect("/ws", bearer(api.token()))
    assert received == list(visit())
    assert response.messages == [{"type": "websocket.accept"}]


@pytest.mark.conformance("ASGI-09")
@pytest.mark.parametrize("rejection", rows(*REJECTIONS))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_rejection_is_one_start_and_one_body(
    api: Api, rejection: Rejection, method: str
) -> None:
    """Header names are lower-case bytes, and Content-Length is correct."""
    response = await rejection.over_http(api, method)
    start, body = response.messages
    assert start["type"] == "http.response.start"
    assert body["type"] == "http.response.body"
    assert not body.get("more_body", False)
    for name, value in start["headers"]:
        assert isinstance(name, bytes)
        assert isinstance(value, bytes)
        assert name == name.lower()
    (length,) = response.lines("content-length")
    assert method == "HEAD" or int(length) == len(response.body)


@pytest.mark.conformance("ASGI-10")
@pytest.mark.parametrize("error", [LookupError("mine"), asyncio.CancelledError()], ids=repr)
@pytest.mark.parametrize("started", [False, True], ids=["before the start", "after the start"])
async def test_exception_of_the_application_passes_through(
    error: BaseException, started: bool
) -> None:
    """The same exception object leaves the middleware, and the current identity is reset."""
    sent: list[Message] = []

    async def app(_connection: Message, _receive: Any, send: Any) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    api = Api(app=app)
    connection = http("GET", "/r", bearer(api.token())) | {SEEN: []}
    with pytest.raises(type(error)) as raised:
        await api.application(connection, receive, send)
    assert raised.value is error
    assert len(sent) == started
    assert not current_identity().is_authenticated


@pytest.mark.conformance("ASGI-11")
@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_arbitrary_authorization_never_causes_500(data: st.DataObject) -> None:
    """Drawn bytes in up to two fields; only the valid token gets 200."""
    api = Api()
    good = f"Bearer {api.token()}".encode()
    values = st.binary() | st.binary().map(b"Bearer ".__add__) | _mutations(good)
    fields = data.draw(st.lists(values, max_size=2))
    headers = [(b"authorization", value) for value in fields]
    response = asyncio.run(api.send("GET", "/r", headers))
    assert response.status in {200, 400, 401, 403, 413, 503}
    assert (response.status == 200) == (fields == [good])


def _mutations(value: bytes) -> st.SearchStrategy[bytes]:
    """Return a strategy for *value* with a few bytes replaced."""
    place = st.integers(7, len(value) - 1)
    changes = st.lists(st.tuples(place, st.integers(0, 255)), max_size=3)

    def mutate(changes: list[tuple[int, int]]) -> bytes:
        changed = bytearray(value)
        for where, byte in changes:
            changed[where] = byte
        return bytes(changed)

    return changes.map(mutate)


@pytest.mark.conformance("ASGI-12")
async def test_concurrent_requests_keep_their_own_identity() -> None:
    """With 200 concurrent requests, every way to read the identity gives the right one."""
    together = asyncio.Barrier(200)

    async def who(request: Request) -> JSONResponse:
        early = current_identity().subject
        await together.wait()
        late = await asyncio.create_task(_current_subject())
        request.scope[SEEN].append(request.user)
        return JSONResponse([early, late, request.user.subject, request.auth.subject])

    api = Api(routes=[Route("/who", who)])
    names = [f"user-{number}" for number in range(200)]
    responses = await asyncio.gather(*(api.get("/who", api.token(sub=name)) for name in names))
    for name, response in zip(names, responses, strict=True):
        expect(response, "200")
        assert response.body == f'["{name}","{name}","{name}","{name}"]'.encode()
    assert not current_identity().is_authenticated


async def _current_subject() -> str | None:
    return current_identity().subject
