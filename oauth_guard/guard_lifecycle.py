"""GuardLifecycle: starts and closes the parts of a guard that live longer than a request."""

from collections.abc import Iterable, Iterator
from typing import Protocol, Self

from oauth_guard.decision_log import DecisionLog
from oauth_guard.errors import IssuerUnavailable
from oauth_guard.guard_settings import Start
from oauth_guard.interfaces import Lifecycle, Store
from oauth_guard.protocol.measurements import Measurement, measurements_of

__all__ = ["AsyncLifecycle", "GuardLifecycle"]


class _Part(Protocol):
    async def load(self) -> None: ...

    async def aclose(self) -> None: ...


class _Issuers(Lifecycle, Protocol):
    @property
    def was_ready(self) -> bool: ...


class GuardLifecycle:
    """Starts and closes the parts of one guard.

    Args:
        issuers: Its issuers.
        parts: Its check of proofs, its deny-list and its status lists; None for one that it lacks.
        store: Where introspection results are stored.
        startup: What `start` does about keys.
        log: Where an unavailable issuer is logged.

    Attributes:
        open_connections: How many WebSockets and streams are open.
    """

    def __init__(
        self,
        issuers: _Issuers,
        parts: Iterable[_Part | None],
        store: Store | None,
        startup: Start,
        log: DecisionLog,
    ) -> None:
        self._issuers, self._store = issuers, store
        self._parts = [part for part in parts if part is not None]
        self._startup, self._log = startup, log
        self.open_connections = 0

    @property
    def ready(self) -> bool:
        """Whether tokens of every issuer can be validated; once True, it stays True."""
        return self._issuers.was_ready

    @property
    def degraded(self) -> bool:
        """Whether tokens of some issuer can't be validated now, though the guard was ready."""
        return self._issuers.was_ready and not self._issuers.ready

    def measurements(self) -> Iterator[Measurement]:
        """Yield what the parts measure about themselves."""
        for part in (self._issuers, *self._parts):
            yield from measurements_of(part)
        yield Measurement("open_connections", self.open_connections)

    async def start(self) -> None:
        """Fetch the keys and metadata that validation needs, as `start=` says.

        Raises:
            IssuerUnavailable: An issuer can't be reached, and `start="fail fast"`.
            ConfigurationError: The store of replays or revocations removes entries before their
                end.
        """
        for part in self._parts:
            await part.load()
        if self._startup == "background":
            self._issuers.start()
            return
        try:
            await self._issuers.load()
        except IssuerUnavailable as error:
            self._log.write(error)
            if self._startup == "fail fast":
                await self.aclose()
                raise

    async def aclose(self) -> None:
        """Close connections and stop background work; the next request opens them again."""
        await self._issuers.aclose()
        for part in self._parts:
            await part.aclose()
        if self._store is not None:
            await self._store.aclose()


class AsyncLifecycle:
    """Gives a guard `start` and `aclose`, which `async with guard` calls, and `ready`."""

    _lifecycle: GuardLifecycle

    @property
    def ready(self) -> bool:
        """Whether tokens of every issuer can be validated; once True, it stays True."""
        return self._lifecycle.ready

    @property
    def degraded(self) -> bool:
        """Whether tokens of some issuer can't be validated now, though the guard was ready."""
        return self._lifecycle.degraded

    def measurements(self) -> Iterator[Measurement]:
        """Yield what issuers, keys and stores measure about themselves: see `MEASUREMENTS`."""
        return self._lifecycle.measurements()

    def count_connections(self, difference: int) -> None:
        """Add *difference* to the number of open connections."""
        self._lifecycle.open_connections += difference

    async def start(self) -> None:
        """Fetch the keys and metadata that validation needs, as `start=` says.

        Raises:
            IssuerUnavailable: An issuer can't be reached, and `start="fail fast"`.
            ConfigurationError: The store of replays or revocations removes entries before their
                end.
        """
        await self._lifecycle.start()

    async def aclose(self) -> None:
        """Close connections and stop background work; the next request opens them again."""
        await self._lifecycle.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
