"""GoodTokens: a bounded set of tokens, and a deadline from how fast their responses were."""

import pytest

from oauth_guard.issuers.good_tokens import GoodTokens


def test_token_reported_longest_ago_is_dropped_first() -> None:
    """At most 10,000 are kept."""
    good = GoodTokens()
    for token in range(10_000):
        good.add(token, 0)
    good.add(0, 0)
    good.add(10_000, 0)
    assert 0 in good
    assert 1 not in good
    assert 2 in good


@pytest.mark.parametrize(
    ("seconds", "deadline"),
    [
        pytest.param([], None, id="no response"),
        pytest.param([0.01] * 100, 0.25, id="fast"),
        pytest.param([0.1] * 100, 0.4, id="slow"),
        pytest.param([0.1] * 95 + [1.0] * 5, 4, id="five of a hundred slower"),
        pytest.param([0.1] * 96 + [1.0] * 4, 0.4, id="four of a hundred slower"),
        pytest.param([9.0] * 50 + [0.1] * 100, 0.4, id="slow long ago"),
    ],
)
def test_short_deadline_is_four_times_the_95th_percentile_and_at_least_a_quarter_second(
    seconds: list[float], deadline: float | None
) -> None:
    """Of the last hundred responses."""
    good = GoodTokens()
    for each in seconds:
        good.add(1, each)
    assert good.short_deadline() == deadline
