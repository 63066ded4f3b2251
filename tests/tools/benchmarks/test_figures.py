"""A target is held to its side, with slack where noise could move the value; a curve says how."""

import pytest

from tests.tools.benchmarks.figures import Curve, Target


@pytest.mark.parametrize(
    ("target", "value", "slack", "holds"),
    [
        pytest.param(Target(1.5), 1.5, 0.0, True, id="at the bound"),
        pytest.param(Target(1.5), 1.6, 0.0, False, id="above it"),
        pytest.param(Target(1.5), 1.8, 0.25, True, id="above it, within the slack"),
        pytest.param(Target(1.5), 1.9, 0.25, False, id="above it and the slack"),
        pytest.param(Target(0.9, at_least=True), 0.9, 0.0, True, id="at the least"),
        pytest.param(Target(0.9, at_least=True), 0.8, 0.0, False, id="below it"),
        pytest.param(Target(0.9, at_least=True), 0.7, 0.25, True, id="below it, within the slack"),
        pytest.param(Target(0.9, at_least=True), 0.6, 0.25, False, id="below it and the slack"),
        pytest.param(Target(1, counted=True), 1, 0.25, True, id="as many as may be"),
        pytest.param(Target(10, counted=True), 11, 0.25, False, id="one too many"),
        pytest.param(
            Target(200, at_least=True, counted=True), 199, 0.25, False, id="one not served"
        ),
    ],
)
def test_a_target_holds_on_its_side_of_the_bound(
    target: Target, value: float, slack: float, holds: bool
) -> None:
    """A count gets no slack: noise can't move it."""
    assert target.holds(value, slack=slack) is holds


@pytest.mark.parametrize(
    ("target", "text"),
    [
        pytest.param(Target(1.5), "≤ 1.5", id="at most"),
        pytest.param(Target(0.92, at_least=True), "≥ 0.92", id="at least"),
    ],
)
def test_a_target_reads_as_a_bound(target: Target, text: str) -> None:
    """It is what the table prints."""
    assert str(target) == text


@pytest.mark.parametrize(
    ("curve", "text"),
    [
        pytest.param(
            Curve("hit", "tokens", "µs", ((10, 2.0), (100, 2.2)), "flat"),
            "flat: dearest 1.10 × cheapest",
            id="flat",
        ),
        pytest.param(
            Curve("hit", "KiB", "µs", ((1, 3.0), (2, 5.0), (4, 9.0)), "linear"),
            "linear: 1 µs and 2 µs for each of KiB",
            id="linear",
        ),
        pytest.param(
            Curve("hit", "tokens", "µs", ((10, 3.0), (100, 5.0), (1000, 7.0)), "logarithmic"),
            "logarithmic: 1 µs and 2 µs for each tenfold of tokens",
            id="logarithmic",
        ),
    ],
)
def test_a_curve_says_how_it_grows(curve: Curve, text: str) -> None:
    """The shape stands beside the numbers that it was read from."""
    assert str(curve) == text
