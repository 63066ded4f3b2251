"""Traffic: callers of a guarded application, and how many of them got which answer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import httpx
from starlette.responses import PlainTextResponse

from oauth_guard import Guard, OAuthGuardMiddleware
from tests.robustness.load.authority import RESOURCE


class Traffic:
    """Sends requests to an application that *guard* guards, in this process.

    Attributes:
        statuses: How often each status was the answer.
    """

    def __init__(self, guard: Guard) -> None:
        self.statuses: Counter[int] = Counter()
        app = OAuthGuardMiddleware(PlainTextResponse("hello"), guard)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=RESOURCE)

    async def send(self, token: str) -> httpx.Response:
        """Return the answer to one request."""
        headers = {"Authorization": f"Bearer {token}"}
        response = await self._client.get("/", headers=headers)
        self.statuses[response.status_code] += 1
        return response

    async def send_all(self, tokens: Iterable[str]) -> Counter[int]:
        """Send one request for each token, all at once, and count the answers to these alone."""
        answers = await asyncio.gather(*map(self.send, tokens))
        return Counter(answer.status_code for answer in answers)

    @asynccontextmanager
    async def flowing(self, callers: int, token: Callable[[], str]) -> AsyncIterator[None]:
        """Let some *callers* send one request after another, each with the *token* of then."""
        over = asyncio.Event()

        async def call() -> None:
            while not over.is_set():
                await self.send(token())
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(call())
            yield
            over.set()
