"""The fixtures `demo`, in process, and `origin`, `http` and `visit`, over a real socket."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from demo_api.app import create_app
from demo_api.database import open_database
from tests.demo.authorization_server.stage import ORIGIN, Clock, Stage
from tests.demo.running import running_demo


@pytest.fixture
async def demo() -> AsyncIterator[Stage]:
    """Give a stage with a fresh demo in this process, and a clock that stands still."""

    async def itself(*connection: Any) -> None:
        await app(*connection)

    clock, engine = Clock(), open_database()
    issuer = httpx.AsyncClient(transport=httpx.ASGITransport(itself))
    app = create_app(ORIGIN, engine, http=issuer, clock=clock)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http,
    ):
        yield Stage(http, clock)
    engine.dispose()


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
