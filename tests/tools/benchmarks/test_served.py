"""The routes that a load generator compares differ in their guard, and its report is read."""

from collections.abc import Iterator

import httpx
import pytest

from tests.tools.benchmarks.served import Served, read_report, serving

REPORT = """\
Running 1s test @ http://127.0.0.1:8000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.13ms  325.41us   6.10ms   92.81%
    Req/Sec    15.08k     0.91k   16.60k    80.00%
  15013 requests in 1.00s, 1.98MB read
Requests/sec:  14991.25
Transfer/sec:      1.97MB
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Run the server."""
    with serving() as served:
        yield served


@pytest.mark.parametrize(
    ("where", "with_token", "status"),
    [
        pytest.param("plain", False, 200, id="unguarded, without a token"),
        pytest.param("plain", True, 200, id="unguarded, with a token"),
        pytest.param("guarded", False, 401, id="guarded, without a token"),
        pytest.param("guarded", True, 200, id="guarded, with a token"),
        pytest.param("believing", False, 200, id="believed, without a token"),
        pytest.param("believing", True, 200, id="believed, with a token"),
    ],
)
def test_one_of_the_routes_is_guarded(
    served: Served, where: str, with_token: bool, status: int
) -> None:
    """All are the same one."""
    headers = {"Authorization": f"Bearer {served.token}"} if with_token else {}
    answer = httpx.get(getattr(served, where), headers=headers, trust_env=False)
    assert answer.status_code == status


def test_the_server_tells_how_busy_it_was(served: Served) -> None:
    """It never gets less."""
    assert 0 < served.busy() <= served.busy()


def test_a_report_is_read() -> None:
    """Two numbers of it."""
    assert read_report(REPORT) == (14991.25, 15013)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("  Non-2xx or 3xx responses: 12\n", id="a refusal"),
        pytest.param("  Socket errors: connect 0, read 3, write 0, timeout 0\n", id="no answer"),
    ],
)
def test_a_report_of_other_answers_is_refused(line: str) -> None:
    """What was not answered as it must be was not measured."""
    with pytest.raises(RuntimeError):
        read_report(REPORT + line)
    with pytest.raises(RuntimeError):
        read_report("")
