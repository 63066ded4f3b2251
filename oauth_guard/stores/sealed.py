"""SealedStore: what others could have written is believed only under our seal (RFC 2104)."""

import hmac
import logging
import time
from collections.abc import Sequence

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Clock, Store

__all__ = ["SealedStore"]

_log = logging.getLogger("oauth_guard")

_PURPOSE = b"oauth_guard sealed value 1"
_VERSION = b"1"
_MIN_KEY_BYTES = 32
_MAX_BYTES = 256 * 1024  # whoever plants a huge one shall not keep us busy with its MAC
_SKEW = 60  # seconds that clocks may differ before a value past its time looks like a replay


class SealedStore:
    """A store over one that others may be able to write to.

    What it returns was put by somebody who has the key, under this very store key, and is in
    its time by our own clock. Anything else is as good as nothing, and the log tells of it: who
    can write to the store can't make up a value or move one, nor bring one back past its time.
    Until then he can: a value that was replaced or removed has its seal still. One that is over
    256 KiB with its seal is not looked at.

    Args:
        store: Where the values are.
        key: At least 32 secret bytes. While you change it, both: `[new, old]`; the first
            seals, and each opens.
        clock: Tells seconds since the epoch.

    Raises:
        ConfigurationError: There is no key, or one is too short.
    """

    def __init__(
        self, store: Store, key: bytes | Sequence[bytes], *, clock: Clock = time.time
    ) -> None:
        self._store = store
        self._keys = (key,) if isinstance(key, bytes) else tuple(key)
        self._clock = clock
        if not self._keys or not all(map(_is_key, self._keys)):
            raise ConfigurationError(
                "key= is at least 32 secret bytes, the same in each process that shares the "
                "store: make some by secrets.token_bytes(32), once."
            )

    async def get(self, key: bytes) -> bytes | None:
        """Return what was sealed under *key*.

        Raises:
            StoreUnavailable: The store can't be asked.
        """
        sealed = await self._store.get(key)
        return None if sealed is None else self._open(key, sealed, self._clock())

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Seal and keep *value* for *seconds*, in the place of what was there.

        Raises:
            StoreUnavailable: The store can't be asked.
        """
        await self._store.put(key, self._seal(key, value, self._clock() + seconds), seconds)

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        """Seal and keep *value* for *seconds* unless *key* is taken; tell whether it was kept.

        Raises:
            StoreUnavailable: The store can't be asked.
        """
        return await self._store.add(key, self._seal(key, value, self._clock() + seconds), seconds)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._store.aclose()

    def _seal(self, key: bytes, value: bytes, ends_at: float) -> bytes:
        end = repr(ends_at).encode()
        return b":".join((_VERSION, end, _mac(self._keys[0], key, end, value), value))

    def _open(self, key: bytes, sealed: bytes, now: float) -> bytes | None:
        if len(sealed) > _MAX_BYTES:
            _log.warning("a stored value was refused: it is too long to be ours")
            return None
        version, _, rest = sealed.partition(b":")
        end, _, rest = rest.partition(b":")
        mac, _, value = rest.partition(b":")
        ours = (_mac(each, key, end, value) for each in self._keys)
        if version != _VERSION or not any(hmac.compare_digest(mac, each) for each in ours):
            _log.warning("a stored value was refused: it has no seal of ours")
            return None
        ends_at = float(end)  # under the seal, so we wrote it
        if now >= ends_at + _SKEW:
            _log.warning("a stored value was refused: its time has passed long ago")
        return value if now < ends_at else None


def _is_key(key: object) -> bool:
    return isinstance(key, bytes) and len(key) >= _MIN_KEY_BYTES


def _mac(secret: bytes, *parts: bytes) -> bytes:
    """Return the MAC over *parts*, each with its length, so that none can pass for another."""
    message = b"".join(len(part).to_bytes(8) + part for part in (_PURPOSE, *parts))
    return hmac.digest(secret, message, "sha256").hex().encode()
