"""EndpointHealth: about which tokens an endpoint is sent requests while some of them fail.

The rule of this module: what one caller can cause does not count against the others. A caller
chooses the token, and an endpoint may fail because of it. So a failure makes that token rest.
The endpoint itself is considered down only if no response was conclusive for five seconds, five
different tokens failed, and a token of our own failed too. A conclusive response has any status
except 429 and 5xx.
"""

from collections import OrderedDict, deque
from collections.abc import Callable

from oauth_guard.interfaces import Clock
from oauth_guard.issuers.good_tokens import GoodTokens
from oauth_guard.issuers.rate_limit import AdaptiveRateLimit

__all__ = ["EndpointHealth"]

_NEVER = float("-inf")
_SECONDS_TO_NARROW = 5
_TOKENS_TO_NARROW = 5
_LONGEST_GAP = 1
_NARROW_RATE = 3  # requests a second; the canary is the fourth
_CANARY_INTERVAL = 1
_REST = 5
_MAX_REST = 60
_MAX_RESTING = 10_000
_LIMITED_SECONDS = 1  # after so long with no status but 429, requests stop
_MIN_PAUSE, _MAX_PAUSE = 1, 4
# The lowest rate of requests about other tokens that draw status 429; the second value applies
# if a token that was active before drew it.
_FLOOR, _FLOOR_FOR_ALL = 32, 4


class EndpointHealth:
    """Decides which requests an endpoint is sent, from the outcomes of earlier ones.

    Tokens are given as hashes; None is the canary, a random token. An authorization server
    responds about it with status 200 and `active: false` (RFC 7662 §2.2), so its failure is not
    a caller's doing. Times are seconds of `now`, which leaves out the stalls of the event loop.

    While narrow, four requests a second are sent: the canary, and three about callers' tokens.
    Tokens that were active before come first: while there are any, one of the three is about
    another token. One conclusive response ends that.

    Args:
        clock: Returns monotonic seconds.
        on_narrow: Called when the endpoint becomes narrow.

    Attributes:
        narrow: Whether the endpoint is considered down.
        good: The tokens that were active before.
    """

    def __init__(self, clock: Clock, on_narrow: Callable[[], None]) -> None:
        self.narrow = False
        self.good = GoodTokens()
        self._clock, self._on_narrow = clock, on_narrow
        self._stalled = 0.0
        self._failed_until = _Rests()
        self._limited_until = _Rests()
        self._other_rate = AdaptiveRateLimit(clock)
        self._conclusive_at = self._canary_at = _NEVER
        self._paused_until = _NEVER
        self._recent: deque[float] = deque(maxlen=_NARROW_RATE)
        self._good_at = self._other_at = _NEVER
        self._failing_since: float | None = None
        self._failed: set[int] = set()
        self._canary_failed = False
        self._limited_since: float | None = None
        self._limited_at = _NEVER
        self._canary_limited = False

    @property
    def suspect(self) -> bool:
        """Whether a request failed since the last conclusive response."""
        return self._failing_since is not None

    def now(self) -> float:
        """Return monotonic seconds, without the time that the event loop was blocked."""
        return self._clock() - self._stalled

    def exclude(self, seconds: float) -> None:
        """Leave out the last *seconds*, for which the event loop was blocked."""
        self._stalled += seconds

    def rest_left(self, token: int) -> float:
        """Return for how many seconds *token* rests after a failure; 0 or less if it does not."""
        now = self.now()
        return max(self._failed_until.left(token, now), self._limited_until.left(token, now))

    def try_acquire(self, token: int) -> float:
        """Return 0 and count a request about *token* if it may be sent now.

        Otherwise return after how many seconds to try again.
        """
        now = self.now()
        if self._conclusive_at == _NEVER:
            self._conclusive_at = now  # the first request: there was no time for a response
        if (resting := self.rest_left(token)) > 0:
            return resting
        if self._paused_until > now:
            return self._paused_until - now
        good = token in self.good
        self._check_narrow(now)
        if self.narrow:
            return 0 if self._acquire_narrow(now, good=good) else _CANARY_INTERVAL
        return 0 if good or self._other_rate.try_acquire() else 1

    def canary_due(self) -> bool:
        """Return whether the canary is to be sent now; if so, it counts as sent.

        It is sent once a second after requests about five tokens failed.
        """
        now = self.now()
        due = (
            len(self._failed) >= _TOKENS_TO_NARROW
            and now - self._canary_at >= _CANARY_INTERVAL
            and now >= self._paused_until
        )
        if due:
            self._canary_at = now
        return due

    def record_conclusive(self, token: int | None) -> None:
        """Record a conclusive response: the endpoint works, whatever it says about the token."""
        if self.narrow:  # the tokens failed because the endpoint was down
            self._failed_until = _Rests()
        self.narrow = False
        self._paused_until = _NEVER
        self._conclusive_at = self.now()
        if token is not None and token not in self.good:
            self._other_rate.refund()
        self._failing_since = self._limited_since = None
        self._failed.clear()
        self._canary_failed = False

    def record_failure(self, token: int | None, sent_at: float) -> None:
        """Record that a request sent at *sent_at* had no response in time, or a status of 5xx."""
        self._limited_since = None
        if token is not None:
            self._failed_until.put(token, sent_at + _REST)
        self._count(token, sent_at)

    def record_limit(self, token: int | None, sent_at: float, retry_after: float | None) -> None:
        """Record a status of 429, with the seconds of its `Retry-After` if there is one.

        The token rests for that time, and other tokens than active ones are sent at half the
        rate. If all responses of a second had this status, the canary's too, requests stop for
        one to four seconds.
        """
        now = self.now()
        seconds = _REST if retry_after is None else min(retry_after, _MAX_REST)
        if token is not None:
            self._limited_until.put(token, now + seconds)
            self._other_rate.halve(_FLOOR_FOR_ALL if token in self.good else _FLOOR)
        self._count(token, sent_at)
        if self._limited_since is None or now - self._limited_at > _LIMITED_SECONDS:
            self._limited_since, self._canary_limited = now, False
        self._limited_at = now
        self._canary_limited |= token is None
        if self._canary_limited and now - self._limited_since >= _LIMITED_SECONDS:
            self._paused_until = now + min(max(seconds, _MIN_PAUSE), _MAX_PAUSE)
            self._limited_since = None

    def _count(self, token: int | None, sent_at: float) -> None:
        """Count the failure about *token*; each token counts once."""
        if token is None:
            self._canary_failed |= self.suspect and sent_at >= self._conclusive_at
            return
        # Between requests that are rare, the endpoint had no reason to respond.
        since = max(sent_at - _LONGEST_GAP, self._conclusive_at)
        if self._failing_since is None or since < self._failing_since:
            self._failing_since = since
        if len(self._failed) < _TOKENS_TO_NARROW:
            self._failed.add(token)

    def _check_narrow(self, now: float) -> None:
        if (
            not self.narrow
            and self._failing_since is not None
            and now - self._failing_since >= _SECONDS_TO_NARROW
            and len(self._failed) >= _TOKENS_TO_NARROW
            and self._canary_failed
        ):
            self.narrow = True
            self._on_narrow()

    def _acquire_narrow(self, now: float, *, good: bool) -> bool:
        """Return whether one of the three requests of a second is left; if so, count it.

        While there are requests about good tokens, other tokens get at most one of the three.
        """
        if good:
            self._good_at = now
        elif now - self._other_at < (1 if now - self._good_at < 1 else 1 / _NARROW_RATE):
            return False
        if len(self._recent) == _NARROW_RATE and now - self._recent[0] < 1:
            return False
        self._recent.append(now)
        if not good:
            self._other_at = now
        return True


class _Rests:
    """Until when each of at most 10,000 tokens rests; the oldest entry is dropped first."""

    def __init__(self) -> None:
        self._until: OrderedDict[int, float] = OrderedDict()

    def put(self, token: int, until: float) -> None:
        self._until[token] = until
        self._until.move_to_end(token)
        if len(self._until) > _MAX_RESTING:
            self._until.popitem(last=False)

    def left(self, token: int, now: float) -> float:
        """Return for how many seconds *token* rests."""
        if not self._until:
            return 0
        left = self._until.get(token, now) - now
        if left <= 0:
            self._until.pop(token, None)
        return left
