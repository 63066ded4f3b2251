"""Workers that meet a token together introspect it once, but for a race now and then."""

import pytest

from tests.tools.benchmarks.upstream import measure_upstream


@pytest.mark.needs("valkey-server")
def test_workers_share_the_introspection_of_a_token() -> None:
    """Each token is introspected by one of them at least."""
    (figure,) = measure_upstream(workers=(2,), tokens=5)
    assert 1 <= figure.value < 2
