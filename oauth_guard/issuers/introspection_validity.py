"""Standing: whether a remembered answer is still what a request would find, told at once."""

from oauth_guard.interfaces import Clock
from oauth_guard.issuers.introspection_result import IntrospectionResult
from oauth_guard.ttl_cache import TTLCache

__all__ = ["Standing"]


class Standing:
    """What the token of a remembered answer carries as `stands`, called on each request with it.

    To ask is to use: the answer moves away from the end of the memory where it would be
    forgotten, as if it had been looked up. No answer hangs on it, so one that is forgotten goes.

    Args:
        answers: Where the answer is remembered.
        key: Under which key.
        since: The moment of the answer, before which no age can be told.
        until: When it ends.
        clock: Tells seconds since the epoch.
    """

    __slots__ = ("_answers", "_clock", "_key", "_since", "_until")

    def __init__(
        self,
        answers: TTLCache[IntrospectionResult],
        key: bytes,
        since: float,
        until: float,
        clock: Clock,
    ) -> None:
        self._answers = answers
        self._key = key
        self._since = since
        self._until = until
        self._clock = clock

    def __call__(self) -> bool:
        """Tell whether the answer is there yet, and in its time."""
        answer = self._answers.get(self._key)
        return (
            answer is not None
            and answer.token is not None
            and answer.token.stands is self
            and self._since <= self._clock() < self._until
        )
