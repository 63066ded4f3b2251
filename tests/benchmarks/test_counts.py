"""How often an issuer is asked about opaque tokens is held to what it must be."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.__main__ import run_opaque
from tests.benchmarks.endpoint import Endpoint, running_endpoint
from tests.benchmarks.opaque import count_calls


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """Yield an endpoint in a process of its own."""
    with running_endpoint() as endpoint:
        yield endpoint


async def test_the_issuer_is_asked_as_seldom_as_can_be(endpoint: Endpoint) -> None:
    """Once for a token, however many requests bring it at once, and whether it is good or not."""
    counts = await count_calls(endpoint)
    assert [count.calls for count in counts] == [1, 1000, 0, 1]
    assert [count.hit_ratio for count in counts] == pytest.approx([0.995, 0, 1, 0.999])


@pytest.mark.needs("valkey-server")
async def test_each_row_of_the_table_is_what_it_says(endpoint: Endpoint) -> None:
    """A hit costs the issuer nothing, here or in Valkey, and a miss one call."""
    _, results = await run_opaque(endpoint, rounds=1)
    assert [result.name for result in results] == [
        "bare ASGI app",
        "hit in this process",
        "hit in Valkey",
        "miss, asked by httpx",
        "miss, asked by httpx2",
        "miss, asked by aiohttp",
    ]
