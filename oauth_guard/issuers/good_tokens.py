"""GoodTokens: which tokens an endpoint reported as active, and how fast it did."""

from collections import OrderedDict, deque

__all__ = ["GoodTokens"]

_MAX_TOKENS = 10_000
_SAMPLES = 100
_SHORTEST_DEADLINE = 0.25
_FACTOR = 4
_PERCENTILE = 0.95


class GoodTokens:
    """The tokens last reported as active, as hashes, and how long the responses took.

    At most 10,000 tokens are kept. The one reported longest ago is dropped first.
    """

    def __init__(self) -> None:
        self._tokens: OrderedDict[int, None] = OrderedDict()
        self._seconds: deque[float] = deque(maxlen=_SAMPLES)

    def __contains__(self, token: int) -> bool:
        return token in self._tokens

    def add(self, token: int, seconds: float) -> None:
        """Keep *token*, the hash of an active token, and the *seconds* that its response took."""
        self._tokens[token] = None
        self._tokens.move_to_end(token)
        self._seconds.append(seconds)
        if len(self._tokens) > _MAX_TOKENS:
            self._tokens.popitem(last=False)

    def short_deadline(self) -> float | None:
        """Return the seconds after which a response about another token is late.

        Four times the 95th percentile of the last 100 responses about active tokens, and 0.25 s
        or more. None while there is no such response, since the endpoint's pace is unknown.
        """
        if not self._seconds:
            return None
        seconds = sorted(self._seconds)
        return max(_SHORTEST_DEADLINE, _FACTOR * seconds[int(len(seconds) * _PERCENTILE)])
