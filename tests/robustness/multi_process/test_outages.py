"""An outage of Valkey under load rejects no valid token, and accepts no invalid one."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

import pytest

from tests.builders.valkey_server import ValkeyServer
from tests.robustness.multi_process.guard_process import GuardProcess
from tests.robustness.multi_process.introspection_server import IntrospectionServer

pytestmark = pytest.mark.needs("valkey-server")

CALLERS, CACHED, TIMEOUT = 6, 20, 30


class Load:
    """Callers of both processes, with tokens that are cached, new, or invalid.

    Attributes:
        statuses: The number of responses for each kind of token and each status.
    """

    def __init__(self, server: IntrospectionServer, service: list[GuardProcess]) -> None:
        self._server = server
        self._service = service
        self._cached = cycle([server.local.opaque_token("read") for _ in range(CACHED)])
        self.statuses: Counter[tuple[str, int]] = Counter()

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Let each caller send one request after another."""
        stop = asyncio.Event()

        async def call(process: GuardProcess) -> None:
            while not stop.is_set():
                for kind, token in self._tokens().items():
                    response = await process.get(token)
                    self.statuses[kind, response.status_code] += 1
                    await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(call(self._service[number % len(self._service)]))
            try:
                yield
            finally:
                stop.set()

    async def wait_for(self, requests: int) -> None:
        """Wait until this many further *requests* have a response."""
        total = self.statuses.total() + requests
        async with asyncio.timeout(TIMEOUT):
            while self.statuses.total() < total:  # noqa: ASYNC110 - many callers
                await asyncio.sleep(0.01)

    def _tokens(self) -> dict[str, str]:
        new = self._server.local.opaque_token("read")
        return {
            "cached": next(self._cached),
            "new": new,
            "invalid": f"invalid-{time.monotonic_ns()}",
        }


async def is_shared(server: IntrospectionServer, service: list[GuardProcess]) -> bool:
    """Return whether the second process uses the introspection result of the first."""
    first, second = service
    token = server.local.opaque_token("read")
    for process in (first, second):
        assert (await process.get(token)).status_code == 200
    forms = server.local.introspection.forms
    return sum(form["token"] == token for form in forms) == 1


async def test_valkey_restart_under_load_changes_no_status(
    server: IntrospectionServer, service: list[GuardProcess], valkey: ValkeyServer
) -> None:
    """Valid tokens pass and invalid ones do not throughout; afterwards results are shared again."""
    load = Load(server, service)
    async with load.flowing():
        await load.wait_for(150)
        assert await is_shared(server, service)
        valkey.kill()
        await load.wait_for(150)
        assert not await is_shared(server, service)
        await valkey.restart()
        async with asyncio.timeout(TIMEOUT):
            while not await is_shared(server, service):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.1)
        await load.wait_for(150)
    assert set(load.statuses) == {("cached", 200), ("new", 200), ("invalid", 401)}
    for process in service:
        assert "the shared store is unavailable and is not used" in process.log
        assert "ERROR" not in process.log
