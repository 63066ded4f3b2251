"""A target is compared on its side with slack for noise, and a curve is described."""

import pytest

from tests.tools.benchmarks.figures import Curve, Target


@pytest.mark.parametrize(
    ("target", "value", "slack", "is_met_by"),
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
def test_target_is_met_on_its_side_of_the_bound(
    target: Target, value: float, slack: float, is_met_by: bool
) -> None:
    """A count has no noise, so it gets no slack."""
    assert target.is_met_by(value, slack=slack) is is_met_by


@pytest.mark.parametrize(
    ("target", "text"),
    [
        pytest.param(Target(1.5), "≤ 1.5", id="at most"),
        pytest.param(Target(0.92, at_least=True), "≥ 0.92", id="at least"),
    ],
)
def test_target_is_shown_as_a_bound(target: Target, text: str) -> None:
    """As printed in the table."""
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
def test_curve_is_shown_with_its_shape(curve: Curve, text: str) -> None:
    """The shape is beside the numbers from which it was computed."""
    assert str(curve) == text
