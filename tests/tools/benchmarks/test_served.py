"""The served routes differ only in their guard, and a failed request is not measured."""

from collections.abc import Iterator

import httpx
import pytest

from tests.tools.benchmarks.load import load
from tests.tools.benchmarks.route import CONTROL, FLOOR, GUARDED, TRUSTING, UNGUARDED
from tests.tools.benchmarks.served import Served, busy_per_request, measure_served, serving


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Run the server."""
    with serving() as served:
        yield served


@pytest.mark.parametrize(
    ("where", "with_token", "status"),
    [
        pytest.param(UNGUARDED, False, 200, id="unguarded, without a token"),
        pytest.param(UNGUARDED, True, 200, id="unguarded, with a token"),
        pytest.param(GUARDED, False, 401, id="guarded, without a token"),
        pytest.param(GUARDED, True, 200, id="guarded, with a token"),
        pytest.param(TRUSTING, False, 200, id="believed, without a token"),
        pytest.param(TRUSTING, True, 200, id="believed, with a token"),
    ],
)
def test_only_the_guarded_route_rejects(
    served: Served, where: str, with_token: bool, status: int
) -> None:
    """All of them serve the same endpoint."""
    headers = {"Authorization": f"Bearer {served.token}"} if with_token else {}
    response = httpx.get(served.url(where), headers=headers, trust_env=False)
    assert response.status_code == status


def test_server_reports_its_processor_time(served: Served) -> None:
    """It never decreases."""
    assert 0 < served.busy() <= served.busy()


@pytest.mark.parametrize("name", [UNGUARDED, CONTROL, FLOOR, GUARDED, TRUSTING])
def test_processor_time_of_a_request_is_measured(served: Served, name: str) -> None:
    """It is between a microsecond and a second."""
    assert 1e-6 < busy_per_request(served, name, seconds=0.1) < 1


async def test_load_raises_for_a_response_that_is_not_200(served: Served) -> None:
    """Its time would have no meaning."""
    with pytest.raises(RuntimeError, match="not 200"):
        await load(served.ports[GUARDED], "not a token", 0.1)


def test_guard_is_compared_with_the_unguarded_route() -> None:
    """In each round; the spread of the rounds is part of the figure."""
    figures = measure_served(rounds=2, seconds=0.05)
    assert all(figure.spread is not None and figure.value > 0 for figure in figures[:5])
    assert figures[0].unit == figures[5].unit == "µs"
