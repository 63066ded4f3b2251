"""The fixtures `demo` and `opaque`, in process, and `origin` and `visit`, over a real socket."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.acceptance.demo.authorization_server.stage import Stage
from tests.acceptance.demo.running import demo_in_process, running_demo


@pytest.fixture
async def demo() -> AsyncIterator[Stage]:
    """Give a stage with a fresh demo in this process, and a clock that stands still."""
    async with demo_in_process() as stage:
        yield stage


@pytest.fixture
async def opaque() -> AsyncIterator[Stage]:
    """Give such a stage where access tokens are opaque."""
    async with demo_in_process(opaque=True) as stage:
        yield stage


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Give the origin of a demo that all tests of one file share."""
    with running_demo() as served:
        yield served


@pytest.fixture
async def visit(origin: str) -> AsyncIterator[Stage]:
    """Give a stage with a browser and clients of its own in front of the running demo."""
    async with httpx.AsyncClient(base_url=origin, timeout=20, trust_env=False) as http:
        yield Stage(http)
