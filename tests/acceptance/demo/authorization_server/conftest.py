"""The fixture `harness`: a new server with a browser and clients."""

from collections.abc import AsyncIterator

import pytest

from tests.acceptance.demo.authorization_server.harness import Harness, open_harness


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    """Yield a new harness for each test."""
    async with open_harness() as opened:
        yield opened
