"""BoundSessions: a session of any MCP server belongs to the caller who opened it."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError
from oauth_guard.asgi import Message
from oauth_guard.mcp import guarded
from tests.builders.lenient_mcp import LenientMCP
from tests.builders.mcp_server import INITIALIZE, NotesClient

PLAIN = {"requires": "notes"}
KEY = b"k" * 32


async def _open(client: NotesClient, token: str) -> str:
    return str((await client.post(INITIALIZE, token)).headers["mcp-session-id"])


@pytest.mark.conformance("MCP-11")
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "HEAD", "PUT", "OPTIONS"])
@pytest.mark.parametrize(
    "other",
    [{"sub": "u2"}, {"client_id": "c2"}, {"sub": None}],
    ids=["subject", "client", "none"],
)
async def test_session_of_another_caller_is_404(method: str, other: dict[str, Any]) -> None:
    """The server does not see the request, and its owner goes on."""
    notes = LenientMCP(rules=PLAIN)
    async with notes.client() as client:
        owner = notes.token("notes", sub="u1", client_id="c1")
        session = await _open(client, owner)
        thief = notes.token("notes", **{"sub": "u1", "client_id": "c1", **other})
        for further in ({}, {"last_event_id": "1"}):
            stolen = await client.send(method, thief, b"", mcp_session_id=session, **further)
            assert stolen.status_code == 404
        assert notes.calls == []
        assert notes.sessions == {"session-0.0"}
        assert (await client.send("GET", owner, mcp_session_id=session)).status_code == 200
        assert notes.calls == ["GET session-0.0"]


@pytest.mark.conformance("MCP-17")
@pytest.mark.parametrize("guess", ["session-0.0", "session-0.0.", "session-0.0.AAAA", "", "."])
async def test_identifier_without_the_tag_of_its_owner_is_404(guess: str) -> None:
    """For its owner too, so that a guess opens nothing."""
    notes = LenientMCP(rules=PLAIN)
    async with notes.client() as client:
        owner = notes.token("notes")
        await _open(client, owner)
        assert (await client.send("GET", owner, mcp_session_id=guess)).status_code == 404
        assert notes.calls == []


@pytest.mark.conformance("MCP-11", "MCP-17")
async def test_tag_of_another_session_is_404() -> None:
    """So a thief's own tag makes no other session the thief's."""
    notes = LenientMCP(rules=PLAIN)
    async with notes.client() as client:
        await _open(client, notes.token("notes", sub="u1"))
        thief = notes.token("notes", sub="u2")
        tag = (await _open(client, thief)).rpartition(".")[2]
        stolen = await client.send("DELETE", thief, mcp_session_id=f"session-0.0.{tag}")
        assert stolen.status_code == 404
        assert notes.calls == []


@pytest.mark.conformance("MCP-11")
async def test_session_without_a_subject_belongs_to_one_token() -> None:
    """A missing subject never equals another one."""
    notes = LenientMCP(rules=PLAIN)
    async with notes.client() as client:
        first, second = (notes.token("notes", sub=None, jti=each) for each in ("1", "2"))
        session = await _open(client, first)
        assert (await client.send("GET", second, mcp_session_id=session)).status_code == 404
        assert (await client.send("GET", first, mcp_session_id=session)).status_code == 200


async def test_two_identifiers_in_one_request_are_both_checked() -> None:
    """The server might read either."""
    notes = LenientMCP(rules=PLAIN)
    async with notes.client() as client:
        owner, thief = notes.token("notes", sub="u1"), notes.token("notes", sub="u2")
        sessions = [await _open(client, owner), await _open(client, thief)]
        fields = [("authorization", f"Bearer {thief}")]
        fields += [("mcp-session-id", each) for each in sessions]
        response = await client.http.request("GET", "http://localhost:8000/mcp", headers=fields)
        assert response.status_code == 404
        assert notes.calls == []


@pytest.mark.parametrize(("other_key", "status"), [(KEY, 200), (b"o" * 32, 404), (None, 404)])
async def test_processes_with_one_key_serve_the_same_sessions(
    other_key: bytes | None, status: int
) -> None:
    """Another key, or a random one, is that of another process."""
    notes = LenientMCP(rules={**PLAIN, "session_key": KEY})
    async with notes.client() as client:
        token = notes.token("notes")
        session = await _open(client, token)
    notes.application = guarded(notes.inner, notes.guard, requires="notes", session_key=other_key)
    async with notes.client() as client:
        response = await client.send("GET", token, mcp_session_id=session)
        assert response.status_code == status


def test_short_key_is_refused() -> None:
    """It could be guessed."""
    with pytest.raises(ConfigurationError, match="at least 32 secret bytes"):
        LenientMCP(rules={**PLAIN, "session_key": b"short"})


async def test_public_path_is_served_without_a_caller() -> None:
    """A session is not checked there, as nothing is."""
    notes = LenientMCP(rules={"public": ["/mcp"]})
    async with notes.client() as client:
        assert (await client.send("GET", mcp_session_id="session-0.0")).status_code == 404
        assert (await client.send("GET")).status_code == 200


async def test_socket_with_the_session_of_another_is_closed() -> None:
    """Before it is accepted."""
    notes = LenientMCP(rules=PLAIN)
    fields = [
        (b"authorization", f"Bearer {notes.token('notes')}".encode()),
        (b"mcp-session-id", b"session-0.0"),
    ]
    connection = {"type": "websocket", "path": "/mcp", "headers": fields, "query_string": b""}
    sent = list[Message]()

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await notes.application({**connection, "scheme": "ws"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert notes.calls == []
