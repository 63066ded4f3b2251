"""During an outage a valid token gets the status that the cached keys permit."""

from tests.tools.benchmarks.outage import measure_outages


async def test_valid_token_during_an_outage_gets_200_or_503() -> None:
    """Known keys work past their life; then, and for other keys, it is 503 and never 401."""
    *counts, _, _ = await measure_outages(rounds=1)
    assert [figure.value for figure in counts] == [200] * 5
