"""MessageCheck: an MCP server of any kind is reached by messages that its caller may send."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.asgi import Message
from oauth_guard.mcp import guarded
from oauth_guard.testing import MovableClock, challenge, insufficient_scope, missing_token
from tests.builders.lenient_mcp import LenientMCP
from tests.builders.mcp_server import INITIALIZE, LEGACY, MODERN, RESOURCE, RULES

BOTH = ("notes", "notes:write")
CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "delete"},
}
WHOAMI: dict[str, Any] = {**CALL, "params": {"name": "whoami"}}
_BODY = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{%s}}'


@pytest.mark.conformance("MCP-04", "MCP-15")
@pytest.mark.parametrize("revision", [LEGACY, MODERN])
async def test_tool_needs_its_scope_before_a_stream_begins(revision: str) -> None:
    """The server has received nothing; with the scope it receives the body as it was sent."""
    notes = LenientMCP()
    async with notes.client() as client:
        rejected = await client.call_tool(revision, notes.token("notes"), "delete")
        assert challenge(rejected) == insufficient_scope(*BOTH)
        assert notes.calls == []
        granted = await client.call_tool(revision, notes.token(*BOTH), "delete")
        assert granted.status_code == 200
        assert granted.headers["content-type"].startswith("text/event-stream")
        assert notes.calls == ["delete"]


@pytest.mark.conformance("MCP-15")
async def test_missing_base_scope_names_the_scope_of_the_tool_too() -> None:
    """A message that can't be read names the base scope alone."""
    notes = LenientMCP()
    async with notes.client() as client:
        token = notes.token("notes:write")
        assert challenge(await client.post(CALL, token)) == insufficient_scope(*BOTH)
        assert challenge(await client.send("POST", token, b"[]")) == insufficient_scope("notes")
        assert challenge(await client.send("POST")) == missing_token("notes")


@pytest.mark.conformance("MCP-15")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET", "DELETE"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[%s,%s]" % (_BODY % b'"name":"whoami"', _BODY % b'"name":"delete"'), 400),
        (b"[%s]" % (_BODY % b'"name":"delete"'), 400),
        (_BODY % b'"name":"whoami","name":"delete"', 400),
        (_BODY % b'"name":"whoami","Name":"delete"', 400),
        (_BODY % b'"name":"DELETE"', 403),
        (_BODY % b'"name":" delete "', 403),
        (_BODY.replace(b'"id":1,', b"") % b'"name":"delete"', 403),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (_BODY % b'"name":"delete","pad":"%s"' % (b"x" * 10_000_000), 413),
    ],
    ids=[
        *("batch", "batch of one", "two names", "other case", "look-alike", "white space"),
        *("notification", "bytes", "deep", "10 MB"),
    ],
)
async def test_hostile_message_does_not_reach_the_server(
    method: str, body: bytes, status: int
) -> None:
    """Over any method, since the server might read a body there."""
    notes = LenientMCP()
    async with notes.client() as client:
        response = await client.send(method, notes.token("notes"), body)
        assert response.status_code == status
        assert notes.calls == []


@pytest.mark.conformance("MCP-15", "MCP-16")
@pytest.mark.parametrize(
    "fields",
    [{"mcp_name": "whoami"}, {"mcp_method": "tools/list"}],
    ids=["name", "method"],
)
async def test_field_that_differs_from_the_body_is_400(fields: dict[str, str]) -> None:
    """With the JSON-RPC error of the specification, for the request that it is about."""
    notes = LenientMCP()
    async with notes.client() as client:
        response = await client.post(CALL, notes.token(*BOTH), **fields)
        assert response.status_code == 400
        error = {"code": -32020, "message": "The header fields do not match the body."}
        assert response.json() == {"jsonrpc": "2.0", "id": 1, "error": error}
        assert notes.calls == []


async def test_unreadable_message_is_400_for_no_request() -> None:
    """With `debug=True` the developer sees the reason."""
    notes = LenientMCP(guard={"debug": True})
    async with notes.client() as client:
        response = await client.send("POST", notes.token("notes"), b"{")
        assert response.status_code == 400
        assert response.json()["id"] is None
        assert response.json()["error"] == {
            "code": -32600,
            "message": "The body must be one JSON-RPC message in strict JSON.",
            "data": "malformed_message",
        }


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("notes://all", ["notes", "all"]),
        ("notes://%61ll", ["notes", "all"]),
        ("notes://one/7", ["notes", "one"]),
        ("notes://two/../all", []),
    ],
)
async def test_resource_needs_its_scope(uri: str, expected: list[str]) -> None:
    """However its URI is spelled; what a server might resolve to another one is denied."""
    rules = {"notes://all": "all", "notes://one/{number}": "one"}
    notes = LenientMCP(rules={"requires": "notes", "resources": rules})
    message = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}}
    async with notes.client() as client:
        rejected = await client.post(message, notes.token("notes"))
        assert challenge(rejected) == insufficient_scope(*expected)
        assert notes.calls == []


async def test_socket_is_rejected_where_there_are_rules() -> None:
    """Its messages can't be checked."""
    notes = LenientMCP()
    sent = list[Message]()
    await notes.application(_connection(notes, "websocket"), _connect, _appending(sent))
    assert sent[-1] == {"type": "websocket.close", "code": 1008}
    assert notes.calls == []
    notes = LenientMCP(rules={"requires": "notes"})
    await notes.application(_connection(notes, "websocket"), _connect, _appending(sent))
    assert notes.calls == ["socket"]


async def test_public_path_takes_any_body() -> None:
    """No token is looked at there, and so no message."""
    rules = {"tools": {"delete": "notes:write"}, "public": ["POST /upload"]}
    notes = LenientMCP(rules=rules)
    async with notes.client() as client:
        response = await client.http.post("http://localhost:8000/upload", content=b'{"a": 1}')
        assert response.status_code == 202


async def test_empty_body_is_a_message_of_no_other_method_than_post() -> None:
    """So a stream is opened and a session is ended without one."""
    notes = LenientMCP()
    async with notes.client() as client:
        token = notes.token("notes")
        session = (await client.post(INITIALIZE, token)).headers["mcp-session-id"]
        assert (await client.send("GET", token, mcp_session_id=session)).status_code == 200
        assert (await client.send("POST", token, mcp_session_id=session)).status_code == 400
        assert (await client.send("DELETE", token, mcp_session_id=session)).status_code == 200
        assert notes.calls == ["GET session-0.0", "DELETE session-0.0"]


async def test_slow_body_delays_no_other_caller() -> None:
    """Each waits for its own; a whole message that comes in pieces is served."""
    notes = LenientMCP()
    gate = asyncio.Event()
    body = json.dumps(CALL).encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:10]
        await gate.wait()
        yield body[10:]

    async with notes.client() as client:
        headers = {
            "authorization": f"Bearer {notes.token(*BOTH)}",
            "content-type": "application/json",
        }
        slow = [
            asyncio.create_task(client.http.post(RESOURCE, content=pieces(), headers=headers))
            for _ in range(50)
        ]
        assert (await client.post(WHOAMI, notes.token("notes"))).status_code == 200
        assert notes.calls == ["whoami"]
        gate.set()
        responses: list[httpx.Response] = await asyncio.gather(*slow)
        assert {each.status_code for each in responses} == {200}
        assert notes.calls == ["whoami", *["delete"] * 50]


async def test_token_that_ends_while_the_body_arrives_is_rejected() -> None:
    """What is sent after its end is not served."""
    clock = MovableClock()
    notes = LenientMCP()
    issuer = JWTIssuer("https://login.example.com", leeway=0, http=notes.issuer.http)
    notes.guard = Guard(RESOURCE, [issuer], clock=clock)
    notes.application = guarded(notes.inner, notes.guard, **RULES)
    sent = list[Message]()
    messages = [{"type": "http.request", "body": json.dumps(WHOAMI).encode(), "more_body": True}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        clock.advance(3600)
        return {"type": "http.request", "body": b" "}

    connection = _connection(notes, "http", notes.token("notes", exp=clock() + 60))
    await notes.application(connection, receive, _appending(sent))
    assert sent[0]["status"] == 401
    assert notes.calls == []


@pytest.mark.parametrize("body", [b"", json.dumps(WHOAMI).encode()], ids=["none", "whole"])
async def test_disconnection_before_the_end_of_the_body_calls_nothing(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent, and no rejection is logged."""
    notes = LenientMCP()
    messages: list[Message] = [
        {"type": "http.request", "body": body, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = list[Message]()

    async def receive() -> Message:
        return messages.pop(0)

    await notes.application(_connection(notes, "http"), receive, _appending(sent))
    assert sent == []
    assert notes.calls == []
    assert [each for each in caplog.records if each.name == "oauth_guard"] == []


def _connection(notes: LenientMCP, kind: str, token: str | None = None) -> dict[str, Any]:
    value = f"Bearer {token or notes.token('notes')}".encode()
    return {
        "type": kind,
        "method": "POST",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "scheme": "http" if kind == "http" else "ws",
        "headers": [(b"authorization", value), (b"content-type", b"application/json")],
    }


async def _connect() -> Message:
    return {"type": "websocket.connect"}


def _appending(sent: list[Message]) -> Any:
    async def send(message: Message) -> None:
        sent.append(message)

    return send
