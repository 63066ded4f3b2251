"""ASGI messages are read, sent and changed as the specification says, within limits."""

import asyncio
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.asgi import (
    Message,
    Receive,
    deny_handshake,
    read_body,
    send_response,
    with_empty_body,
    with_headers,
    with_private_cache,
    with_response_headers,
)
from oauth_guard.errors import Reason, RequestTooLarge
from oauth_guard.protocol.challenge import Rejection
from tests.unit.protocol.properties import BOUNDED

LIMIT = 64 * 1024
GONE: Message = {"type": "http.disconnect"}


def chunk(body: bytes, *, more: bool = False) -> Message:
    """Return a piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


def telling(*messages: Message) -> Receive:
    """Return what receives these messages, and then no more."""
    rest = iter(messages)

    async def receive() -> Message:
        return next(rest)

    return receive


class Sent(list[Message]):
    """Everything that was sent, in order."""

    async def __call__(self, message: Message) -> None:
        """Send."""
        self.append(message)


@pytest.mark.parametrize(
    ("messages", "body", "again"),
    [
        pytest.param([chunk(b"abc")], b"abc", [chunk(b"abc")], id="one piece"),
        pytest.param([chunk(b"")], b"", [chunk(b"")], id="no body"),
        pytest.param([{"type": "http.request"}], b"", [chunk(b"")], id="all left out"),
        pytest.param(
            [chunk(b"a", more=True), chunk(b"b", more=True), chunk(b"c")],
            b"abc",
            [chunk(b"abc")],
            id="three pieces",
        ),
        pytest.param(
            [chunk(b"a", more=True), chunk(b"", more=True), chunk(b"")],
            b"a",
            [chunk(b"a")],
            id="empty pieces",
        ),
        pytest.param([chunk(b"a" * LIMIT)], b"a" * LIMIT, [chunk(b"a" * LIMIT)], id="the longest"),
        pytest.param(
            [chunk(b"a", more=True), GONE],
            b"a",
            [chunk(b"a", more=True), GONE],
            id="gone in the middle",
        ),
        pytest.param([GONE], b"", [chunk(b"", more=True), GONE], id="gone before"),
    ],
)
async def test_body_that_was_read_is_received_again_in_one_piece(
    messages: Sequence[Message], body: bytes, again: Sequence[Message]
) -> None:
    """A disconnect, and the messages after it, are received as they come."""
    after: Message = {"type": "http.disconnect", "after": True}
    read, receive = await read_body(telling(*messages, after))
    assert read == body
    assert [await receive() for _ in again] == again
    assert await receive() is after


@pytest.mark.parametrize(
    ("pieces", "heard"),
    [
        pytest.param([b"a" * (LIMIT + 1)], 1, id="one byte more"),
        pytest.param([b"a" * LIMIT, b"a", b"never read"], 2, id="a byte in a second piece"),
        pytest.param([b"a" * 1024] * 1024, 65, id="a megabyte"),
    ],
)
async def test_body_over_the_limit_is_not_read_to_its_end(
    pieces: Sequence[bytes], heard: int
) -> None:
    """At most the limit and one piece are in memory."""
    rest = [chunk(piece, more=True) for piece in pieces]

    async def receive() -> Message:
        return rest.pop(0)

    with pytest.raises(RequestTooLarge) as caught:
        await read_body(receive)
    assert len(pieces) - len(rest) == heard
    assert (caught.value.status, caught.value.reason) == (413, Reason.BODY_TOO_LARGE)


@pytest.mark.parametrize("piece", [b"", b"a"], ids=["empty", "of a byte"])
async def test_body_in_small_pieces_takes_no_more_memory_than_its_bytes(piece: bytes) -> None:
    """A client can't make us keep one message for each byte."""

    def pieces() -> Iterator[Message]:
        for _ in range(LIMIT - 1):
            yield chunk(piece, more=True)
        yield chunk(b"")

    rest = pieces()

    async def receive() -> Message:
        return next(rest)

    tracemalloc.start()
    try:
        body, _ = await read_body(receive)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(body) == len(piece) * (LIMIT - 1)
    assert most < 5 * LIMIT


@BOUNDED
@given(st.lists(st.binary(max_size=9), min_size=1), st.booleans())
def test_any_body_is_the_same_when_it_is_received_again(pieces: list[bytes], gone: bool) -> None:
    """Byte by byte, however it was split, to its end or to the disconnect."""
    messages = [chunk(piece, more=True) for piece in pieces]
    messages.append(GONE if gone else chunk(b""))

    async def read_twice() -> tuple[bytes, bytes, bool]:
        first, receive = await read_body(telling(*messages))
        again, message = b"", chunk(b"", more=True)
        while message.get("more_body", False):
            message = await receive()
            again += message.get("body", b"")
        return first, again, message == GONE

    assert asyncio.run(read_twice()) == (b"".join(pieces), b"".join(pieces), gone)


@pytest.mark.parametrize(("method", "body"), [("GET", b"abc"), ("HEAD", b"")])
async def test_response_is_one_start_and_one_body(method: str, body: bytes) -> None:
    """To HEAD the body is left out, but not its length."""
    sent = Sent()
    await send_response(sent, method, 418, [(b"content-length", b"3")], b"abc")
    start = {
        "type": "http.response.start",
        "status": 418,
        "headers": [(b"content-length", b"3")],
    }
    assert sent == [start, {"type": "http.response.body", "body": body}]


@pytest.mark.parametrize(
    ("extensions", "status", "types"),
    [
        pytest.param(
            {"websocket.http.response": {}},
            401,
            ["websocket.http.response.start", "websocket.http.response.body"],
            id="over HTTP",
        ),
        pytest.param({}, 401, [1008], id="by closing"),
        pytest.param(None, 503, [1013], id="by closing in an outage"),
    ],
)
async def test_rejected_handshake_is_denied_or_closed_with_a_code(
    extensions: object, status: int, types: list[object]
) -> None:
    """As the server supports it; the code distinguishes a rejection from an outage."""
    sent = Sent()
    connect = telling({"type": "websocket.connect"})
    await deny_handshake(Rejection(status, (), b""), {"extensions": extensions}, connect, sent)
    assert [each.get("code", each["type"]) for each in sent] == types


async def test_handshake_of_a_client_that_has_disconnected_is_not_denied() -> None:
    """The server could not send the response."""
    sent = Sent()
    gone = telling({"type": "websocket.disconnect", "code": 1006})
    await deny_handshake(Rejection(401, (), b""), {}, gone, sent)
    assert sent == []


ALLOWED = (b"access-control-allow-origin", b"https://app.example.com")
VARY = (b"vary", b"origin")


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        pytest.param([VARY], [VARY, ALLOWED], id="added"),
        pytest.param(
            [(b"Access-Control-Allow-Origin", b"*")],
            [(b"Access-Control-Allow-Origin", b"*")],
            id="the application did it",
        ),
    ],
)
async def test_cors_fields_are_added_unless_the_application_has_set_them(
    headers: list[tuple[bytes, bytes]], sent: list[tuple[bytes, bytes]]
) -> None:
    """To the start of a response."""
    messages = Sent()
    send = with_headers([ALLOWED], messages)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"abc"})
    assert messages[0]["headers"] == sent
    assert messages[1] == {"type": "http.response.body", "body": b"abc"}


async def test_response_without_body_keeps_only_status_and_headers() -> None:
    """Length, body, trailers and everything else are removed."""
    sent = Sent()
    send = with_empty_body(sent)
    headers = [(b"Content-Length", b"3"), VARY]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
    await send({"type": "http.response.body", "body": b"abc", "more_body": True})
    await send({"type": "http.response.trailers", "headers": [VARY]})
    start = {"type": "http.response.start", "status": 200, "headers": [VARY], "trailers": False}
    assert sent == [start, {"type": "http.response.body", "body": b"", "more_body": True}]


async def control(
    values: Iterable[bytes], status: int = 200, name: bytes = b"cache-control"
) -> list[bytes]:
    """Return the Cache-Control lines of a response that had these before."""
    sent = Sent()
    headers = [VARY, *((name, value) for value in values)]
    await with_private_cache(sent)(
        {"type": "http.response.start", "status": status, "headers": headers}
    )
    assert sent[0]["headers"][0] == VARY
    return [value for _, value in sent[0]["headers"][1:]]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        pytest.param([], b"private", id="none"),
        pytest.param([b""], b"private", id="an empty one"),
        pytest.param([b"private"], b"private", id="private"),
        pytest.param([b"no-store"], b"private, no-store", id="no-store"),
        pytest.param([b"public, max-age=60"], b"private, max-age=60", id="public"),
        pytest.param([b"PUBLIC ,max-age=60"], b"private, max-age=60", id="public in another case"),
        pytest.param([b'public="x", no-cache'], b"private, no-cache", id="public with a value"),
        pytest.param([b"public", b"max-age=60"], b"private, max-age=60", id="in two lines"),
        pytest.param([b'private="set-cookie"'], b"private", id="private for one field"),
        pytest.param([b'private="a, b", x'], b"private, x", id="private for two fields"),
        pytest.param([b'no-cache="a, public"'], b'private, no-cache="a, public"', id="quoted"),
        pytest.param([rb'x="a\"b, public, c"'], rb'private, x="a\"b, public, c"', id="escaped"),
        pytest.param([b'x="a, public, y'], b"private, x=, a, y", id="a quote that has no end"),
        pytest.param([b",, ,no-store,"], b"private, no-store", id="nothing between commas"),
        pytest.param([b"notpublic"], b"private, notpublic", id="a longer word"),
    ],
)
async def test_successful_response_becomes_private(values: list[bytes], kept: bytes) -> None:
    """In one line that begins with `private`; other directives stay, or are narrowed."""
    assert await control(values) == [kept]
    assert await control(values, name=b"Cache-Control") == [kept]


@pytest.mark.parametrize("status", [200, 204, 206, 299])
async def test_response_with_any_successful_status_becomes_private(status: int) -> None:
    """Whatever kind of success it is."""
    assert await control([], status) == [b"private"]


@pytest.mark.parametrize("status", [199, 300, 304, 404, 503])
async def test_unsuccessful_response_keeps_its_cache_control(status: int) -> None:
    """A cache may know by itself what to do with it (RFC 9111)."""
    assert await control([b"public"], status) == [b"public"]


async def test_response_without_headers_becomes_private() -> None:
    """ASGI allows an application to leave them out; its body is not changed."""
    sent = Sent()
    send = with_private_cache(sent)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"abc"})
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"cache-control", b"private")],
    }
    assert sent == [start, {"type": "http.response.body", "body": b"abc"}]


@BOUNDED
@given(st.lists(st.binary(max_size=9) | st.sampled_from([b'"', b",", b"public", b"\\"])))
def test_no_directive_of_the_application_makes_a_response_public(pieces: list[bytes]) -> None:
    """Whatever it looks like, `private` comes first, where no quote is open."""
    (line,) = asyncio.run(control([b"".join(pieces)]))
    assert line.partition(b",")[0] == b"private"


@pytest.mark.parametrize(
    "start", ["http.response.start", "websocket.accept", "websocket.http.response.start"]
)
async def test_header_fields_are_added_to_the_beginning_of_a_response(start: str) -> None:
    """`Cache-Control` is replaced, other fields of the same name stay, and bodies too."""
    sent = Sent()
    fields = [(b"vary", b"client-cert"), (b"cache-control", b"no-store")]
    send = with_response_headers(fields, sent)
    own = [(b"Cache-Control", b"public"), (b"Vary", b"origin")]
    await send({"type": start, "headers": own})
    await send({"type": start})
    await send({"type": "http.response.body", "body": b"abc"})
    assert sent == [
        {"type": start, "headers": [own[1], *fields]},
        {"type": start, "headers": fields},
        {"type": "http.response.body", "body": b"abc"},
    ]


async def test_cache_control_stays_where_no_other_is_added() -> None:
    """Fields that are added do not remove others."""
    sent = Sent()
    own = [(b"cache-control", b"public")]
    send = with_response_headers([(b"vary", b"client-cert")], sent)
    await send({"type": "http.response.start", "headers": own})
    assert sent[0]["headers"] == [*own, (b"vary", b"client-cert")]
