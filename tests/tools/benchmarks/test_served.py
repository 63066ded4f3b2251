"""The served routes differ only in their guard, and the report of `wrk` is parsed."""

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
        pytest.param("trusting", False, 200, id="believed, without a token"),
        pytest.param("trusting", True, 200, id="believed, with a token"),
    ],
)
def test_only_the_guarded_route_rejects(
    served: Served, where: str, with_token: bool, status: int
) -> None:
    """All three serve the same endpoint."""
    headers = {"Authorization": f"Bearer {served.token}"} if with_token else {}
    response = httpx.get(getattr(served, where), headers=headers, trust_env=False)
    assert response.status_code == status


def test_server_reports_its_processor_time(served: Served) -> None:
    """It never decreases."""
    assert 0 < served.busy() <= served.busy()


def test_wrk_report_is_parsed() -> None:
    """Rate and number of requests."""
    assert read_report(REPORT) == (14991.25, 15013)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("  Non-2xx or 3xx responses: 12\n", id="a refusal"),
        pytest.param("  Socket errors: connect 0, read 3, write 0, timeout 0\n", id="no response"),
    ],
)
def test_wrk_report_with_errors_raises(line: str) -> None:
    """Responses other than 200 are not a measurement."""
    with pytest.raises(RuntimeError):
        read_report(REPORT + line)
    with pytest.raises(RuntimeError):
        read_report("")
