"""An endpoint under test, whose server answers as a test scripts it."""

import asyncio
from collections.abc import Sequence

import httpx

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.issuers.circuit_breaker import CircuitBreaker
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.endpoint_client import EndpointClient, FormRequest
from tests.unit.issuers.asking import ENDPOINT, ISSUER, Clock

METADATA = {"issuer": ISSUER, "introspection_endpoint": ENDPOINT}
MEMBER = "introspection_endpoint"
OK = httpx.Response(200, json={"active": False})


class Counting(CircuitBreaker):
    """A breaker that knows how often it was told of a failure."""

    failures = 0

    def record_failure(self, retry_after: float | None = None) -> None:
        """Count, and do what a breaker does."""
        self.failures += 1
        super().record_failure(retry_after)


class Scene:
    """An endpoint, whose answers are scripted: the last one stays.

    Attributes:
        answers: What is answered at the endpoint, in order.
        metadata: What is answered to whoever asks for metadata.
        asked: The methods and paths that were asked, in order.
        forms: The forms that were sent.
        most_at_once: How many were asking at once, at most.
        breaker: Knows how often the endpoint failed.
        lingers: How many seconds it takes to answer, or to give a connection up.
        gate: Closed, it holds back whatever is answered.
    """

    def __init__(
        self,
        *answers: httpx.Response | Exception,
        endpoint: str | None = ENDPOINT,
        **deadlines: float,
    ) -> None:
        self.answers = list(answers)
        self.metadata: httpx.Response | Exception = httpx.Response(200, json=METADATA)
        self.asked: list[str] = []
        self.forms: list[bytes] = []
        self.most_at_once = 0
        self.clock = Clock()
        self.gate = asyncio.Event()
        self.gate.set()
        self.lingers = 0.0
        self._at_once = 0
        self._numbers = iter(range(2000))
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        fetcher = Fetcher(ISSUER, http, frozenset())
        discovery = Discovery(
            ISSUER,
            fetcher,
            metadata_url=f"{ISSUER}/metadata",
            introspection_endpoint=endpoint,
            insecure_http=False,
        )
        self.breaker = Counting(self.clock)
        self.endpoint = EndpointClient(
            MEMBER, discovery, fetcher, breaker=self.breaker, **deadlines
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self.gate.wait()
        finally:
            self._at_once -= 1
            await asyncio.sleep(self.lingers)
        answer = self.metadata
        if request.method == "POST":
            self.forms.append(request.content)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask(self) -> int | Reason:
        """Return the status that was answered, or why there is none."""
        try:
            return (await self.endpoint.post(self._question)).status
        except IssuerUnavailable as error:
            return error.reason

    async def ask_often(self, times: int) -> Sequence[int | Reason]:
        """Return what came of asking so many times, one after the other."""
        return [await self.ask() for _ in range(times)]

    async def ask_at_once(self, times: int) -> set[int | Reason]:
        """Return what came of asking so many times, all together."""
        return set(await asyncio.gather(*(self.ask() for _ in range(times))))

    def _question(self) -> FormRequest:
        return FormRequest(b"number=%d" % next(self._numbers), {})
