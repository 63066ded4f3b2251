"""Resolver: resolve the host names of one issuer, so that slow DNS delays no other issuer."""

import ipaddress
import os
import socket
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from oauth_guard.http.threads import call_in_thread, wait_for_call
from oauth_guard.interfaces import Clock

__all__ = ["Resolver"]

_FRESH_SECONDS = 10
_STALE_SECONDS = 3600
_MAX_NAMES = 16
_MAX_LOOKUPS_PER_ISSUER = 4
_MAX_LOOKUPS = 256

# The lookups in progress in this process, by host name. Only single operations of the dictionary
# are used, which are atomic, so there is no lock that a fork could leave locked.
_in_progress: dict[str, "Future[tuple[str, ...]]"] = {}
os.register_at_fork(after_in_child=_in_progress.clear)  # no thread survives a fork


@dataclass(frozen=True, slots=True)
class _Entry:
    addresses: tuple[str, ...]
    resolved_at: float


class Resolver:
    """Resolves host names in threads of its own, and caches their addresses.

    In one process a name has one lookup in progress at most, which all issuers share. An issuer
    has up to 4 in progress and the process 256; each takes a thread until the system's resolver
    returns, which may be 30 s after the last request has given up. Its result is cached even so.

    Addresses are fresh for 10 s. For an hour they are used while a new lookup is in progress or
    fails (RFC 8767 describes this for DNS servers). The addresses are not checked here.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._cache: dict[str, _Entry] = {}
        self._awaited: set[str] = set()

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the addresses of *host*, at least one, the preferred one first.

        Raises:
            OSError: The name has no address, or too many lookups are in progress.
        """
        if _is_address(host):
            return (host,)
        entry = self._cache.get(host)
        if entry is not None:
            age = self._clock() - entry.resolved_at
            if age < _FRESH_SECONDS:
                return entry.addresses
            if age < _STALE_SECONDS:
                self._refresh(host)
                return entry.addresses
        return await wait_for_call(self._lookup(host))

    def prefer(self, host: str, address: str) -> None:
        """Return *address* first from now on: a connection to it was made."""
        entry = self._cache.get(host)
        if entry is not None and entry.addresses[0] != address:
            self._cache[host] = replace(entry, addresses=_first(address, entry.addresses))

    def forget(self, host: str) -> None:
        """Drop the addresses of *host*, since no connection to any of them could be made."""
        self._cache.pop(host, None)

    def _refresh(self, host: str) -> None:
        try:
            self._lookup(host)
        except (OSError, RuntimeError):  # too many: the next request tries again
            return

    def _lookup(self, host: str) -> "Future[tuple[str, ...]]":
        future = _in_progress.get(host)
        if future is None:
            if len(self._awaited) >= _MAX_LOOKUPS_PER_ISSUER or len(_in_progress) >= _MAX_LOOKUPS:
                raise OSError("too many names are being resolved")
            future = _in_progress[host] = call_in_thread(partial(_addresses, host))
            future.add_done_callback(lambda _: _in_progress.pop(host, None))
        if host not in self._awaited:
            self._awaited.add(host)
            while len(self._cache) >= _MAX_NAMES:
                oldest, *_ = list(self._cache)  # a copy: threads may add to the dictionary
                self._cache.pop(oldest, None)
            future.add_done_callback(partial(self._store, host))
        return future

    def _store(self, host: str, future: "Future[tuple[str, ...]]") -> None:
        """Store the result of a lookup; called in its thread."""
        if future.exception() is None:
            former = self._cache.get(host)
            addresses = future.result()
            if former is not None:
                addresses = _first(former.addresses[0], addresses)
            self._cache[host] = _Entry(addresses, self._clock())
        self._awaited.discard(host)


def _addresses(host: str) -> tuple[str, ...]:
    resolved = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(address[0]) for *_, address in resolved))
    if not addresses:
        raise OSError("the name has no address")
    return addresses


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _first(address: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return *addresses* with *address* moved to the front, if it is one of them."""
    if address not in addresses:
        return addresses
    return (address, *(each for each in addresses if each != address))
