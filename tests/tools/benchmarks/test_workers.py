"""Workers that share a Valkey ask it, and nobody else."""

import pytest

from tests.tools.benchmarks.figures import Curve
from tests.tools.benchmarks.workers import measure_workers


@pytest.mark.needs("valkey-server")
def test_workers_find_what_one_of_them_has_asked_for() -> None:
    """One that asks the issuer, or remembers by itself, raises."""
    *rates, curve = measure_workers(workers=(2,), rounds=1, seconds=0.1)
    assert [rate.unit for rate in rates] == ["1/s"]
    assert isinstance(curve, Curve)
    assert [workers for workers, _ in curve.points] == [2]
