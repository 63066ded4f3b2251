"""retry_delay: how long to wait after a failed fetch of keys."""

import random

__all__ = ["MAX_BACKOFF", "retry_delay"]

MAX_BACKOFF = 60
"""The longest delay, in seconds, while keys are usable."""

_FIRST = 1
_MAX_WITHOUT_KEYS = 4


def retry_delay(failures: int, usable_for: float) -> float:
    """Return the seconds from the start of a failed fetch to the next, with jitter.

    The back-off doubles with each of the *failures* before this one, up to 60 seconds. It does
    not exceed *usable_for*, the seconds for which keys are still usable, or 4 seconds if that is
    less: without keys no token is accepted, so they must be back soon after the issuer is.
    """
    longest = min(MAX_BACKOFF, max(usable_for, _MAX_WITHOUT_KEYS))
    backoff = min(_FIRST * 2 ** min(failures, 10), longest)
    # Jitter, so that many processes don't retry at the same moment.
    return random.uniform(backoff / 4, backoff)  # noqa: S311 - not a secret
