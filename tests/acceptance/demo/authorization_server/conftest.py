"""The fixture `stage`: a fresh server with a browser and clients in front of it."""

from collections.abc import AsyncIterator

import pytest

from tests.acceptance.demo.authorization_server.stage import Stage, open_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Give a stage of its own to each test."""
    async with open_stage() as opened:
        yield opened
