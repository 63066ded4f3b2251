"""Scene: an issuer under test, its authorization server, and a clock that a test moves."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from oauth_guard import JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey

ISSUER = "https://as.example.com"
GOOD = "good"


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Scene:
    """An issuer that asks a server whose answers can be held back.

    Attributes:
        local: The authorization server.
        clock: What the issuer takes for the time.
        issuer: The issuer under test.
        asked: Set when the server has been asked something.
    """

    def __init__(self, **settings: Any) -> None:
        self.local = LocalIssuer(ISSUER)
        self.clock = Clock()
        self.asked = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.issuer = JWTIssuer(ISSUER, **{"http": http, "clock": self.clock, **settings})

    @property
    def fetches(self) -> int:
        """How often the key set was asked for."""
        return sum(url.endswith("/jwks") for url in self.local.requests)

    def hold(self) -> None:
        """Hold back whatever the server answers from now on."""
        self.asked.clear()
        self._open.clear()

    def release(self) -> None:
        """Let the answers go that were held back."""
        self._open.set()

    async def verdict(self, token: str | None = None) -> str:
        """Return what becomes of *token*: `GOOD`, or the reason why not."""
        try:
            await self.issuer.validate(RawToken(token or self.local.token("read")))
        except (InvalidToken, IssuerUnavailable) as error:
            return error.reason
        return GOOD

    async def outage(self, token: str | None = None) -> IssuerUnavailable:
        """Return the error of a request that must end in one."""
        try:
            await self.issuer.validate(RawToken(token or self.local.token("read")))
        except IssuerUnavailable as error:
            return error
        raise AssertionError("the token was judged, though nobody could")

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        await self._open.wait()
        return await self.local.http.send(request)


async def background_is_done() -> None:
    """Wait until nothing runs any more but the test itself."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        _, unfinished = await asyncio.wait(others, timeout=5)
        assert not unfinished


def by_unknown_key(local: LocalIssuer, key_id: str = "unknown") -> str:
    """Return a token that is sound, but signed by a key that nobody published."""
    return SigningKey(key_id).sign(_payload(local), {"typ": "at+jwt"})


def _payload(local: LocalIssuer) -> bytes:
    return httpx.Response(200, json=local.claims("read")).content


def unreachable(request: httpx.Request) -> httpx.Response:
    """Answer as a host that is down."""
    raise httpx.ConnectError("refused", request=request)
