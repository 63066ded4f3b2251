"""In a flood each bad token gets its answer, and each good one its own."""

from tests.tools.benchmarks.lag import measure_lag


async def test_good_tokens_are_served_in_a_flood() -> None:
    """A bad one that is not refused as it must be raises."""
    *lags, pace, served = await measure_lag(rounds=1, seconds=0.2)
    assert [figure.unit for figure in lags] == ["ms"] * 4
    assert pace.value > 0
    assert served.target is not None
    assert served.target.holds(served.value)
