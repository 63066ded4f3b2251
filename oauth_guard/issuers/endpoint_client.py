"""Endpoint: asks an issuer, in bounded time, number and patience."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPResult
from oauth_guard.issuers.circuit_breaker import CircuitBreaker
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.single_flight import SingleFlight

__all__ = ["EndpointClient", "FormRequest"]

_log = logging.getLogger("oauth_guard")

_PLACES = 64

_MOVED = {404, 410}
_TOO_MANY, _SERVER_ERROR = 429, 500
# What tells that the endpoint is ill whoever asks; one chosen token can provoke none of it.
_ILL = {Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.WRONG_METADATA}


@dataclass(frozen=True, slots=True, repr=False)
class FormRequest:
    """A form to send, and the header fields that go with it."""

    form: bytes
    headers: Mapping[str, str]


class EndpointClient:
    """An endpoint of an issuer, which was configured or is found in its metadata.

    64 questions are under way at once. One waits two seconds at most to be one of them, which
    tells nothing of the endpoint, and then has two seconds of its own, discovery included. It
    is put once more where a connection failed, never after an answer. An endpoint that is ill
    is left alone for a while.

    Args:
        member: The name of the endpoint in the metadata.
        discovery: Knows where the endpoint is.
        fetcher: Sends the form.
        breaker: Knows whether the endpoint is ill.
        patience: How many seconds a question may wait until it is put.
        deadline: How many seconds it may take from then on.
        search_deadline: How many seconds it may take to find the endpoint, which goes on when
            the questions that wait for it give up.
    """

    def __init__(  # noqa: PLR0913 - three parts, and four settings by keyword
        self,
        member: str,
        discovery: Discovery,
        fetcher: Fetcher,
        *,
        breaker: CircuitBreaker,
        patience: float = 2,
        deadline: float = 2,
        search_deadline: float = 5,
    ) -> None:
        self._member = member
        self._discovery = discovery
        self._fetcher = fetcher
        self._breaker = breaker
        self._patience = patience
        self._deadline = deadline
        self._search_deadline = search_deadline
        self._searches: SingleFlight[str, None] = SingleFlight(closed=None)
        self._failure = Reason.WRONG_METADATA
        self._located = discovery.known(member) is not None
        self._places: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    @property
    def ready(self) -> bool:
        """Whether it was found, and is not being left alone."""
        return self._located and not self._breaker.seconds_left

    async def ask(self, question: Callable[[], FormRequest]) -> HTTPResult:
        """Return the answer, any but 429 and 5xx; each attempt puts a *question* of its own.

        Raises:
            IssuerUnavailable: There is none, or not in time.
        """
        places = await self._take_place()
        try:
            if not self._breaker.enter():
                raise self._unavailable(Reason.BACKING_OFF)
            answer = await self._attempt(question)
        finally:
            places.release()
        if isinstance(answer, Reason):
            raise self._unanswered(answer)
        if answer.status == _TOO_MANY or answer.status >= _SERVER_ERROR:
            raise self._failed(Reason.BAD_RESPONSE, answer.retry_after)
        self._breaker.answered()
        if answer.status in _MOVED:
            self._discovery.forget()
        return answer

    def start(self) -> None:
        """Begin to look for it, in the background."""
        if self._discovery.known(self._member) is None:
            self._searches.start(self._member, self._look)

    async def load(self) -> None:
        """Wait until it is found.

        Raises:
            IssuerUnavailable: It can't be found.
        """
        await self._url()

    async def aclose(self) -> None:
        """Stop looking for it, and let go of connections."""
        await self._searches.aclose()
        await self._fetcher.aclose()

    async def _take_place(self) -> asyncio.Semaphore:
        """Take one of the places of the running loop, and return where to give it back."""
        loop = asyncio.get_running_loop()
        if self._places is None or self._places[0] is not loop:
            self._places = (loop, asyncio.Semaphore(_PLACES))
        places = self._places[1]
        if not places.locked():
            await places.acquire()  # at once, and a bound on that would cost more than it does
            return places
        try:
            async with asyncio.timeout(self._patience):
                await places.acquire()
        except TimeoutError:
            raise self._unavailable(Reason.BUSY) from None
        return places

    async def _attempt(self, question: Callable[[], FormRequest]) -> HTTPResult | Reason:
        """Return the answer, or why there is none.

        The deadline begins here: time that was spent in our own queue is not the endpoint's.
        """
        try:
            async with asyncio.timeout(self._deadline):
                return await self._put(question)
        except TimeoutError:
            return Reason.TIMED_OUT
        except IssuerUnavailable as error:
            return error.reason
        except BaseException:
            self._breaker.abandoned()
            raise

    async def _put(self, question: Callable[[], FormRequest]) -> HTTPResult:
        url = await self._url()
        try:
            return await self._send(url, question())
        except IssuerUnavailable as error:
            if error.reason is not Reason.UNREACHABLE:
                raise
        return await self._send(url, question())

    async def _send(self, url: str, question: FormRequest) -> HTTPResult:
        return await self._fetcher.post(url, question.form, question.headers)

    async def _url(self) -> str:
        url = self._discovery.known(self._member)
        if url is None:
            await self._searches.run(self._member, self._look)
            url = self._discovery.known(self._member)
        if url is None:
            raise self._unavailable(self._failure)
        return url

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(self._search_deadline):
                await self._discovery.address(self._member)
        except TimeoutError:
            self._failure = Reason.TIMED_OUT
        except IssuerUnavailable as error:
            # That no document can be used has nothing to do with the token that is asked about.
            answered = error.reason is Reason.BAD_RESPONSE
            self._failure = Reason.WRONG_METADATA if answered else error.reason
        else:
            self._located = True

    def _unanswered(self, reason: Reason) -> IssuerUnavailable:
        if reason in _ILL:
            return self._failed(reason)
        self._breaker.answered()
        return self._unavailable(reason)

    def _failed(self, reason: Reason, retry_after: float | None = None) -> IssuerUnavailable:
        open_already = self._breaker.seconds_left > 0
        self._breaker.failed(retry_after)
        if self._breaker.seconds_left and not open_already:
            self._discovery.forget()  # it may have moved
            _log.warning(
                "%s: %s is left alone for %.0f s: %s",
                self._discovery.issuer,
                self._member,
                self._breaker.seconds_left,
                reason,
            )
        return self._unavailable(reason)

    def _unavailable(self, reason: Reason) -> IssuerUnavailable:
        """Return an error of one's own, since a traceback belongs to one waiter."""
        seconds = max(math.ceil(self._breaker.seconds_left), 1)
        return IssuerUnavailable(self._discovery.issuer, reason, retry_after=seconds)
