"""Scale: the position of a number between two powers of ten."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_THOUSANDS = ("", "k", "M", "G")


@dataclass(frozen=True)
class Scale:
    """A logarithmic scale.

    Attributes:
        low: The power of ten at its start.
        high: The power of ten at its end.
        length: Its length in the drawing.
    """

    low: int
    high: int
    length: float

    @classmethod
    def around(cls, values: Collection[float], length: float) -> "Scale":
        """Return the scale that contains all *values* above zero."""
        above = [value for value in values if value > 0] or [1.0]
        low = math.floor(math.log10(min(above)))
        return cls(low, max(low + 1, math.ceil(math.log10(max(above)))), length)

    @classmethod
    def below(cls, values: Collection[float], length: float) -> "Scale":
        """Return a scale for bars, on which the smallest value has a length."""
        return cls.around([*values, *(value * 0.99 for value in values)], length)

    def place(self, value: float) -> float:
        """Return the distance of *value* from the start, 0 for a value below the scale."""
        if value <= 10**self.low:
            return 0
        return (math.log10(value) - self.low) / (self.high - self.low) * self.length

    def decades(self) -> Iterator[tuple[str, float]]:
        """Yield the label and the place of each power of ten."""
        for power in range(self.low, self.high + 1):
            thousands, rest = divmod(power, 3)
            label = f"{10**rest}{_THOUSANDS[thousands]}" if power > 0 else f"{10.0**power:g}"
            yield label, self.place(10**power)
