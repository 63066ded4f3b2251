"""JWTIssuerHarness: a `JWTIssuer` with a local authorization server and a fake clock."""

import asyncio
from typing import Any

import httpx

from oauth_guard import JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.builders.clock import FakeClock

ISSUER = "https://as.example.com"
GOOD = "good"


class JWTIssuerHarness:
    """A `JWTIssuer` whose authorization server can be made to wait before it responds.

    Args:
        settings: Settings of `JWTIssuer`.

    Attributes:
        local: The authorization server.
        clock: The clock of the issuer.
        issuer: The issuer under test.
        request_received: Set once the server has received a request.
    """

    def __init__(self, **settings: Any) -> None:
        self.local = LocalIssuer(ISSUER)
        self.clock = FakeClock(1000)
        self.request_received = asyncio.Event()
        self._gate = asyncio.Event()
        self._gate.set()
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        self.issuer = JWTIssuer(ISSUER, **{"http": http, "clock": self.clock, **settings})

    @property
    def fetches(self) -> int:
        """How many times the key set was fetched."""
        return sum(url.endswith("/jwks") for url in self.local.requests)

    def block(self) -> None:
        """Make the server wait before each response, until `unblock` is called."""
        self.request_received.clear()
        self._gate.clear()

    def unblock(self) -> None:
        """Let the server send the responses that wait, and later ones without delay."""
        self._gate.set()

    async def verdict(self, token: str | None = None) -> str:
        """Return `GOOD` if *token* is accepted, else the reason why not."""
        try:
            await self.issuer.validate(RawToken(token or self.local.token("read")))
        except (InvalidToken, IssuerUnavailable) as error:
            return error.reason
        return GOOD

    async def unavailable(self, token: str | None = None) -> IssuerUnavailable:
        """Return the `IssuerUnavailable` that validating *token* must raise."""
        try:
            await self.issuer.validate(RawToken(token or self.local.token("read")))
        except IssuerUnavailable as error:
            return error
        raise AssertionError("the token was accepted although the issuer is unavailable")

    async def _respond(self, request: httpx.Request) -> httpx.Response:
        self.request_received.set()
        await self._gate.wait()
        return await self.local.http.send(request)


async def wait_for_background_tasks() -> None:
    """Wait until every task but that of the test is done."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        _, unfinished = await asyncio.wait(others, timeout=5)
        assert not unfinished


def token_with_unknown_key(local: LocalIssuer, key_id: str = "unknown") -> str:
    """Return a token with valid claims, signed by a key that is not in the issuer's key set."""
    return SigningKey(key_id).sign(_payload(local), {"typ": "at+jwt"})


def _payload(local: LocalIssuer) -> bytes:
    return httpx.Response(200, json=local.claims("read")).content


def refuse_connection(request: httpx.Request) -> httpx.Response:
    """Raise the error of a host that is down."""
    raise httpx.ConnectError("refused", request=request)
