"""Traffic: requests to a guarded application, counted by the status of the response."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import httpx
from starlette.responses import PlainTextResponse

from oauth_guard import Guard, OAuthGuardMiddleware
from tests.robustness.load.loopback_issuer import RESOURCE


class Traffic:
    """Sends requests to an application behind *guard*, in this process.

    Attributes:
        statuses: The number of responses with each status.
    """

    def __init__(self, guard: Guard) -> None:
        self.statuses: Counter[int] = Counter()
        app = OAuthGuardMiddleware(PlainTextResponse("hello"), guard)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=RESOURCE)

    async def send(self, token: str) -> httpx.Response:
        """Send one request with *token*."""
        headers = {"Authorization": f"Bearer {token}"}
        response = await self._client.get("/", headers=headers)
        self.statuses[response.status_code] += 1
        return response

    async def send_all(self, tokens: Iterable[str]) -> Counter[int]:
        """Send one request for each token concurrently, and count the statuses of these alone."""
        responses = await asyncio.gather(*map(self.send, tokens))
        return Counter(response.status_code for response in responses)

    @asynccontextmanager
    async def flowing(self, callers: int, token: Callable[[], str]) -> AsyncIterator[None]:
        """Run *callers* that send one request after another, each with the result of *token*."""
        stop = asyncio.Event()

        async def call() -> None:
            while not stop.is_set():
                await self.send(token())
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(call())
            yield
            stop.set()
