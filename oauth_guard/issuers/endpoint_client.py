"""EndpointClient: POST requests to an issuer's endpoint, with deadlines and a circuit breaker."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPResult
from oauth_guard.issuers.circuit_breaker import CircuitBreaker
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.single_flight import Singleflight

__all__ = ["EndpointClient", "FormRequest"]

_log = logging.getLogger("oauth_guard")

_SLOTS = 64

_MOVED = {404, 410}
_TOO_MANY, _SERVER_ERROR = 429, 500
# Failures of the endpoint itself. No choice of token can cause one, so a caller can't open the
# circuit breaker for others.
_ENDPOINT_FAILURES = {Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.WRONG_METADATA}


@dataclass(frozen=True, slots=True, repr=False)
class FormRequest:
    """An encoded form, and the header fields to send with it."""

    form: bytes
    headers: Mapping[str, str]


class EndpointClient:
    """Sends forms to one endpoint of an issuer, which is configured or found in its metadata.

    At most 64 requests are in progress concurrently. A request waits up to 2 s for a slot (a
    timeout there is not counted against the endpoint), then has 2 s, discovery included. It is
    sent a second time if the connection failed, never after a response. While the circuit
    breaker is open, requests fail without being sent.

    Args:
        member: The name of the endpoint in the metadata.
        discovery: Finds the URL of the endpoint.
        fetcher: Sends the form.
        breaker: Records failures of the endpoint.
        queue_timeout: How many seconds a request may wait for a slot.
        deadline: How many seconds a request may take once it has a slot.
        discovery_timeout: How many seconds discovery may take. It is shared by all requests, and
            continues when a request that waits for it reaches its own deadline.
    """

    def __init__(  # noqa: PLR0913 - three parts, and four settings by keyword
        self,
        member: str,
        discovery: Discovery,
        fetcher: Fetcher,
        *,
        breaker: CircuitBreaker,
        queue_timeout: float = 2,
        deadline: float = 2,
        discovery_timeout: float = 5,
    ) -> None:
        self._member = member
        self._discovery = discovery
        self._fetcher = fetcher
        self._breaker = breaker
        self._queue_timeout = queue_timeout
        self._deadline = deadline
        self._discovery_timeout = discovery_timeout
        self._discoveries: Singleflight[str, None] = Singleflight(closed=None)
        self._discovery_failure = Reason.WRONG_METADATA
        self._located = discovery.known(member) is not None
        self._slots: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    @property
    def ready(self) -> bool:
        """Whether the endpoint was found, and the circuit breaker is not open."""
        return self._located and not self._breaker.failing

    async def post(self, build_request: Callable[[], FormRequest]) -> HTTPResult:
        """Send the form that *build_request* returns, and return the response.

        *build_request* is called for each attempt, so that an assertion or nonce is sent only
        once. The response has any status except 429 and 5xx, which count as failures.

        Raises:
            IssuerUnavailable: No slot, no response in time, status 429 or 5xx, or the circuit
                breaker is open.
        """
        slots = await self._acquire_slot()
        try:
            if not self._breaker.allow():
                raise self._unavailable(Reason.BACKING_OFF)
            result = await self._attempt(build_request)
        finally:
            slots.release()
        if isinstance(result, Reason):
            raise self._no_result(result)
        if result.status == _TOO_MANY or result.status >= _SERVER_ERROR:
            raise self._endpoint_failed(Reason.BAD_RESPONSE, result.retry_after)
        self._breaker.record_success()
        if result.status in _MOVED:
            self._discovery.forget()
        return result

    def start(self) -> None:
        """Start discovery of the endpoint in the background, unless its URL is known."""
        if self._discovery.known(self._member) is None:
            self._discoveries.start(self._member, self._discover)

    async def load(self) -> None:
        """Wait until the URL of the endpoint is known.

        Raises:
            IssuerUnavailable: Discovery failed.
        """
        await self._url()

    async def aclose(self) -> None:
        """Cancel discovery, and close all connections; the next use opens new ones."""
        await self._discoveries.aclose()
        await self._fetcher.aclose()

    async def _acquire_slot(self) -> asyncio.Semaphore:
        """Acquire a slot of the running loop, and return the semaphore to release.

        A timeout here says nothing about the server, so it does not count as a failure.
        """
        loop = asyncio.get_running_loop()
        if self._slots is None or self._slots[0] is not loop:
            self._slots = (loop, asyncio.Semaphore(_SLOTS))
        slots = self._slots[1]
        if not slots.locked():
            await slots.acquire()  # does not wait, and a timeout would cost more than the call
            return slots
        try:
            async with asyncio.timeout(self._queue_timeout):
                await slots.acquire()
        except TimeoutError:
            raise self._unavailable(Reason.BUSY) from None
        return slots

    async def _attempt(self, build_request: Callable[[], FormRequest]) -> HTTPResult | Reason:
        """Return the response, or the reason why there is none.

        The deadline starts here: time spent waiting for a slot is not the endpoint's.
        """
        try:
            async with asyncio.timeout(self._deadline):
                return await self._send_with_retry(build_request)
        except TimeoutError:
            return Reason.TIMED_OUT
        except IssuerUnavailable as error:
            return error.reason
        except BaseException:
            self._breaker.cancel()
            raise

    async def _send_with_retry(self, build_request: Callable[[], FormRequest]) -> HTTPResult:
        url = await self._url()
        try:
            return await self._send(url, build_request())
        except IssuerUnavailable as error:
            if error.reason is not Reason.UNREACHABLE:
                raise
        return await self._send(url, build_request())

    async def _send(self, url: str, request: FormRequest) -> HTTPResult:
        return await self._fetcher.post(url, request.form, request.headers)

    async def _url(self) -> str:
        url = self._discovery.known(self._member)
        if url is None:
            await self._discoveries.run(self._member, self._discover)
            url = self._discovery.known(self._member)
        if url is None:
            raise self._unavailable(self._discovery_failure)
        return url

    async def _discover(self) -> None:
        try:
            async with asyncio.timeout(self._discovery_timeout):
                await self._discovery.address(self._member)
        except TimeoutError:
            self._discovery_failure = Reason.TIMED_OUT
        except IssuerUnavailable as error:
            # Metadata requests carry no token, so a bad response is a failure of the endpoint.
            responded = error.reason is Reason.BAD_RESPONSE
            self._discovery_failure = Reason.WRONG_METADATA if responded else error.reason
        else:
            self._located = True

    def _no_result(self, reason: Reason) -> IssuerUnavailable:
        if reason in _ENDPOINT_FAILURES:
            return self._endpoint_failed(reason)
        self._breaker.record_success()
        return self._unavailable(reason)

    def _endpoint_failed(
        self, reason: Reason, retry_after: float | None = None
    ) -> IssuerUnavailable:
        was_failing = self._breaker.failing
        self._breaker.record_failure(retry_after)
        if self._breaker.failing and not was_failing:
            self._discovery.forget()  # the endpoint may have moved
            _log.warning(
                "%s: no requests to %s for %.0f s: %s",
                self._discovery.issuer,
                self._member,
                self._breaker.seconds_left,
                reason,
            )
        return self._unavailable(reason)

    def _unavailable(self, reason: Reason) -> IssuerUnavailable:
        """Return a new error: each waiter needs its own, since raising adds a traceback."""
        seconds = max(math.ceil(self._breaker.seconds_left), 1)
        return IssuerUnavailable(self._discovery.issuer, reason, retry_after=seconds)
