"""FakeClock: a clock that only a test moves."""


class FakeClock:
    """A clock that returns the time it was set to; a test may also set it back.

    Args:
        now: The time in seconds, from the epoch or from any other start.
    """

    def __init__(self, now: float = 1_750_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.now += seconds
