"""SealedStore: a `Store` that authenticates its values by HMAC-SHA-256 (RFC 2104)."""

import hmac
import logging
import time
from collections.abc import Sequence
from struct import Struct

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Clock, Store, StoredValue
from oauth_guard.protocol.settings import checked_settings

__all__ = ["SealedStore"]

_log = logging.getLogger("oauth_guard")

_PURPOSE = b"oauth_guard sealed value 1"
_VERSION = b"1"
_LENGTHS = Struct(">QQQ")
_MIN_KEY_BYTES = 32
_MAX_BYTES = 256 * 1024  # a MAC over a huge value that an attacker wrote would cost CPU time
_SKEW = 60  # seconds of clock skew before an expired value is logged as a possible replay


@checked_settings
class SealedStore:
    """A store over another store that others may be able to write to.

    It returns a value only if the value was sealed with the secret key, under the same store
    key, and has not expired by our own clock. Any other value is treated as missing and logged.
    A value that expired at most 60 s ago is not logged, since clock skew explains it. So an
    attacker who can write to the inner store can't forge a value, move it to another store key,
    or replay it after its expiry.

    It does not protect against a replay before the expiry: a value that was replaced or removed
    still has a valid seal. A value longer than 256 KiB, seal included, is rejected unread.
    Values are not encrypted.

    Args:
        store: The inner store.
        key: At least 32 secret bytes. To rotate the key, pass two of them, `[new, old]`: the
            first seals, and each of them opens.
        clock: Returns seconds since the epoch.

    Raises:
        ConfigurationError: There is no key, or a key is shorter than 32 bytes.
    """

    def __init__(
        self, store: Store, key: bytes | Sequence[bytes], *, clock: Clock = time.time
    ) -> None:
        keys = (key,) if isinstance(key, bytes) else tuple(key)
        if not keys or not all(map(_is_key, keys)):
            raise ConfigurationError(
                "key= must be at least 32 secret bytes, the same in each process that shares the "
                "store: generate them once with secrets.token_bytes(32)."
            )
        self._store, self._clock = store, clock
        self._macs = [hmac.new(each, _PURPOSE, "sha256") for each in keys]  # copied for each MAC

    async def get(self, key: bytes) -> StoredValue | None:
        """Return the value under *key*, or None if there is none that is valid.

        It expires when its end in the seal has come by our clock, or when the inner store removes
        it, whichever is first: so a writer whose clock is ahead does not lengthen its life.

        Raises:
            StoreUnavailable: The inner store is unavailable.
        """
        sealed = await self._store.get(key)
        if sealed is None:
            return None
        opened = self._open(key, sealed.value, self._clock())
        return opened and StoredValue(opened.value, min(opened.seconds, sealed.seconds))

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Seal *value* and store it for *seconds*, replacing any older value.

        Raises:
            StoreUnavailable: The inner store is unavailable.
        """
        await self._store.put(key, self._seal(key, value, self._clock() + seconds), seconds)

    async def lease(self, key: bytes, seconds: float) -> bool:
        """Take the lease of *key* in the inner store. It is not sealed: it only saves work.

        Raises:
            StoreUnavailable: The inner store is unavailable.
        """
        return await self._store.lease(key, seconds)

    async def aclose(self) -> None:
        """Close the inner store."""
        await self._store.aclose()

    def _seal(self, key: bytes, value: bytes, ends_at: float) -> bytes:
        end = repr(ends_at).encode()
        return b":".join((_VERSION, end, _mac(self._macs[0], key, end, value), value))

    def _open(self, key: bytes, sealed: bytes, now: float) -> StoredValue | None:
        if len(sealed) > _MAX_BYTES:
            _log.warning("a stored value was rejected: it is longer than 256 KiB")
            return None
        version, _, rest = sealed.partition(b":")
        end, _, rest = rest.partition(b":")
        mac, _, value = rest.partition(b":")
        expected = (_mac(each, key, end, value) for each in self._macs)
        if version != _VERSION or not any(hmac.compare_digest(mac, each) for each in expected):
            _log.warning("a stored value was rejected: its seal is not valid")
            return None
        ends_at = float(end)  # covered by the MAC, so this library wrote it
        if now >= ends_at + _SKEW:
            _log.warning("a stored value was rejected: it expired more than 60 s ago")
        return StoredValue(value, ends_at - now) if now < ends_at else None


def _is_key(key: object) -> bool:
    return isinstance(key, bytes) and len(key) >= _MIN_KEY_BYTES


def _mac(begun: hmac.HMAC, key: bytes, end: bytes, value: bytes) -> bytes:
    """Return the MAC over *key*, *end* and *value*, with their lengths, which fix the borders."""
    mac = begun.copy()
    mac.update(_LENGTHS.pack(len(key), len(end), len(value)) + key + end + value)
    return mac.hexdigest().encode()
