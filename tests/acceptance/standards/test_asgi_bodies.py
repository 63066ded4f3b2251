"""ASGI 3.0, what becomes of a body or query that may carry a token (section 33 of the matrix)."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.acceptance.standards.answer import Headers, Message, http, run
from tests.acceptance.standards.api import Api, plain
from tests.acceptance.standards.outcome import expect

GONE: Message = {"type": "http.disconnect"}
PREFLIGHT = (
    (b"origin", b"https://app.example.com"),
    (b"access-control-request-method", b"POST"),
)
FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


@pytest.mark.conformance("ASGI-08")
@pytest.mark.parametrize(
    "pieces", [["{form}"], ["a=1&", "{form}", "&b=2"], ["", "{form}", ""]], ids=str
)
async def test_a_body_that_was_read_is_told_again(pieces: list[str]) -> None:
    """The application gets the same, and then hears that the client is gone."""
    body, after = await _heard(pieces)
    assert body == _filled(pieces)
    assert after == {"type": "http.disconnect"}


@pytest.mark.conformance("ASGI-08")
@pytest.mark.parametrize("pieces", [["{form}"], ["{form}", "&b="]], ids=str)
async def test_a_client_that_leaves_in_the_middle_is_gone(pieces: list[str]) -> None:
    """The application gets what came, hears that more was to come, and that it never will."""
    body, after = await _heard(pieces, whole=False)
    assert body == _filled(pieces)
    assert after == {"type": "http.disconnect"}


FORM_TOKEN = Api().token()


def _filled(pieces: list[str]) -> bytes:
    return "".join(pieces).format(form=f"access_token={FORM_TOKEN}").encode()


async def _heard(pieces: list[str], *, whole: bool = True) -> tuple[bytes, Message]:
    """Return the body that the application was told, and what it was told after it."""
    body = b""
    after: Message = {}

    async def app(_connection: Message, receive: Any, send: Any) -> None:
        nonlocal body, after
        message: Message = {"more_body": True}
        while message.get("more_body", False):
            message = await receive()
            body += message.get("body", b"")
        after = message if message["type"] == "http.disconnect" else await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    api = Api(app=app, guard={"bearer_methods": ["header", "body"]})
    headers = FORM
    told: list[Message] = [
        {"type": "http.request", "body": _filled([piece]), "more_body": True} for piece in pieces
    ]
    if whole:
        told[-1]["more_body"] = False
    answer = await run(api.application, http("POST", "/r", headers), [*told, *[GONE] * 2])
    expect(answer, "200")
    return body, after


@pytest.mark.conformance("ASGI-08")
@pytest.mark.parametrize(
    ("method", "target", "more"),
    [
        ("POST", "/health", ()),
        ("OPTIONS", "/r", PREFLIGHT),
        ("GET", "/.well-known/oauth-protected-resource", ()),
        ("HEAD", "/.well-known/oauth-protected-resource", ()),
        ("GET", "/r", ()),
        ("POST", "/r", ((b"content-type", b"text/plain"),)),
    ],
)
async def test_what_carries_no_token_is_not_read(method: str, target: str, more: Headers) -> None:
    """Public paths, preflights, metadata, and whatever is no form."""
    api = Api(
        app=plain,
        guard={"bearer_methods": ["header", "body"]},
        middleware={"public": ["POST /health"]},
    )
    answer = await api.send(method, target, (*FORM, *more), chunks=[b"access_token=x"])
    assert answer.received == 0


_WORDS = st.sampled_from([b"access_token", b"access%5Ftoken", b"=", b"&", b"%", b"+", b";", b"\0"])
_PARAMETERS = st.lists(_WORDS | st.binary(max_size=3) | st.just(b"{T}")).map(b"".join)


@pytest.mark.conformance("ASGI-11")
@settings(max_examples=200, deadline=None)
@given(query=_PARAMETERS, form=_PARAMETERS, gone=st.booleans())
def test_no_query_or_form_makes_a_500(query: bytes, form: bytes, gone: bool) -> None:
    """Whatever bytes they hold, however they are cut, and whether or not they end."""
    api = Api(app=plain, guard={"bearer_methods": ["header", "body", "query"]})
    token = api.token().encode()
    query, form = query.replace(b"{T}", token), form.replace(b"{T}", token)
    connection = http("POST", "/r", FORM)
    told: list[Message] = [
        {"type": "http.request", "body": form[at : at + 7], "more_body": True}
        for at in range(0, len(form), 7)
    ]
    told.append(GONE if gone else {"type": "http.request", "body": b""})
    sent = run(api.application, connection | {"query_string": query}, told)
    answer = asyncio.run(sent)
    assert answer.status in {200, 400, 401, 413}
    assert answer.status != 200 or b"=" + token in query + form


@pytest.mark.conformance("ASGI-11")
@pytest.mark.parametrize("where", ["query", "form"])
def test_a_good_query_or_form_is_good(where: str) -> None:
    """So that the bytes above are not refused for another reason."""
    api = Api(app=plain, guard={"bearer_methods": ["header", "body", "query"]})
    good = f"access_token={api.token()}"
    headers = FORM
    target, form = ("/r", [good.encode()]) if where == "form" else (f"/r?{good}", [])
    expect(asyncio.run(api.send("POST", target, headers, chunks=form)), "200")
