"""Scale: where a number stands between two powers of ten."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_THOUSANDS = ("", "k", "M", "G")


@dataclass(frozen=True)
class Scale:
    """A logarithmic scale.

    Attributes:
        low: The power of ten that it begins with.
        high: The one that it ends with.
        length: How long it is drawn.
    """

    low: int
    high: int
    length: float

    @classmethod
    def around(cls, values: Collection[float], length: float) -> "Scale":
        """Return the scale that holds all *values* above zero."""
        above = [value for value in values if value > 0] or [1.0]
        low = math.floor(math.log10(min(above)))
        return cls(low, max(low + 1, math.ceil(math.log10(max(above)))), length)

    @classmethod
    def below(cls, values: Collection[float], length: float) -> "Scale":
        """Return the same for bars, which would have no length at its beginning."""
        return cls.around([*values, *(value * 0.99 for value in values)], length)

    def place(self, value: float) -> float:
        """Return how far from the beginning *value* stands; what is too small stands there."""
        if value <= 10**self.low:
            return 0
        return (math.log10(value) - self.low) / (self.high - self.low) * self.length

    def decades(self) -> Iterator[tuple[str, float]]:
        """Yield the powers of ten on it, in words, with their places."""
        for power in range(self.low, self.high + 1):
            thousands, rest = divmod(power, 3)
            words = f"{10**rest}{_THOUSANDS[thousands]}" if power > 0 else f"{10.0**power:g}"
            yield words, self.place(10**power)
