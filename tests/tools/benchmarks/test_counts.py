"""The number of introspection requests for opaque tokens is as small as possible."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.tools.benchmarks.distinct import measure_distinct
from tests.tools.benchmarks.endpoint import Endpoint, running_endpoint
from tests.tools.benchmarks.opaque import count_calls, time_rows


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """Yield an endpoint in its own process."""
    with running_endpoint() as endpoint:
        yield endpoint


async def test_token_is_introspected_once(endpoint: Endpoint) -> None:
    """Once per token, however many concurrent requests carry it, active or not."""
    counts = await count_calls(endpoint)
    assert [(count.value, count.unit) for count in counts] == [
        (1, "calls"),
        (1000, "calls"),
        (0, "calls"),
        (1, "calls"),
    ]


@pytest.mark.needs("valkey-server")
async def test_hit_causes_no_introspection_and_miss_causes_one(endpoint: Endpoint) -> None:
    """In this process and in Valkey."""
    figures = await time_rows(endpoint, rounds=1)
    assert [figure.name for figure in figures if figure.name.endswith(": added")] == [
        "hit in this process: added",
        "hit in Valkey: added",
        "redis-py's GET of a value as long: added",
        "miss through httpx: added",
        "miss through httpx2: added",
        "miss through aiohttp: added",
    ]


async def test_each_client_introspects_each_token_once(endpoint: Endpoint) -> None:
    """Directly and through the guard, at a fast and at a slow endpoint."""
    before = await asyncio.to_thread(lambda: endpoint.calls)
    figures = await measure_distinct(endpoint, rounds=1, tokens=40)
    assert await asyncio.to_thread(lambda: endpoint.calls) - before == 8 * 40
    assert [figure.name for figure in figures if figure.unit != "µs"] == [
        "40 new tokens, immediate responses, through httpx",
        "40 new tokens, immediate responses, through aiohttp",
        "40 new tokens, responses after 10 ms, through httpx",
        "40 new tokens, responses after 10 ms, through aiohttp",
    ]
    assert all(figure.value > 0 for figure in figures if figure.unit != "µs")
