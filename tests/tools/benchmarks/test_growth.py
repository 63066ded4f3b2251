"""A curve has a point for each size, and its shape is computed from the points."""

import pytest

from tests.tools.benchmarks.figures import Shape
from tests.tools.benchmarks.growth import by_issuers, by_scopes, by_size, measure_growth, shape_of

POINTS = {"issuers": by_issuers, "scopes": by_scopes, "KiB": by_size}


async def test_every_request_of_a_curve_succeeds() -> None:
    """A failed request raises, and so does an evicted token."""
    curves = await measure_growth(rounds=1, most=1000)
    sizes = {name: [size for size, _ in points()] for name, points in POINTS.items()}
    sizes["cached tokens"] = [10, 100, 1000]
    assert {curve.x for curve in curves} == set(sizes)
    for curve in curves:
        assert sizes[curve.x][: len(curve.points)] == [size for size, _ in curve.points]


def test_tokens_have_the_size_of_the_point() -> None:
    """Within the length of one group."""
    for kibibytes, point in by_size():
        assert kibibytes * 1024 - 200 < len(point.mint()) <= kibibytes * 1024


@pytest.mark.parametrize(
    ("costs", "shape"),
    [
        pytest.param((5.0, 5.1, 5.0, 6.0), "flat", id="flat"),
        pytest.param((2.0, 3.0, 4.1, 5.0), "logarithmic", id="as much for each tenfold"),
        pytest.param((2.0, 2.2, 4.0, 22.0), "linear", id="as much for each one"),
    ],
)
def test_shape_is_the_nearest_to_the_points(costs: tuple[float, ...], shape: Shape) -> None:
    """Flat, logarithmic or linear."""
    assert shape_of(list(zip((10, 100, 1000, 10_000), costs, strict=True))) == shape
