"""FakeClock: a clock that a test moves."""


class FakeClock:
    """Tells the time that it was set to; a real one would, too, after somebody set it."""

    def __init__(self, now: float = 1_750_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now
