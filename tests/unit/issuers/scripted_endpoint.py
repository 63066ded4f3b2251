"""EndpointClientHarness: an endpoint client under test, with scripted responses."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.endpoint_client import EndpointClient, FormRequest
from tests.builders.clock import FakeClock
from tests.builders.scripted_issuer import run_pending_tasks

ISSUER = "https://as.example.com"
ENDPOINT = f"{ISSUER}/introspect"
METADATA = {"issuer": ISSUER, "introspection_endpoint": ENDPOINT}
MEMBER = "introspection_endpoint"
OK = httpx.Response(200, json={"active": False})


CANARY = b"canary"


class EndpointClientHarness:
    """An endpoint client whose server sends scripted responses; the last one is repeated.

    Args:
        responses: The responses, or errors of the HTTP client, in order.
        endpoint: The configured URL; None to find it in the metadata.
        clock: The monotonic clock; by default one that only the test moves.
        timeouts: Timeouts of `EndpointClient`, in seconds.

    Attributes:
        responses: What the endpoint still has to send, in order.
        metadata: The response to a request for metadata.
        paths: The paths of the requests received, in order.
        canary: The response about the canary.
        forms: The forms received, without the canary's.
        canaries: How many requests about the canary were received.
        max_concurrent: The largest number of concurrent requests seen.
        latency: How many seconds it takes to respond, or to close a connection.
        gate: While it is cleared, no response is sent.
    """

    def __init__(
        self,
        *responses: httpx.Response | Exception,
        endpoint: str | None = ENDPOINT,
        clock: Clock | None = None,
        **timeouts: Any,
    ) -> None:
        self.responses = list(responses)
        self.metadata: httpx.Response | Exception = httpx.Response(200, json=METADATA)
        self.paths: list[str] = []
        self.canary: httpx.Response | Exception = OK
        self.forms: list[bytes] = []
        self.canaries = 0
        self.max_concurrent = 0
        self.clock = FakeClock()
        self.gate = asyncio.Event()
        self.gate.set()
        self.latency = 0.0
        self._concurrent = 0
        self._numbers = iter(range(5000))
        self._tokens = iter(range(5000))
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        fetcher = Fetcher(ISSUER, http, frozenset())
        discovery = Discovery(
            ISSUER,
            fetcher,
            metadata_url=f"{ISSUER}/metadata",
            introspection_endpoint=endpoint,
            insecure_http=False,
        )
        self.endpoint = EndpointClient(
            MEMBER,
            discovery,
            fetcher,
            lambda: FormRequest(CANARY, {}),
            clock=clock or self.clock,
            **timeouts,
        )

    async def post(self, token: str | None = None) -> int | Reason:
        """Send one form, and return the status of the response, or why there is none.

        It is about *token*; by default about one that no form was sent about before.
        """
        try:
            result, _ = await self.endpoint.post(token or self.new_token(), self._build_request)
        except IssuerUnavailable as error:
            return error.reason
        return result.status

    async def retry_after(self, token: str) -> int:
        """Send a form about *token*, which must fail, and return the seconds to wait."""
        try:
            await self.endpoint.post(token, self._build_request)
        except IssuerUnavailable as error:
            return error.retry_after
        raise AssertionError("the request succeeded")

    def new_token(self) -> str:
        """Return a token that no form was sent about before."""
        return f"token {next(self._tokens)}"

    async def take_down(self, seconds: int = 6) -> None:
        """Send four forms a second, for *seconds* of the clock."""
        for _ in range(4 * seconds):
            await self.post()
            await run_pending_tasks()
            self.clock.advance(0.25)

    async def post_in_turn(self, times: int) -> Sequence[int | Reason]:
        """Send forms one after the other, and return each outcome."""
        return [await self.post() for _ in range(times)]

    async def post_concurrently(self, times: int) -> set[int | Reason]:
        """Send forms concurrently, and return the set of outcomes."""
        return set(await asyncio.gather(*(self.post() for _ in range(times))))

    def _build_request(self) -> FormRequest:
        return FormRequest(b"number=%d" % next(self._numbers), {})

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        self._concurrent += 1
        self.max_concurrent = max(self.max_concurrent, self._concurrent)
        try:
            await self.gate.wait()
        finally:
            self._concurrent -= 1
            await asyncio.sleep(self.latency)
        response = self.metadata
        if request.content == CANARY:
            self.canaries += 1
            response = self.canary
        elif request.method == "POST":
            self.forms.append(request.content)
            response = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if isinstance(response, Exception):
            raise response
        return response
