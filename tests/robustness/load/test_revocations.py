"""Revocations and expiries in great numbers: the event loop is free for other work."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Message, Receive, Send
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.interfaces import Notice, NoticeBatch
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.revocation import revocation_key
from oauth_guard.testing import LocalIssuer, SigningKey

SOCKETS, SUBJECTS, PAGE = 10_000, 1_000_000, 1000


@asynccontextmanager
async def _busy_times() -> AsyncIterator[list[float]]:
    """Yield how long the event loop was busy at a time, in seconds of the processor."""
    times: list[float] = []

    async def measure() -> None:
        while True:
            started = time.thread_time()
            await asyncio.sleep(0.001)
            times.append(time.thread_time() - started)

    measuring = asyncio.create_task(measure())
    yield times
    measuring.cancel()


@contextmanager
def _frozen_objects() -> Iterator[None]:
    """Exclude the objects of the suite from garbage collection, which a server does not have."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class _Client:
    """A client that opens a WebSocket and waits.

    Attributes:
        codes: The codes of all closes.
    """

    codes: list[int]

    def __init__(self, codes: list[int]) -> None:
        self._connected, self.codes = False, codes

    async def receive(self) -> Message:
        """Return the connect message, and then nothing."""
        if self._connected:
            await asyncio.Event().wait()
        self._connected = True
        return {"type": "websocket.connect"}

    async def send(self, message: Message) -> None:
        """Record the code of a close."""
        if message["type"] == "websocket.close":
            self.codes.append(message["code"])


async def _feed(_: Any, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


@pytest.mark.long
@pytest.mark.parametrize("ends_by", ["expiry", "revocation"])
async def test_ten_thousand_sockets_that_end_together_do_not_block_the_event_loop(
    ends_by: str,
) -> None:
    """All are closed; between the slices, other work runs."""
    local = LocalIssuer(key=SigningKey("k1"))
    ahead = 0.0
    issuer = JWTIssuer(local.issuer, http=local.http)
    guard = Guard(local.audience, [issuer], deny_list=DenyList(), clock=lambda: time.time() + ahead)
    app, codes = OAuthGuardMiddleware(_feed, guard), list[int]()
    field = (b"authorization", b"Bearer " + local.token(sid="s1").encode())
    serving = []
    for _ in range(SOCKETS):
        client = _Client(codes)
        connection = {"type": "websocket", "path": "/", "scheme": "wss", "headers": [field]}
        serving.append(asyncio.create_task(app(connection, client.receive, client.send)))
        await asyncio.sleep(0)
    await asyncio.sleep(1)
    with _frozen_objects():
        async with _busy_times() as times, asyncio.timeout(60):
            if ends_by == "expiry":
                ahead = 1000.0
            else:
                await guard.revoke(local.issuer, sid="s1")
            await asyncio.gather(*serving)
    assert codes == [3000 if ends_by == "expiry" else 3003] * SOCKETS
    assert max(times) < 0.4  # 0.02 s, and as long as the garbage collector takes


class _ManyNotices:
    """Notices about a million subjects, in pages as a server returns them."""

    async def read(self, position: str | None) -> NoticeBatch:
        """Return a page."""
        await asyncio.sleep(0)
        first = int(position or 0)
        end = first + PAGE
        keys = (revocation_key("sub", "https://issuer.test", f"u{n}") for n in range(first, end))
        notices = [Notice(key, 2_000_000_000, 3600) for key in keys]
        return NoticeBatch(notices, str(end), is_complete=end >= SUBJECTS)

    async def publish(self, notices: Sequence[Notice]) -> None:
        """Do nothing."""

    async def load(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""


@pytest.mark.long
async def test_revocations_of_a_million_subjects_are_in_force_and_block_nothing() -> None:
    """A process that starts reads them all; a hit costs no more than with one."""
    local = LocalIssuer("https://issuer.test", key=SigningKey("k1"))
    deny_list = DenyList(_ManyNotices())
    issuer = JWTIssuer(local.issuer, http=local.http)
    guard = Guard(local.audience, [issuer], deny_list=deny_list)
    with _frozen_objects():
        async with _busy_times() as times:
            await deny_list.load()
    assert len(deny_list) == SUBJECTS
    assert max(times) < 0.4
    for subject, is_revoked in (("u0", True), (f"u{SUBJECTS - 1}", True), ("u1x", False)):
        field = (b"authorization", b"Bearer " + local.token(sub=subject).encode())
        request = ResourceRequest({"type": "http", "headers": [field]})
        if is_revoked:
            with pytest.raises(InvalidToken) as caught:
                await guard.authenticate(request)
            assert caught.value.reason == Reason.REVOKED
        else:
            assert (await guard.authenticate(request)).subject == subject
    await guard.aclose()
