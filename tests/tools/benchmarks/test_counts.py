"""How often an issuer is asked about opaque tokens is held to what it must be."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.tools.benchmarks.distinct import measure_distinct
from tests.tools.benchmarks.endpoint import Endpoint, running_endpoint
from tests.tools.benchmarks.opaque import count_calls, time_rows


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """Yield an endpoint in a process of its own."""
    with running_endpoint() as endpoint:
        yield endpoint


async def test_the_issuer_is_asked_as_seldom_as_can_be(endpoint: Endpoint) -> None:
    """Once for a token, however many requests bring it at once, and whether it is good or not."""
    counts = await count_calls(endpoint)
    assert [(count.value, count.unit) for count in counts] == [
        (1, "calls"),
        (1000, "calls"),
        (0, "calls"),
        (1, "calls"),
    ]


@pytest.mark.needs("valkey-server")
async def test_each_row_of_the_table_is_what_it_says(endpoint: Endpoint) -> None:
    """A hit costs the issuer nothing, here or in Valkey, and a miss one call."""
    figures = await time_rows(endpoint, rounds=1)
    assert [figure.name for figure in figures if figure.name.endswith(": added")] == [
        "hit in this process: added",
        "hit in Valkey: added",
        "miss, asked by httpx: added",
        "miss, asked by httpx2: added",
        "miss, asked by aiohttp: added",
    ]


async def test_each_client_asks_once_about_each_token(endpoint: Endpoint) -> None:
    """By itself and through the guard, of an endpoint that is near and of one that is far."""
    before = await asyncio.to_thread(lambda: endpoint.calls)
    figures = await measure_distinct(endpoint, rounds=1, tokens=40)
    assert await asyncio.to_thread(lambda: endpoint.calls) - before == 8 * 40
    assert [figure.name for figure in figures if figure.target] == [
        "40 new tokens, answered at once, asked by httpx",
        "40 new tokens, answered at once, asked by aiohttp",
        "40 new tokens, answered after 10 ms, asked by httpx",
        "40 new tokens, answered after 10 ms, asked by aiohttp",
    ]
    assert all(figure.value > 0 for figure in figures)
