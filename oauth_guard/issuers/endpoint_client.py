"""EndpointClient: POST requests to an issuer's endpoint, with deadlines and limits on failures."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPResult
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.discovery import EndpointFinder
from oauth_guard.issuers.endpoint_health import EndpointHealth
from oauth_guard.issuers.request_slots import RequestSlots
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.measurements import Measurement
from oauth_guard.single_flight import Singleflight

__all__ = ["EndpointClient", "FormRequest"]

_MOVED = {404, 410}
_TOO_MANY, _SERVER_ERROR = 429, 500
_DISCOVERY_INTERVAL = 1
# Failures without a response. A response that is too long or can't be read is conclusive.
_NO_RESPONSE = {Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.WRONG_METADATA}


@dataclass(frozen=True, slots=True, repr=False)
class FormRequest:
    """An encoded form, and the header fields to send with it."""

    form: bytes
    headers: Mapping[str, str]


class EndpointClient:
    """Sends forms about tokens to one endpoint of an issuer, configured or in its metadata.

    At most 64 requests are in progress concurrently. A request waits up to 2 s for a slot (a
    timeout there is not counted against the endpoint), then has 2 s, discovery included. While
    more than half of the slots are used, a request about a token that was never active has
    less: see `GoodTokens.short_deadline`. It is sent a second time if the connection failed,
    never after a response. `EndpointHealth` decides which requests are sent while some fail.

    Args:
        member: The name of the endpoint in the metadata.
        discovery: Finds the URL of the endpoint.
        fetcher: Sends the form.
        build_canary: Returns a form about a random token, whose failure is no caller's doing.
        clock: Returns monotonic seconds.
        queue_timeout: How many seconds a request may wait for a slot.
        deadline: How many seconds a request may take once it has a slot.
        discovery_timeout: How many seconds discovery may take. It is shared by all requests, and
            continues when a request that waits for it reaches its own deadline.
        loop_clock: Measures for how long the event loop was blocked.
    """

    def __init__(  # noqa: PLR0913 - four parts, and settings by keyword
        self,
        member: str,
        discovery: EndpointFinder,
        fetcher: Fetcher,
        build_canary: Callable[[], FormRequest],
        *,
        clock: Clock,
        queue_timeout: float = 2,
        deadline: float = 2,
        discovery_timeout: float = 5,
        loop_clock: Clock = time.monotonic,
    ) -> None:
        self._loop_clock = loop_clock
        self._member, self._discovery, self._fetcher = member, discovery, fetcher
        self._build_canary = build_canary
        self._clock = clock
        self._queue_timeout, self._deadline = queue_timeout, deadline
        self._discovery_timeout = discovery_timeout
        self._discoveries: Singleflight[str, None] = Singleflight(closed=None)
        self._discovery_failure = Reason.WRONG_METADATA
        self._discovery_failed_at = float("-inf")
        self._found = discovery.known(member) is not None
        self._health = EndpointHealth(clock, self._became_narrow)
        self._canaries: Singleflight[int, None] = Singleflight(closed=None)
        self._canaries_sent = 0
        self._log = LogLimit(clock)
        self._current_slots: RequestSlots | None = None

    @property
    def ready(self) -> bool:
        """Whether the endpoint was found, and is not considered down."""
        return self._found and not self._health.narrow

    def measurements(self) -> Iterator[Measurement]:
        """Yield whether the endpoint is considered down, and how many requests are in progress."""
        slots = self._current_slots
        yield Measurement("introspection_down", self._health.narrow)
        yield Measurement("introspections_in_flight", 0 if slots is None else slots.used)

    async def post(
        self, token: str, build_request: Callable[[], FormRequest]
    ) -> tuple[HTTPResult, float]:
        """Send the form that *build_request* returns; return the response, and its seconds.

        *build_request* is called for each attempt, so that an assertion or nonce is sent only
        once. The response has any status except 429 and 5xx, which count as failures.

        Args:
            token: The token that the form is about.
            build_request: Returns the form.

        Raises:
            IssuerUnavailable: No slot, no response in time, status 429 or 5xx, or no request is
                sent about this token now.
        """
        key = hash(token)
        slots = await self._acquire_slot()
        try:
            if seconds := self._health.try_acquire(key):
                self._send_canary_if_due(slots)
                raise self._unavailable(Reason.BACKING_OFF, seconds)
            short = None
            if slots.crowded and key not in self._health.good:
                short = self._health.good.short_deadline()
            sent_at = self._health.now()
            result = await self._attempt(slots, build_request, short)
        finally:
            slots.release()
        response = self._response(key, sent_at, result, slots, shortened=short is not None)
        return response, self._health.now() - sent_at

    def record_active(self, token: str, seconds: float) -> None:
        """Record that *token* is active, as a response after *seconds* said."""
        self._health.good.add(hash(token), seconds)

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
        """Cancel background work, and close all connections; the next use opens new ones."""
        await self._canaries.aclose()
        await self._discoveries.aclose()
        await self._fetcher.aclose()

    def _slots(self) -> RequestSlots:
        """Return the slots of the running loop."""
        slots = self._current_slots
        if slots is None or slots.loop is not asyncio.get_running_loop():
            health = self._health
            slots = RequestSlots(self._exclude_stall, lambda: health.suspect and not health.narrow)
            self._current_slots = slots
        return slots

    def _exclude_stall(self, seconds: float) -> None:
        if self._clock is self._loop_clock:  # a clock that a test sets did not run meanwhile
            self._health.exclude(seconds)

    async def _acquire_slot(self) -> RequestSlots:
        """Acquire a slot of the running loop, and return the object to release.

        A timeout here says nothing about the server, so it does not count as a failure.
        """
        slots = self._slots()
        if slots.full and self._health.narrow:
            raise self._unavailable(Reason.BACKING_OFF)
        try:
            await slots.acquire(self._queue_timeout)
        except TimeoutError:
            raise self._unavailable(Reason.BUSY) from None
        return slots

    async def _attempt(
        self, slots: RequestSlots, build_request: Callable[[], FormRequest], short: float | None
    ) -> HTTPResult | Reason:
        """Return the response, or the reason why there is none.

        The deadline starts here: time spent waiting for a slot is not the endpoint's.
        """
        seconds = self._deadline if short is None else min(short, self._deadline)
        try:
            return await slots.within(seconds, self._send_with_retry(build_request))
        except TimeoutError:
            return Reason.TIMED_OUT
        except IssuerUnavailable as error:
            return error.reason

    async def _send_with_retry(self, build_request: Callable[[], FormRequest]) -> HTTPResult:
        url = await self._url()
        try:
            return await self._send(url, build_request())
        except IssuerUnavailable as error:
            if error.reason is not Reason.UNREACHABLE or self._health.narrow:
                raise
        return await self._send(url, build_request())

    async def _send(self, url: str, request: FormRequest) -> HTTPResult:
        return await self._fetcher.post(url, request.form, request.headers)

    def _response(
        self,
        key: int,
        sent_at: float,
        result: HTTPResult | Reason,
        slots: RequestSlots,
        *,
        shortened: bool,
    ) -> HTTPResult:
        """Record the outcome of a request, and return the response if there is a usable one."""
        if shortened and result is Reason.TIMED_OUT:
            raise self._unavailable(Reason.BUSY)  # the endpoint had less time than it may take
        if self._record(key, sent_at, result):
            if isinstance(result, Reason):
                raise self._unavailable(result)
            return result
        self._send_canary_if_due(slots)
        reason = result if isinstance(result, Reason) else Reason.BAD_RESPONSE
        raise self._unavailable(reason, self._health.rest_left(key))

    def _record(self, key: int | None, sent_at: float, result: HTTPResult | Reason) -> bool:
        """Record the outcome of a request, and return whether it was conclusive."""
        if isinstance(result, Reason):
            if result in _NO_RESPONSE:
                self._health.record_failure(key, sent_at)
                return False
        elif result.status == _TOO_MANY:
            self._health.record_limit(key, sent_at, result.retry_after)
            return False
        elif result.status >= _SERVER_ERROR:
            self._health.record_failure(key, sent_at)
            return False
        elif result.status in _MOVED:
            self._discovery.forget()
        self._health.record_conclusive(key)
        return True

    def _send_canary_if_due(self, slots: RequestSlots) -> None:
        """Send the canary in the background; it takes no slot, since callers may use them all."""
        if self._health.canary_due():
            self._canaries_sent += 1
            self._canaries.start(self._canaries_sent, lambda: self._send_canary(slots))

    async def _send_canary(self, slots: RequestSlots) -> None:
        sent_at = self._health.now()
        self._record(None, sent_at, await self._attempt(slots, self._build_canary, None))

    async def _url(self) -> str:
        url = self._discovery.known(self._member)
        if url is None:
            if self._clock() - self._discovery_failed_at >= _DISCOVERY_INTERVAL:
                await self._discoveries.run(self._member, self._discover)
            url = self._discovery.known(self._member)
        if url is None:
            raise self._unavailable(self._discovery_failure)
        return url

    async def _discover(self) -> None:
        try:
            await self._slots().within(
                self._discovery_timeout, self._discovery.address(self._member)
            )
        except TimeoutError:
            self._discovery_failure = Reason.TIMED_OUT
        except IssuerUnavailable as error:
            # Metadata requests carry no token, so a bad response is a failure of the endpoint.
            responded = error.reason is Reason.BAD_RESPONSE
            self._discovery_failure = Reason.WRONG_METADATA if responded else error.reason
        else:
            self._found = True
            return
        self._discovery_failed_at = self._clock()

    def _became_narrow(self) -> None:
        self._discovery.forget()  # the endpoint may have moved
        self._log.log(
            logging.WARNING,
            "narrow",
            "%s: no usable response from %s for 5 s: "
            "at most four requests a second are sent until there is one",
            self._discovery.issuer,
            self._member,
        )

    def _unavailable(self, reason: Reason, seconds: float = 1) -> IssuerUnavailable:
        """Return a new error: each waiter needs its own, since raising adds a traceback."""
        seconds = max(math.ceil(seconds), 1)
        return IssuerUnavailable(self._discovery.issuer, reason, retry_after=seconds)
