"""Figure, Target, Curve and PeerFigure: the results that tables and chart show."""

import math
import statistics
from dataclasses import dataclass
from typing import Literal, TypeAlias

_RISING_IS_GOOD = {"1/s", "× unguarded", "× the bare client's rate"}

Shape: TypeAlias = Literal["flat", "logarithmic", "linear"]


@dataclass(frozen=True)
class Target:
    """The project's target for a value.

    Attributes:
        bound: The maximum.
        at_least: The bound is the minimum instead.
        counted: The value is a count, which has no noise, so no slack is allowed.
    """

    bound: float
    at_least: bool = False
    counted: bool = False

    def is_met_by(self, value: float, *, slack: float = 0.0) -> bool:
        """Return whether *value* meets the bound, moved by *slack* (a fraction)."""
        slack = 0.0 if self.counted else slack
        if self.at_least:
            return value >= self.bound * (1 - slack)
        return value <= self.bound * (1 + slack)

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        name: The name in the table: `"no token → 401"`.
        value: The number.
        unit: `"µs"`, `"× bare"`, `"× raw"`, `"calls"`, `"1/s"`, ...
        target: The project's target; None for a number without one.
        spread: The 10th and the 90th percentile of the rounds, if *value* is their median.
    """

    name: str
    value: float
    unit: str
    target: Target | None = None
    spread: tuple[float, float] | None = None

    def is_worse_than(self, earlier: float, *, by: float) -> bool:
        """Return whether it is worse than *earlier*, by more than *slack* (a fraction)."""
        rising_is_good = self.unit in _RISING_IS_GOOD or (
            self.target is not None and self.target.at_least
        )
        loss = earlier - self.value if rising_is_good else self.value - earlier
        return loss > by * abs(earlier)


@dataclass(frozen=True)
class Curve:
    """How a cost grows.

    Attributes:
        name: What was measured.
        x: What grows: `"cached tokens"`.
        unit: The unit of the cost.
        points: Size and cost, in rising order of size.
        shape: How the cost grows.
    """

    name: str
    x: str
    unit: str
    points: tuple[tuple[float, float], ...]
    shape: Shape

    @property
    def spread(self) -> float:
        """The highest cost divided by the lowest: near 1 for a flat curve."""
        costs = [cost for _, cost in self.points]
        return max(costs) / min(costs)

    def __str__(self) -> str:
        if self.shape == "flat":
            return f"flat: dearest {self.spread:.2f} × cheapest"
        sizes, costs = zip(*self.points, strict=True)
        more = f"each of {self.x}"
        if self.shape == "logarithmic":
            sizes, more = tuple(map(math.log10, sizes)), f"each tenfold of {self.x}"
        slope, start = statistics.linear_regression(sizes, costs)
        return f"{self.shape}: {start:.3g} {self.unit} and {slope:.3g} {self.unit} for {more}"


@dataclass(frozen=True)
class PeerFigure:
    """One number of a library, measured alike for each library and for ours.

    Attributes:
        peer: The library.
        name: What was measured: a row of the table, which has a column for each library.
        value: The number; None if there is none.
        unit: The unit, the same in the whole row.
        note: Why there is none (`"no introspection"`), or a remark about it (`"500"`).
    """

    peer: str
    name: str
    value: float | None
    unit: str
    note: str = ""


def short(value: float) -> str:
    """Return *value* as text with three significant digits at most."""
    if value == round(value):
        return f"{value:,.0f}".replace(",", " ")
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}".replace(",", " ")
