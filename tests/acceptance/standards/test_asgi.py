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
from tests.acceptance.standards.answer import SEEN, Message, http, visit, websocket
from tests.acceptance.standards.api import Api, bearer
from tests.acceptance.standards.outcome import expect, refused
from tests.acceptance.standards.refusals import BY_THE_DOOR, REFUSALS, Refusal, rows

STARTUP: Message = {"type": "lifespan.startup"}
SHUTDOWN: Message = {"type": "lifespan.shutdown"}


async def _live(api: Api, *received: Message) -> list[Message]:
    """Put the application through its lifespan, and return what it sent."""
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
    """It sees both events, in its own connection, and answers both."""
    seen: list[Any] = []

    async def app(connection: Message, receive: Any, send: Any) -> None:
        seen.append(connection)
        for _ in range(2):
            message = await receive()
            seen.append(message)
            await send({"type": f"{message['type']}.complete", "mine": 1})

    sent = await _live(Api(app=app), STARTUP, SHUTDOWN)
    assert seen == [{"type": "lifespan", "asgi": {"version": "3.0"}}, STARTUP, SHUTDOWN]
    assert sent == [
        {"type": "lifespan.startup.complete", "mine": 1},
        {"type": "lifespan.shutdown.complete", "mine": 1},
    ]


@pytest.mark.conformance("ASGI-01")
async def test_an_application_without_lifespan_still_works() -> None:
    """It raises, the server goes on without, and so do we."""

    async def app(connection: Message, _receive: Any, send: Any) -> None:
        assert connection["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    api = Api(app=app)
    with pytest.raises(AssertionError):
        await _live(api, STARTUP)
    expect(await api.get("/r", api.token()), "200")


@pytest.mark.conformance("ASGI-01")
@pytest.mark.parametrize("kind", ["x", "HTTP", "webtransport", ""])
async def test_an_unknown_type_of_connection_is_refused(api: Api, kind: str) -> None:
    """Nobody could say how to guard it."""
    with pytest.raises(ConfigurationError, match="can't be guarded"):
        await api.send("GET", "/r", bearer(api.token()), type=kind)


@pytest.mark.conformance("ASGI-02")
@pytest.mark.parametrize("name", [b"Authorization", b"AUTHORIZATION", b"authorization"])
async def test_header_names_have_no_case(api: Api, name: bytes) -> None:
    """Servers lower them, but ASGI does not oblige whoever stands between."""
    expect(await api.send("GET", "/r", [(name, f"Bearer {api.token()}".encode())]), "200")


@pytest.mark.conformance("ASGI-03")
@pytest.mark.parametrize("headers", ["good", "none"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_the_connection_is_copied(api: Api, kind: str, headers: str) -> None:
    """What the caller handed over is as it was, all the way down."""
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
@pytest.mark.parametrize("refusal", rows(*BY_THE_DOOR))
async def test_a_handshake_is_denied_as_a_request_is_refused(refusal: Refusal) -> None:
    """Status, header fields and body are those over HTTP, after the client has connected."""
    over_http = await refusal.over_http(Api())
    answer = await refusal.over_websocket(Api())
    refused(answer)
    assert [each["type"] for each in answer.messages] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert answer.received == 1
    assert (answer.status, answer.headers) == (over_http.status, over_http.headers)
    assert answer.body == over_http.body


@pytest.mark.conformance("ASGI-05")
@pytest.mark.parametrize("refusal", rows(*BY_THE_DOOR))
async def test_a_handshake_is_closed_where_it_can_not_be_denied(api: Api, refusal: Refusal) -> None:
    """Before it is accepted, and with a code that tells a refusal from an outage."""
    answer = await refusal.over_websocket(api, denial=False)
    code = 1013 if refusal.outcome == "503" else 1008
    assert answer.messages == [{"type": "websocket.close", "code": code}]
    assert not answer.seen


@pytest.mark.conformance("ASGI-06")
async def test_a_permitted_socket_is_transparent() -> None:
    """The application receives everything itself, the connect included."""
    received: list[Message] = []

    async def app(_connection: Message, receive: Any, send: Any) -> None:
        received.append(await receive())
        await send({"type": "websocket.accept"})
        received.append(await receive())

    api = Api(app=app)
    answer = await api.connect("/ws", bearer(api.token()))
    assert received == list(visit())
    assert answer.messages == [{"type": "websocket.accept"}]


@pytest.mark.conformance("ASGI-09")
@pytest.mark.parametrize("refusal", rows(*REFUSALS))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_refusal_is_one_start_and_one_body(api: Api, refusal: Refusal, method: str) -> None:
    """Its header names are lower-case bytes, and its length is right."""
    answer = await refusal.over_http(api, method)
    start, body = answer.messages
    assert start["type"] == "http.response.start"
    assert body["type"] == "http.response.body"
    assert not body.get("more_body", False)
    for name, value in start["headers"]:
        assert isinstance(name, bytes)
        assert isinstance(value, bytes)
        assert name == name.lower()
    (length,) = answer.lines("content-length")
    assert method == "HEAD" or int(length) == len(answer.body)


@pytest.mark.conformance("ASGI-10")
@pytest.mark.parametrize("error", [LookupError("mine"), asyncio.CancelledError()], ids=repr)
@pytest.mark.parametrize("started", [False, True], ids=["before the start", "after the start"])
async def test_what_the_application_raises_passes_through(
    error: BaseException, started: bool
) -> None:
    """The very same exception leaves the middleware, and nobody is the caller any more."""
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
def test_no_authorization_makes_a_500(data: st.DataObject) -> None:
    """Whatever bytes it holds, and however many fields there are."""
    api = Api()
    good = f"Bearer {api.token()}".encode()
    values = st.binary() | st.binary().map(b"Bearer ".__add__) | _mutations(good)
    fields = data.draw(st.lists(values, max_size=2))
    headers = [(b"authorization", value) for value in fields]
    answer = asyncio.run(api.send("GET", "/r", headers))
    assert answer.status in {200, 400, 401, 403, 413, 503}
    assert (answer.status == 200) == (fields == [good])


def _mutations(value: bytes) -> st.SearchStrategy[bytes]:
    """Yield *value* with a few bytes replaced."""
    place = st.integers(7, len(value) - 1)
    changes = st.lists(st.tuples(place, st.integers(0, 255)), max_size=3)

    def mutate(changes: list[tuple[int, int]]) -> bytes:
        changed = bytearray(value)
        for where, byte in changes:
            changed[where] = byte
        return bytes(changed)

    return changes.map(mutate)


@pytest.mark.conformance("ASGI-12")
async def test_identities_never_cross_requests() -> None:
    """Two hundred at once, each with its own, wherever it is looked up."""
    together = asyncio.Barrier(200)

    async def who(request: Request) -> JSONResponse:
        early = current_identity().subject
        await together.wait()
        late = await asyncio.create_task(_current_subject())
        request.scope[SEEN].append(request.user)
        return JSONResponse([early, late, request.user.subject, request.auth.subject])

    api = Api(routes=[Route("/who", who)])
    names = [f"user-{number}" for number in range(200)]
    answers = await asyncio.gather(*(api.get("/who", api.token(sub=name)) for name in names))
    for name, answer in zip(names, answers, strict=True):
        expect(answer, "200")
        assert answer.body == f'["{name}","{name}","{name}","{name}"]'.encode()
    assert not current_identity().is_authenticated


async def _current_subject() -> str | None:
    return current_identity().subject
