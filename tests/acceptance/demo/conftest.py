"""The fixtures `demo` and `opaque`, in process, and `origin` and `live_demo`, over a socket."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.acceptance.demo.authorization_server.harness import Harness
from tests.acceptance.demo.running import demo_in_process, running_demo


@pytest.fixture
async def demo() -> AsyncIterator[Harness]:
    """Yield a harness with a new demo in this process and a fixed clock."""
    async with demo_in_process() as harness:
        yield harness


@pytest.fixture
async def opaque() -> AsyncIterator[Harness]:
    """Yield such a harness with opaque access tokens."""
    async with demo_in_process(opaque=True) as harness:
        yield harness


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Yield the origin of a demo that all tests of one file share."""
    with running_demo() as served:
        yield served


@pytest.fixture
async def live_demo(origin: str) -> AsyncIterator[Harness]:
    """Yield a harness with its own browser and clients for the running demo."""
    async with httpx.AsyncClient(base_url=origin, timeout=20, trust_env=False) as http:
        yield Harness(http)
