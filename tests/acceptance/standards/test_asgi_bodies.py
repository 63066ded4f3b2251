"""ASGI 3.0: bodies and queries that may carry a token (section 33 of the conformance matrix)."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.acceptance.standards.api import Api, plain
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers, Message, http, run

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
async def test_form_that_was_read_is_replayed(pieces: list[str]) -> None:
    """The application receives the same body, then the disconnect."""
    body, after = await _received(pieces)
    assert body == _filled(pieces)
    assert after == {"type": "http.disconnect"}


@pytest.mark.conformance("ASGI-08")
@pytest.mark.parametrize("pieces", [["{form}"], ["{form}", "&b="]], ids=str)
async def test_disconnect_inside_a_form_reaches_the_application(pieces: list[str]) -> None:
    """It receives the part that arrived with `more_body`, then the disconnect."""
    body, after = await _received(pieces, whole=False)
    assert body == _filled(pieces)
    assert after == {"type": "http.disconnect"}


FORM_TOKEN = Api().token()


def _filled(pieces: list[str]) -> bytes:
    return "".join(pieces).format(form=f"access_token={FORM_TOKEN}").encode()


async def _received(pieces: list[str], *, whole: bool = True) -> tuple[bytes, Message]:
    """Return the body that the application received, and the message after it."""
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
    messages: list[Message] = [
        {"type": "http.request", "body": _filled([piece]), "more_body": True} for piece in pieces
    ]
    if whole:
        messages[-1]["more_body"] = False
    response = await run(api.application, http("POST", "/r", headers), [*messages, *[GONE] * 2])
    expect(response, "200")
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
async def test_body_that_can_carry_no_token_is_not_read(
    method: str, target: str, more: Headers
) -> None:
    """Public paths, preflights, metadata, and content that is not a form."""
    api = Api(
        app=plain,
        guard={"bearer_methods": ["header", "body"]},
        middleware={"public": ["POST /health"]},
    )
    response = await api.send(method, target, (*FORM, *more), chunks=[b"access_token=x"])
    assert response.received == 0


_TERMS = st.sampled_from([b"access_token", b"access%5Ftoken", b"=", b"&", b"%", b"+", b";", b"\0"])
_PARAMETERS = st.lists(_TERMS | st.binary(max_size=3) | st.just(b"{T}")).map(b"".join)


@pytest.mark.conformance("ASGI-11")
@settings(max_examples=200, deadline=None)
@given(query=_PARAMETERS, form=_PARAMETERS, gone=st.booleans())
def test_arbitrary_query_or_form_never_causes_500(query: bytes, form: bytes, gone: bool) -> None:
    """Drawn bytes, split anywhere, complete or cut off; only a valid token gets 200."""
    api = Api(app=plain, guard={"bearer_methods": ["header", "body", "query"]})
    token = api.token().encode()
    query, form = query.replace(b"{T}", token), form.replace(b"{T}", token)
    connection = http("POST", "/r", FORM)
    messages: list[Message] = [
        {"type": "http.request", "body": form[at : at + 7], "more_body": True}
        for at in range(0, len(form), 7)
    ]
    messages.append(GONE if gone else {"type": "http.request", "body": b""})
    sent = run(api.application, connection | {"query_string": query}, messages)
    response = asyncio.run(sent)
    assert response.status in {200, 400, 401, 413}
    assert response.status != 200 or b"=" + token in query + form


@pytest.mark.conformance("ASGI-11")
@pytest.mark.parametrize("where", ["query", "form"])
def test_valid_query_or_form_is_accepted(where: str) -> None:
    """The drawn inputs above are therefore not rejected for another reason."""
    api = Api(app=plain, guard={"bearer_methods": ["header", "body", "query"]})
    good = f"access_token={api.token()}"
    headers = FORM
    target, form = ("/r", [good.encode()]) if where == "form" else (f"/r?{good}", [])
    expect(asyncio.run(api.send("POST", target, headers, chunks=form)), "200")
