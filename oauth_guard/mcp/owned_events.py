"""OwnedEvents: the events of a stream are replayed only to the caller whose stream it was."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from oauth_guard.mcp.caller import current_user
from oauth_guard.mcp.owner_tags import OwnerTags, owner_of

__all__ = ["OwnedEvents"]


class OwnedEvents:
    """An event store of the package mcp, whose event identifiers are signed for their owners.

    The package finds the events after a `Last-Event-ID` by that identifier alone, whichever the
    session. Another caller's identifier finds nothing here.

    Args:
        store: The store, whose own identifiers it sees.
        tags: Signs identifiers.
    """

    def __init__(self, store: Any, tags: OwnerTags) -> None:
        self.store = store
        self._tags = tags

    async def store_event(self, stream_id: str, message: Any) -> str:
        """Store an event, and return its identifier with the tag of its owner."""
        return self._tagged(await self.store.store_event(stream_id, message))

    async def replay_events_after(
        self, last_event_id: str, send_callback: Callable[[Any], Awaitable[None]]
    ) -> str | None:
        """Replay the events after *last_event_id*, and return their stream.

        None is returned if there are none, or if the identifier is another caller's.
        """
        tagged = last_event_id.encode("utf-8", "surrogatepass")
        known = self._tags.remove(tagged, owner_of(current_user()))
        if known is None:
            return None

        async def send_tagged(event: Any) -> None:
            event_id = None if event.event_id is None else self._tagged(event.event_id)
            await send_callback(replace(event, event_id=event_id))

        found: str | None = await self.store.replay_events_after(known.decode(), send_tagged)
        return found

    def _tagged(self, event_id: str) -> str:
        return self._tags.add(event_id.encode(), owner_of(current_user())).decode()
