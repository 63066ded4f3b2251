"""Tenants: issuers that are looked up by the `iss` of a token instead of being listed."""

import asyncio
import hashlib
import logging
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from oauth_guard.byte_budget import ByteBudget
from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason
from oauth_guard.interfaces import Clock, Issuer, Store
from oauth_guard.issuers.introspection_cache import cached
from oauth_guard.issuers.members import add_resource, missing_member
from oauth_guard.issuers.rate_limit import RateLimit
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.urls import check_issuer_urls
from oauth_guard.single_flight import Singleflight

__all__ = ["Resolve", "TenantDirectory", "Tenants"]

_log = logging.getLogger("oauth_guard")

_MAX_NAME = 2048
_MAX_UNKNOWN = 10_000
_SOURCE = "tenants"  # named in outages, since the name in a token must not be logged

Resolve: TypeAlias = Callable[[str], Awaitable[Issuer | None]]
"""Returns the issuer with exactly this identifier, or None if no tenant has it."""


@checked_settings
@dataclass(frozen=True, kw_only=True, slots=True)
class Tenants:
    """Trusts the issuers that *resolve* returns; used as an entry of a guard's `issuers`.

    *resolve* is called only with a name that an issuer identifier may be, and only once at a time
    for each name. A tenant is cached. That a name has no tenant is cached too, for a few seconds.
    While *resolve* fails, tokens of tenants that are not cached can't be validated: that is a 503.

    Attributes:
        resolve: Returns the issuer of a name. It should return the same object each time, so that
            the issuer's keys stay cached; an issuer that it no longer returns is closed.
        cache_for: Seconds for which a tenant is trusted before *resolve* is called again.
        negative_cache_for: Seconds for which it is cached that a name has no tenant.
        max_tenants: How many tenants are cached; the least recently used is evicted first.
        max_lookups_per_second: How many names per second that are not cached are looked up. As
            many renewals per second of cached tenants are allowed in addition.
        deadline: Seconds that one call of *resolve* may take.
        aclose: Closes what *resolve* uses, when the guard closes.
        insecure_http: Look up http names as well, inside a private network.
        audience: The `audience=` of every issuer that *resolve* returns, if it is the same for
            all. It is only used to reject two guards that would accept each other's tokens.
        advertised: The authorization servers that the resource's metadata names. They are not
            trusted by that: *resolve* decides.

    Raises:
        ConfigurationError: A number is out of range, or what is advertised is no issuer's URL.
    """

    resolve: Resolve
    cache_for: float = 300
    negative_cache_for: float = 5
    max_tenants: int = 1000
    max_lookups_per_second: float = 50
    deadline: float = 2
    aclose: Callable[[], Awaitable[None]] | None = None
    insecure_http: bool = False
    audience: Sequence[str] = ()
    advertised: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check the numbers, and the issuers that are advertised.

        Raises:
            ConfigurationError: A number is too small or infinite, or an issuer is no URL.
        """
        for name in self.advertised:
            check_issuer_urls(name, insecure_http=self.insecure_http)
        seconds = (self.cache_for, self.deadline)
        if (
            not all(0 < each < math.inf for each in seconds)
            or not 0 <= self.negative_cache_for < math.inf
        ):
            raise ConfigurationError(
                "cache_for=, negative_cache_for= and deadline= are positive seconds."
            )
        if self.max_tenants < 1 or not 1 <= self.max_lookups_per_second < math.inf:
            raise ConfigurationError("max_tenants= and max_lookups_per_second= are 1 or more.")


class _Tenant(NamedTuple):
    """A cached tenant: what was resolved, the issuer that validates, and until when."""

    resolved: Issuer
    issuer: Issuer
    until: float


class TenantDirectory:
    """Looks up tenants, and caches them and, in a separate cache, the names without a tenant.

    Args:
        tenants: How tenants are resolved, and the limits.
        store: Where introspection results of tenants are stored beyond this process.
        budget: The memory that introspection results of all tenants may take in this process.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.
    """

    def __init__(
        self,
        tenants: Tenants,
        store: Store | None = None,
        *,
        budget: ByteBudget | None = None,
        clock: Clock,
        monotonic: Clock,
    ) -> None:
        self._tenants, self._store, self._budget = tenants, store, budget
        self._clock, self._monotonic = clock, monotonic
        self._resource: str | None = None
        self._known: OrderedDict[str, _Tenant] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._lookups: Singleflight[str, Issuer | Reason | None] = Singleflight(
            closed=Reason.UNREACHABLE
        )
        self._lookup_limit = RateLimit(tenants.max_lookups_per_second, monotonic)
        # A limit of its own: a flood of unknown names must not stop the renewal of tenants.
        self._renewal_limit = RateLimit(tenants.max_lookups_per_second, monotonic)

    def add_resource(self, resource: str) -> None:
        """Set the resource of the guard that uses this directory; each issuer learns it."""
        self._resource = resource

    async def find(self, name: str) -> Issuer | None:
        """Return the issuer with the identifier *name*, or None if no tenant has it.

        Raises:
            IssuerUnavailable: It is not cached, and can't be looked up now.
        """
        known = self._known.get(name)
        if known is not None and self._monotonic() < known.until:
            self._known.move_to_end(name)
            return known.issuer
        if not self._may_be_issuer(name) or self._is_unknown(name):
            return None
        if not self._lookups.is_running(name):
            limit = self._lookup_limit if known is None else self._renewal_limit
            if not limit.try_acquire():
                raise IssuerUnavailable(_SOURCE, Reason.BUSY)
        found = await self._lookups.run(name, lambda: self._look_up(name))
        if isinstance(found, Reason):
            raise IssuerUnavailable(_SOURCE, found)
        return found

    def limit(self, name: str, issuer: Issuer, validation: Validation) -> Validation:
        """Return *validation* by *issuer*, current only while `find` would return *issuer*.

        Each call of the new `is_current` counts as a use of the tenant, as `find` does.
        """
        issuer_is_current = validation.is_current
        if issuer_is_current is None:
            return validation

        def is_current() -> bool:
            known = self._known.get(name)
            if known is None or known.issuer is not issuer or self._monotonic() >= known.until:
                return False
            self._known.move_to_end(name)
            return issuer_is_current()

        return validation._replace(is_current=is_current)

    async def aclose(self) -> None:
        """Cancel the lookups, close the tenants' issuers, and call `Tenants.aclose`."""
        await self._lookups.aclose()
        issuers = [known.issuer for known in self._known.values()]
        self._known.clear()
        async with AsyncExitStack() as stack:
            if self._tenants.aclose is not None:
                stack.push_async_callback(self._tenants.aclose)
            for issuer in issuers:
                stack.push_async_callback(issuer.aclose)

    def _may_be_issuer(self, name: str) -> bool:
        """Return whether *name* may be an issuer identifier (RFC 8414 §2)."""
        if len(name) > _MAX_NAME:
            return False
        try:
            check_issuer_urls(name, insecure_http=self._tenants.insecure_http)
        except ConfigurationError:
            return False
        return True

    def _is_unknown(self, name: str) -> bool:
        return self._monotonic() < self._unknown.get(_digest(name), -math.inf)

    async def _look_up(self, name: str) -> Issuer | Reason | None:
        """Resolve *name*, cache the outcome, and close the issuer that it replaces."""
        try:
            async with asyncio.timeout(self._tenants.deadline):
                resolved = await self._tenants.resolve(name)
            mistake = None if resolved is None else _mistake(resolved, name)
        except TimeoutError:
            return Reason.TIMED_OUT
        except Exception as error:  # noqa: BLE001 - the fault is not the token's, so it is an outage
            # The text of the error may contain secrets, such as the address of a database.
            _log.error("tenants: the lookup failed: %s", type(error).__name__)
            return Reason.UNREACHABLE
        if mistake:
            _log.error("tenants: the issuer that was returned %s", mistake)
            return Reason.BAD_RESPONSE
        former = self._known.pop(name, None)
        if former is not None and former.resolved is not resolved:
            await _close(former.issuer)
            former = None
        if resolved is None:
            self._put_unknown(name)
            return None
        return await self._put(name, resolved, former)

    async def _put(self, name: str, resolved: Issuer, former: _Tenant | None) -> Issuer:
        if former is not None:
            issuer = former.issuer
        else:
            issuer = cached(
                resolved,
                self._store,
                budget=self._budget,
                clock=self._clock,
                monotonic=self._monotonic,
            )
            if self._resource is not None:
                add_resource(resolved, self._resource)
            issuer.start()
        self._known[name] = _Tenant(resolved, issuer, self._monotonic() + self._tenants.cache_for)
        if len(self._known) > self._tenants.max_tenants:
            _, evicted = self._known.popitem(last=False)
            await _close(evicted.issuer)
        return issuer

    def _put_unknown(self, name: str) -> None:
        key = _digest(name)
        self._unknown[key] = self._monotonic() + self._tenants.negative_cache_for
        self._unknown.move_to_end(key)  # ordered by the time when the entries expire
        if len(self._unknown) > _MAX_UNKNOWN:
            self._unknown.popitem(last=False)


def _mistake(resolved: Issuer, name: str) -> str | None:
    """Return what is wrong with the issuer that was returned for *name*, without its values."""
    if member := missing_member(resolved, Issuer):
        return f"has no `{member}`"
    return None if resolved.issuer == name else "has another identifier than the requested one"


async def _close(issuer: Issuer) -> None:
    try:
        await issuer.aclose()
    except Exception as error:  # noqa: BLE001 - the request that waits is not affected by it
        _log.warning("%s can't be closed: %s", issuer.issuer, type(error).__name__)


def _digest(name: str) -> bytes:
    """Return the key of a name without a tenant; the name itself may be long."""
    return hashlib.sha256(name.encode()).digest()
