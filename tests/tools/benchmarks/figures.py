"""Figure, Target, Curve and PeerFigure: what a measurement hands to the tables and the chart."""

import math
import statistics
from dataclasses import dataclass
from typing import Literal, TypeAlias

Shape: TypeAlias = Literal["flat", "logarithmic", "linear"]


@dataclass(frozen=True)
class Target:
    """The bound that the project promises.

    Attributes:
        bound: The most that a value may be.
        at_least: It is the least instead.
        counted: The value is a count, which noise can't move, so no slack is given.
    """

    bound: float
    at_least: bool = False
    counted: bool = False

    def holds(self, value: float, *, slack: float = 0.0) -> bool:
        """Tell whether *value* keeps to the bound, moved by a part of itself."""
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
        name: What was measured, as the table says it: `"no token → 401"`.
        value: The number.
        unit: `"µs"`, `"× bare"`, `"× raw"`, `"calls"`, `"1/s"`, ...
        target: What the project promises; None for a number that stands there to be known.
    """

    name: str
    value: float
    unit: str
    target: Target | None = None

    def is_worse_than(self, earlier: float, *, by: float) -> bool:
        """Tell whether it is worse than it was, by more than a part of that."""
        rising_is_good = self.unit == "1/s" or (self.target is not None and self.target.at_least)
        loss = earlier - self.value if rising_is_good else self.value - earlier
        return loss > by * abs(earlier)


@dataclass(frozen=True)
class Curve:
    """How a cost grows.

    Attributes:
        name: What was measured.
        x: What grows: `"remembered tokens"`.
        unit: What the cost is told in.
        points: How much of it there was, and what it cost then; in rising order.
        shape: How it grows.
    """

    name: str
    x: str
    unit: str
    points: tuple[tuple[float, float], ...]
    shape: Shape

    @property
    def spread(self) -> float:
        """The dearest point, as a multiple of the cheapest: near 1 where a curve is flat."""
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
    """One number of a library, measured in the same manner for each, ours among them.

    Attributes:
        peer: The library.
        name: What was measured: a row of the table, which has a column for each library.
        value: The number; None where there is none.
        unit: What it is told in; the same in the whole row.
        note: Why there is none (`"no introspection"`), or what is odd about it (`"500"`).
    """

    peer: str
    name: str
    value: float | None
    unit: str
    note: str = ""


def short(value: float) -> str:
    """Return *value* as short as it can be told."""
    if value == round(value):
        return f"{value:,.0f}".replace(",", " ")
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}".replace(",", " ")
