"""Workers that share a Valkey server use it, and nothing else."""

import pytest

from tests.tools.benchmarks.figures import Curve
from tests.tools.benchmarks.workers import measure_workers


@pytest.mark.needs("valkey-server")
def test_workers_find_results_of_each_other() -> None:
    """A worker that introspects, or reads its own cache, raises."""
    *rates, curve = measure_workers(workers=(2,), rounds=1, seconds=0.1)
    assert [rate.unit for rate in rates] == ["1/s"]
    assert isinstance(curve, Curve)
    assert [workers for workers, _ in curve.points] == [2]
