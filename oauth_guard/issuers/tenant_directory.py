"""TenantDirectory: finds the tenant that a token names, in bounded time, number and patience."""

import asyncio
import hashlib
import logging
import math
from collections import OrderedDict
from contextlib import AsyncExitStack
from typing import NamedTuple

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason
from oauth_guard.interfaces import Clock, Issuer, Store
from oauth_guard.issuers.introspection_cache import cached
from oauth_guard.issuers.rate_limit import RateLimit
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.urls import parse_url
from oauth_guard.single_flight import SingleFlight

__all__ = ["TenantDirectory"]

_log = logging.getLogger("oauth_guard")

_MAX_NAME = 2048
_MAX_UNKNOWN = 10_000
_WHO = "tenants"  # whom an outage names, since what a token names is not for the log


class _Known(NamedTuple):
    """A tenant: what was returned for its name, what is asked in its place, and until when."""

    returned: Issuer
    asked: Issuer
    until: float


class TenantDirectory:
    """Remembers who was looked up, and who is nobody: each in a space of its own.

    Args:
        tenants: Who is asked, how often, and for how long it holds.
        store: Where introspection results of tenants are stored beyond this process.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.
    """

    def __init__(
        self, tenants: Tenants, store: Store | None = None, *, clock: Clock, monotonic: Clock
    ) -> None:
        self._tenants, self._store = tenants, store
        self._wall_clock, self._clock = clock, monotonic
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._lookups: SingleFlight[str, Issuer | Reason | None] = SingleFlight(
            closed=Reason.UNREACHABLE
        )
        self._for_strangers = RateLimit(tenants.max_lookups_per_second, monotonic)
        # However many strangers come, whom we know is asked about anew.
        self._for_known = RateLimit(tenants.max_lookups_per_second, monotonic)

    async def find(self, name: str) -> Issuer | None:
        """Return the issuer of that *name*, or None where it is nobody's.

        Raises:
            IssuerUnavailable: It is not remembered, and can't be asked about now.
        """
        known = self._known.get(name)
        if known is not None and self._clock() < known.until:
            self._known.move_to_end(name)
            return known.asked
        if not self._is_name(name) or self._is_unknown(name):
            return None
        if not self._lookups.in_flight(name):
            allowance = self._for_strangers if known is None else self._for_known
            if not allowance.try_acquire():
                raise IssuerUnavailable(_WHO, Reason.BUSY)
        found = await self._lookups.run(name, lambda: self._look_up(name))
        if isinstance(found, Reason):
            raise IssuerUnavailable(_WHO, found)
        return found

    def limited(self, name: str, issuer: Issuer, validation: Validation) -> Validation:
        """Return *validation* of *issuer*, current only while `find` would return *issuer*.

        Each call of its `is_current` counts as a use of the tenant, as `find` does.
        """
        issuer_says = validation.is_current
        if issuer_says is None:
            return validation

        def is_current() -> bool:
            known = self._known.get(name)
            if known is None or known.asked is not issuer or self._clock() >= known.until:
                return False
            self._known.move_to_end(name)
            return issuer_says()

        return Validation(validation.token, is_current)

    async def aclose(self) -> None:
        """End the look-ups, close the issuers that were found, and let go of the rest."""
        await self._lookups.aclose()
        leaving = [known.asked for known in self._known.values()]
        self._known.clear()
        async with AsyncExitStack() as stack:
            if self._tenants.aclose is not None:
                stack.push_async_callback(self._tenants.aclose)
            for issuer in leaving:
                stack.push_async_callback(issuer.aclose)

    def _is_name(self, name: str) -> bool:
        """Tell whether an issuer could have that name (RFC 8414 §2)."""
        if len(name) > _MAX_NAME or "?" in name:
            return False
        try:
            parse_url(name, setting="iss", insecure_http=self._tenants.insecure_http)
        except ConfigurationError:
            return False
        return True

    def _is_unknown(self, name: str) -> bool:
        return self._clock() < self._unknown.get(_digest(name), -math.inf)

    async def _look_up(self, name: str) -> Issuer | Reason | None:
        """Ask about *name*, remember the answer, and close whose place it takes."""
        try:
            async with asyncio.timeout(self._tenants.deadline):
                returned = await self._tenants.resolve(name)
            right = returned is None or returned.issuer == name
        except TimeoutError:
            return Reason.TIMED_OUT
        except Exception as error:  # noqa: BLE001 - whatever ails it, the token may be good
            # Its text may tell secrets, such as where a database is.
            _log.error("tenants can't be looked up: %s", type(error).__name__)
            return Reason.UNREACHABLE
        if not right:
            _log.error("tenants: the issuer that was returned has another name than asked for")
            return Reason.BAD_RESPONSE
        former = self._known.pop(name, None)
        if former is not None and former.returned is not returned:
            await _close(former.asked)
            former = None
        if returned is None:
            self._remember_unknown(name)
            return None
        return await self._remember(name, returned, former)

    async def _remember(self, name: str, returned: Issuer, former: _Known | None) -> Issuer:
        if former is not None:
            asked = former.asked
        else:
            asked = cached(returned, self._store, clock=self._wall_clock, monotonic=self._clock)
            asked.start()
        self._known[name] = _Known(returned, asked, self._clock() + self._tenants.cache_for)
        if len(self._known) > self._tenants.max_tenants:
            _, leaving = self._known.popitem(last=False)
            await _close(leaving.asked)
        return asked

    def _remember_unknown(self, name: str) -> None:
        key = _digest(name)
        self._unknown[key] = self._clock() + self._tenants.negative_cache_for
        self._unknown.move_to_end(key)  # the one that ends first stands first
        if len(self._unknown) > _MAX_UNKNOWN:
            self._unknown.popitem(last=False)


async def _close(issuer: Issuer) -> None:
    try:
        await issuer.aclose()
    except Exception as error:  # noqa: BLE001 - who waits has nothing to do with it
        _log.warning("%s can't be closed: %s", issuer.issuer, type(error).__name__)


def _digest(name: str) -> bytes:
    """Return what is kept of a name that is nobody's, which may be long."""
    return hashlib.sha256(name.encode()).digest()
