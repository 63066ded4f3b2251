"""OwnedEvents: the events of another caller's stream are not replayed."""

from typing import Any

import pytest
from mcp.server.streamable_http import EventMessage, EventStore

from oauth_guard.testing import challenge, missing_token
from tests.builders.mcp_server import GuardedNotes, NotesClient

CALL = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "whoami"}}
VERSION = "2025-11-25"


class _Store(EventStore):
    """A store with numbers as identifiers, so they are guessed easily."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    async def store_event(self, stream_id: str, message: Any) -> str:
        self.events.append((stream_id, message))
        return str(len(self.events))

    async def replay_events_after(self, last_event_id: str, send_callback: Any) -> str | None:
        first = int(last_event_id)
        stream = self.events[first - 1][0]
        for number, (stream_id, message) in enumerate(self.events[first:], first + 1):
            if stream_id == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return None  # so that the stream ends


async def _event_of(client: NotesClient, token: str, session: str) -> str:
    """Call a tool, and return the identifier of the first event of the response."""
    fields = {"mcp_session_id": session, "mcp_protocol_version": VERSION}
    response = await client.post(CALL, token, **fields)
    line = next(line for line in response.text.splitlines() if line.startswith("id: "))
    return line.removeprefix("id: ")


@pytest.mark.conformance("MCP-31")
@pytest.mark.parametrize("other", [{"sub": "u2"}, {"client_id": "c2"}, {"sub": None}], ids=str)
async def test_events_are_replayed_to_their_owner_alone(other: dict[str, Any]) -> None:
    """A thief with a session of its own and the identifier of an event gets nothing."""
    notes = GuardedNotes(app={"event_store": _Store()})
    async with notes.client() as client:
        owner = notes.token("notes", sub="u1", client_id="c1")
        thief = notes.token("notes", **{"sub": "u1", "client_id": "c1", **other})
        session, stolen = await client.open_session(owner), await client.open_session(thief)
        event = await _event_of(client, owner, session)
        for name in (event, event.partition(".")[0], "1", "1.", "x", f"{event}="):
            fields = {"mcp_session_id": stolen, "last_event_id": name}
            replayed = await client.send("GET", thief, b"", **fields)
            assert "u1|u1" not in replayed.text
        fields = {"mcp_session_id": session, "last_event_id": event}
        assert "u1|u1" in (await client.send("GET", owner, b"", **fields)).text
        assert challenge(await client.send("GET", None, b"", **fields)) == missing_token("notes")


async def test_replayed_event_has_an_identifier_to_go_on_with() -> None:
    """It is the same as the first time."""
    notes = GuardedNotes(app={"event_store": _Store()})
    async with notes.client() as client:
        owner = notes.token("notes")
        session = await client.open_session(owner)
        event = await _event_of(client, owner, session)
        replayed = await client.send("GET", owner, mcp_session_id=session, last_event_id=event)
        assert "id: " in replayed.text
        assert all("." in line for line in replayed.text.splitlines() if line.startswith("id: "))
