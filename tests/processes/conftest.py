"""An authorization server, a Valkey, and two processes of one service."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.service import Authority, GuardProcess
from tests.stores.server import ValkeyServer


@pytest.fixture
def authority() -> Iterator[Authority]:
    """Run an authorization server."""
    with Authority.running() as authority:
        yield authority


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """Run a Valkey that a test may kill."""
    server = ValkeyServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def service(
    authority: Authority, valkey: ValkeyServer, tmp_path: Path
) -> AsyncIterator[list[GuardProcess]]:
    """Run two processes that share what they know."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                GuardProcess.running(
                    authority.local.issuer, valkey.url, tmp_path / f"guard{number}"
                )
            )
            for number in range(2)
        ]
        yield processes
        for process in processes:
            await process.aclose()
