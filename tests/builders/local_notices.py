"""LocalNotices: a `Notices` inside the test process, which can fail."""

from collections.abc import Sequence

from oauth_guard.errors import StoreUnavailable
from oauth_guard.interfaces import Notice, NoticeBatch


class LocalNotices:
    """A `Notices` that several deny-lists of one process share.

    Attributes:
        published: All notices.
        down: Whether each call fails.
        reads: How often `read` was called.
        calls: The other calls.
    """

    def __init__(self) -> None:
        self.published: list[Notice] = []
        self.down = False
        self.reads = 0
        self.calls: list[str] = []

    async def publish(self, notices: Sequence[Notice]) -> None:
        """Add *notices*."""
        if self.down:
            raise StoreUnavailable
        self.published += notices

    async def read(self, position: str | None) -> NoticeBatch:
        """Return at most two notices at a time."""
        self.reads += 1
        if self.down:
            raise StoreUnavailable
        first = int(position or 0)
        notices = self.published[first : first + 2]
        end = first + len(notices)
        return NoticeBatch(notices, str(end), is_complete=end == len(self.published))

    async def load(self) -> None:
        """Record the call."""
        self.calls.append("load")

    async def aclose(self) -> None:
        """Record the call."""
        self.calls.append("aclose")
