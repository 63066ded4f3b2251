"""RedisNotices: revocations that many processes share, in Redis 7 or Valkey (extra `redis`)."""

import re
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.interfaces import Clock, Notice, NoticeBatch
from oauth_guard.stores.redis_clients import RedisClient
from oauth_guard.stores.redis_eviction import evicts_keys
from oauth_guard.stores.redis_server import RedisServer

__all__ = ["RedisNotices"]

_STREAM = "oauth_guard:revocations"
_PAGE = 1000
_FIRST, _LAST = "-", "+"
_ID = re.compile(r"([0-9]{1,15})-[0-9]{1,20}")
_NOTICE = re.compile(r"([0-9a-f]{1,15})\.([0-9]{1,10})\.([0-9]{1,10})")


class _Entry(NamedTuple):
    """One entry of the stream: its identifier, when it was added, and the notice in it."""

    identifier: str
    added: int  # in milliseconds, by the server's clock
    notice: Notice


class RedisNotices:
    """A `Notices` on a server that processes share: one stream, with an entry for each notice.

    Each process reads the stream from the position that it has reached. If the entry there is
    gone, since the stream was trimmed or flushed, it reads the whole stream again. Only the
    server's clock decides how old an entry is. Entries older than the longest notice are trimmed.

    After a failover a notice can be lost to processes that have not read it, if the new primary
    did not receive it: `min-replicas-to-write 1` at the server prevents that while the primary is
    cut off. The stream is not sealed: write access to the server suffices to revoke a token, or to
    remove a revocation for processes that start later. Its entries contain digests, no
    identifiers.

    The server must not evict: its `maxmemory-policy` is `noeviction`. `load` checks that. A
    server that does not allow `INFO` is used without the check, and the log says so.

    Args:
        server: A URL or a client, as for `RedisStore`.
        stream: The key of the stream on the server, for its access control rules. It needs
            `XADD`, `XRANGE`, `XREVRANGE` and `XTRIM`.
        timeout: The time limit of one command in seconds. The wait for one of the 16 slots before
            it has the same limit.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: The URL can't be read.
    """

    def __init__(
        self,
        server: str | RedisClient,
        *,
        stream: str = _STREAM,
        timeout: float = 0.25,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._server = RedisServer(server, prefix="", timeout=timeout, monotonic=monotonic)
        self._stream = stream
        self._longest = 0.0

    async def publish(self, notices: Sequence[Notice]) -> None:
        """Add *notices* to the stream, and trim entries that have ended.

        Raises:
            StoreUnavailable: The server can't be reached, or refuses a command.
        """
        added = 0
        for notice in notices:
            self._longest = max(self._longest, notice.seconds)
            text = f"{notice.key:x}.{notice.cut_off}.{int(notice.seconds) + 1}"

            async def add(client: Any, text: str = text) -> int:
                return _added(_text(await client.xadd(self._stream, {"n": text})))

            added = await self._server.run(add, self._stream)
        # The identifier of an entry is the time at the server.
        oldest = added - int(self._longest * 1000) - 1000
        await self._server.run(
            lambda client: client.xtrim(self._stream, minid=max(oldest, 0)), self._stream
        )

    async def read(self, position: str | None) -> NoticeBatch:
        """Return up to 1,000 notices after *position*; None for those from the beginning on.

        Raises:
            StoreUnavailable: The server can't be reached, or an entry can't be read.
        """
        entries = await self._range(position or _FIRST)
        if position is not None:
            if not entries or entries[0].identifier != position:
                return NoticeBatch((), None, is_complete=False)  # read from the beginning
            entries = entries[1:]
        if not entries:
            return NoticeBatch((), position, is_complete=True)
        now = entries[-1].added if position is not None else await self._newest()
        notices = []
        for entry in entries:
            seconds = entry.notice.seconds - max(now - entry.added, 0) / 1000
            if seconds > 0:
                notices.append(entry.notice._replace(seconds=seconds))
        is_complete = len(entries) < _PAGE - 1
        return NoticeBatch(notices, entries[-1].identifier, is_complete)

    async def load(self) -> None:
        """Check that the server evicts nothing, if it can be reached.

        Raises:
            ConfigurationError: The server evicts keys.
        """
        try:
            evicts = await evicts_keys(self._server, "deny-list")
        except StoreUnavailable:
            return
        if evicts:
            raise ConfigurationError(
                "The server of a deny-list must not evict keys, since the tokens of an evicted "
                "entry would be accepted again: set maxmemory-policy noeviction, or use a server "
                "of its own."
            )

    async def aclose(self) -> None:
        """Close the connections that were opened here; the next use opens new ones."""
        await self._server.aclose()

    async def _range(self, first: str) -> list[_Entry]:
        async def read(client: Any) -> list[_Entry]:
            reply = await client.xrange(self._stream, min=first, max=_LAST, count=_PAGE)
            return [_entry(*each) for each in reply]

        return await self._server.run(read, self._stream)

    async def _newest(self) -> int:
        """Return when the newest entry was added: the time at the server is not before that."""

        async def read(client: Any) -> int:
            reply = await client.xrevrange(self._stream, count=1)
            return max((_entry(*each).added for each in reply), default=0)

        return await self._server.run(read, self._stream)


def _entry(identifier: bytes | str, fields: Any) -> _Entry:
    name = _text(identifier)
    values = {_text(field): _text(value) for field, value in fields.items()}
    match = _NOTICE.fullmatch(values["n"])
    if match is None:
        raise TypeError("an entry of the stream is no notice")
    key, cut_off, seconds = match.groups()
    return _Entry(name, _added(name), Notice(int(key, 16), int(cut_off), int(seconds)))


def _added(identifier: str) -> int:
    match = _ID.fullmatch(identifier)
    if match is None:
        raise TypeError("an identifier of the stream is malformed")
    return int(match[1])


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
