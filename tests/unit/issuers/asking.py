"""Asking: an introspecting issuer under test, its server, whose outages are scripted, and time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from oauth_guard.errors import InvalidToken, IssuerUnavailable
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer

ISSUER = "https://as.example.com"
ENDPOINT = f"{ISSUER}/introspect"
GOOD = "good"


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Asking:
    """An issuer that asks a server; *settings* are those of `IntrospectionIssuer`.

    Attributes:
        local: The authorization server.
        clock: What is taken for the time, on the wall and off it.
        issuer: The issuer under test.
    """

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.local = LocalIssuer(ISSUER, clock=self.clock)
        self.issuer = IntrospectionIssuer(
            ISSUER,
            **{
                "client": ClientSecretBasic("api", "secret"),
                "http": self.local.http,
                "clock": self.clock,
                "monotonic": self.clock,
                **settings,
            },
        )

    @property
    def questions(self) -> int:
        """How often the endpoint was asked."""
        return self.local.requests.count(ENDPOINT)

    def answering(self, *answers: httpx.Response | Exception) -> None:
        """Let the endpoint answer so, one after the other, the last one for good."""
        script = list(answers)

        def outage(_: httpx.Request) -> httpx.Response:
            answer = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.at_endpoint(outage)

    def at_endpoint(self, outage: Callable[[httpx.Request], Any]) -> None:
        """Let *outage* answer for the endpoint, and for nothing else."""

        async def answer(request: httpx.Request) -> httpx.Response:
            if str(request.url) != ENDPOINT:
                return await self.beside(request)
            answered = outage(request)
            response: httpx.Response = await answered if asyncio.iscoroutine(answered) else answered
            return response

        self.local.outage = answer

    async def beside(self, request: httpx.Request) -> httpx.Response:
        """Answer for whatever is not the endpoint."""
        document = self.local.jwks if request.url.path == "/jwks" else self.local.metadata
        return httpx.Response(200, json=document)

    def recovered(self) -> None:
        """Let the server answer by itself again."""
        self.local.outage = None

    async def verdict(self, token: str | None = None) -> str:
        """Return what becomes of *token*: `GOOD`, or the reason why not."""
        try:
            await self.issuer.validate(RawToken(token or self.local.opaque_token("read")))
        except (InvalidToken, IssuerUnavailable) as error:
            return error.reason
        return GOOD

    async def outage(self, token: str | None = None) -> IssuerUnavailable:
        """Return the error of a request that must end in one."""
        try:
            await self.issuer.validate(RawToken(token or self.local.opaque_token("read")))
        except IssuerUnavailable as error:
            return error
        raise AssertionError("the token was judged, though nobody could")
