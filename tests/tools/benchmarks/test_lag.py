"""In a flood each invalid token is rejected and each valid one accepted."""

from tests.tools.benchmarks.lag import measure_lag


async def test_valid_tokens_are_accepted_during_a_flood() -> None:
    """An invalid token with a wrong status raises."""
    *lags, pace, served = await measure_lag(rounds=1, seconds=0.2)
    assert [figure.unit for figure in lags] == ["ms"] * 4
    assert pace.value > 0
    assert served.target is not None
    assert served.target.is_met_by(served.value)
