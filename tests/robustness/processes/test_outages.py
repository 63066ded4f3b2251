"""A Valkey that is killed and comes back under load refuses nobody, and nobody it should not."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

import pytest

from tests.robustness.processes.service import Authority, GuardProcess
from tests.unit.stores.server import ValkeyServer

pytestmark = pytest.mark.needs("valkey-server")

CALLERS, KNOWN, PATIENCE = 6, 20, 30


class Load:
    """Callers of both processes: some with tokens that are known, new, or no good.

    Attributes:
        statuses: How often which kind of token got which answer.
    """

    def __init__(self, authority: Authority, service: list[GuardProcess]) -> None:
        self._authority = authority
        self._service = service
        self._known = cycle([authority.local.opaque_token("read") for _ in range(KNOWN)])
        self.statuses: Counter[tuple[str, int]] = Counter()

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Let all of them send one request after another."""
        over = asyncio.Event()

        async def call(process: GuardProcess) -> None:
            while not over.is_set():
                for kind, token in self._tokens().items():
                    answer = await process.get(token)
                    self.statuses[kind, answer.status_code] += 1
                    await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(call(self._service[number % len(self._service)]))
            try:
                yield
            finally:
                over.set()

    async def more(self, requests: int) -> None:
        """Wait until so many *requests* more were answered."""
        wanted = self.statuses.total() + requests
        async with asyncio.timeout(PATIENCE):
            while self.statuses.total() < wanted:  # noqa: ASYNC110 - the callers are many
                await asyncio.sleep(0.01)

    def _tokens(self) -> dict[str, str]:
        new = self._authority.local.opaque_token("read")
        return {"known": next(self._known), "new": new, "bad": f"bad-{time.monotonic_ns()}"}


async def is_shared(authority: Authority, service: list[GuardProcess]) -> bool:
    """Tell whether the second process knows what the first one was told."""
    first, second = service
    token = authority.local.opaque_token("read")
    for process in (first, second):
        assert (await process.get(token)).status_code == 200
    forms = authority.local.introspection.forms
    return sum(form["token"] == token for form in forms) == 1


async def test_a_valkey_that_dies_and_comes_back_under_load_refuses_nobody(
    authority: Authority, service: list[GuardProcess], valkey: ValkeyServer
) -> None:
    """Good tokens pass and bad ones do not, all the time; then answers are shared again."""
    load = Load(authority, service)
    async with load.flowing():
        await load.more(150)
        assert await is_shared(authority, service)
        valkey.kill()
        await load.more(150)
        assert not await is_shared(authority, service)
        await valkey.restart()
        async with asyncio.timeout(PATIENCE):
            while not await is_shared(authority, service):  # noqa: ASYNC110 - nobody would tell
                await asyncio.sleep(0.1)
        await load.more(150)
    assert set(load.statuses) == {("known", 200), ("new", 200), ("bad", 401)}
    for process in service:
        assert "the shared store is unavailable and is not used" in process.log
        assert "ERROR" not in process.log
