"""Stateless DPoP nonces: a MAC over the time, verified without a store (RFC 9449 §8, §9)."""

import base64
import hmac
from collections.abc import Sequence

from oauth_guard.errors import ConfigurationError

__all__ = ["Nonces"]

_PURPOSE = b"oauth_guard DPoP nonce 1"
_MIN_KEY_BYTES = 32
_MIN_PERIOD, _MAX_PERIOD = 5, 3600
_NONCE_BYTES = 24


class Nonces:
    """Makes and verifies the nonces of one resource; each process with the same key agrees.

    Time is cut into periods, and each period has one nonce: 24 bytes of an HMAC-SHA-256 over the
    number of the period, base64url. The nonces of the current period and of the one before it are
    valid, so a nonce is valid for one to two periods. Without the key it can't be predicted.

    A nonce limits the age of a proof and is no replay check: all requests of one period get the
    same nonce.

    Args:
        key: At least 32 secret bytes, the same in each process. To change the key, pass both,
            `[new, old]`. The first makes nonces, and each verifies them.
        period: The length of a period, in seconds: 5 to 3600.

    Raises:
        ConfigurationError: There is no key, one is too short, or the period is out of its bounds.
    """

    def __init__(self, key: bytes | Sequence[bytes], *, period: int = 60) -> None:
        self._keys = (key,) if isinstance(key, bytes) else tuple(key)
        if not self._keys or not all(map(_is_key, self._keys)):
            raise ConfigurationError(
                "key= of nonces is at least 32 secret bytes, the same in each process: make some "
                "by secrets.token_bytes(32), once."
            )
        if not _MIN_PERIOD <= period <= _MAX_PERIOD:
            raise ConfigurationError("period= of nonces is 5 to 3600 seconds.")
        self._period = period

    def issue(self, now: float) -> str:
        """Return the nonce of the current period; *now* is in seconds since the epoch."""
        return _nonce(self._keys[0], self._number(now))

    def expiry(self, nonce: str, now: float) -> float | None:
        """Return when *nonce* ends to be valid, or None if it is not valid at *now*.

        Both times are in seconds since the epoch. The comparison takes constant time.
        """
        presented, number = nonce.encode("utf-8", "replace"), self._number(now)
        for generation in (number, number - 1):
            for key in self._keys:
                if hmac.compare_digest(presented, _nonce(key, generation).encode()):
                    return float((generation + 2) * self._period)
        return None

    def _number(self, now: float) -> int:
        return int(now // self._period)


def _is_key(key: object) -> bool:
    return isinstance(key, bytes) and len(key) >= _MIN_KEY_BYTES


def _nonce(key: bytes, number: int) -> str:
    message = _PURPOSE + number.to_bytes(8, "big", signed=True)
    return base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")[:_NONCE_BYTES]).decode()
