"""IntrospectionIssuerHarness: an `IntrospectionIssuer` with a scripted server and a fake clock."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from oauth_guard.errors import InvalidToken, IssuerUnavailable
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock

ISSUER = "https://as.example.com"
ENDPOINT = f"{ISSUER}/introspect"
GOOD = "good"


class IntrospectionIssuerHarness:
    """An `IntrospectionIssuer` and its authorization server.

    Args:
        settings: Settings of `IntrospectionIssuer`.

    Attributes:
        local: The authorization server.
        clock: The wall clock and the monotonic clock of the issuer and its server.
        issuer: The issuer under test.
    """

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock(1_800_000_000)
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
    def introspections(self) -> int:
        """How many requests the introspection endpoint has received."""
        return self.local.requests.count(ENDPOINT)

    def respond_with(self, *responses: httpx.Response | Exception) -> None:
        """Make the endpoint send these responses or raise these errors; the last one repeats."""
        script = list(responses)

        def respond(_: httpx.Request) -> httpx.Response:
            response = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(response, Exception):
                raise response
            return response

        self.respond_by(respond)

    def respond_by(self, endpoint: Callable[[httpx.Request], Any]) -> None:
        """Make *endpoint*, a function or coroutine function, respond at the endpoint only."""

        async def respond(request: httpx.Request) -> httpx.Response:
            if str(request.url) != ENDPOINT:
                return self._document(request)
            result = endpoint(request)
            response: httpx.Response = await result if asyncio.iscoroutine(result) else result
            return response

        self.local.outage = respond

    def recover(self) -> None:
        """Let the server respond without a script again."""
        self.local.outage = None

    async def verdict(self, token: str | None = None) -> str:
        """Return `GOOD` if *token* is accepted, else the reason why not."""
        try:
            await self.issuer.validate(RawToken(token or self.local.opaque_token("read")))
        except (InvalidToken, IssuerUnavailable) as error:
            return error.reason
        return GOOD

    async def unavailable(self, token: str | None = None) -> IssuerUnavailable:
        """Return the `IssuerUnavailable` that validating *token* must raise."""
        try:
            await self.issuer.validate(RawToken(token or self.local.opaque_token("read")))
        except IssuerUnavailable as error:
            return error
        raise AssertionError("the token was accepted although the issuer is unavailable")

    def _document(self, request: httpx.Request) -> httpx.Response:
        document = self.local.jwks if request.url.path == "/jwks" else self.local.metadata
        return httpx.Response(200, json=document)
