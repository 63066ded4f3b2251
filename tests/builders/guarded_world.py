"""GuardedWorld: guards, applications and issuers that follow a script, with or without caches."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeAlias

import httpx

from oauth_guard import (
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.acceptance.standards.api import plain, recording_identity
from tests.acceptance.standards.recorded_response import (
    Headers,
    RecordedResponse,
    body,
    http,
    run,
    visit,
    websocket,
)

START = 1_800_000_000
JWTS, OPAQUE = "https://jwt.test", "https://opaque.test"
RESOURCES = ("https://api.test", "https://api.test/a")
ORIGIN = b"https://app.test"

Step: TypeAlias = tuple[Any, ...]
"""The name of a step, and its arguments."""


class GuardedWorld:
    """Everything that one script acts on: clock, issuers, guards and guarded applications.

    Args:
        key: The first signing key of the JWT issuer.
        caches: Whether the guards keep their identity and header caches between requests. Keys
            and introspection results are cached either way.

    Attributes:
        now: The time of every clock, in seconds since the epoch.
        denied: The subjects that the `claims=` function rejects.
        applications: The guarded applications by name.
    """

    def __init__(self, key: SigningKey, *, caches: bool) -> None:
        self.now: float = START
        self.denied: set[str] = set()
        self._caches = caches
        self._jwts = LocalIssuer(JWTS, key=key, clock=self._clock)
        self._opaque = LocalIssuer(OPAQUE, key=key, clock=self._clock)
        root, inner = (self._guard(resource) for resource in RESOURCES)
        anywhere = self._guard(RESOURCES[0], bearer_methods=["header", "query"])
        self._guards = (root, inner, anywhere)
        app = recording_identity(plain)
        self.applications = {
            "one guard": OAuthGuardMiddleware(app, root, requires="read"),
            "optional": OAuthGuardMiddleware(app, root, required=False, public=["/p", "/s/*"]),
            "cors": OAuthGuardMiddleware(app, root, cors=[ORIGIN.decode()]),
            "prefixes": OAuthGuardMiddleware(app, {"/": root, "/a": inner}),
            "query": OAuthGuardMiddleware(app, anywhere),
        }

    async def take(self, step: Step) -> RecordedResponse | None:
        """Take one step of the script, and return the response if it is a request."""
        match step:
            case ("request", application, path, headers):
                self._clear()
                connection = http("GET", path, headers)
                return await run(self.applications[application], connection, body())
            case ("connect", application, path, headers):
                self._clear()
                connection = websocket(path, headers, denial=True)
                return await run(self.applications[application], connection, visit())
            case ("wait", seconds):
                self.now += seconds
            case ("rotate", key):
                self._jwts.rotate(key)
            case ("withdraw",):
                self._jwts.keys = self._jwts.keys[:1]
            case ("outage", down):
                self._jwts.outage = self._opaque.outage = _fail if down else None
            case ("introspection", token, members):
                self._opaque.introspection.responses[token] = dict(members)
            case ("deny", subjects):
                self.denied = subjects
        await _settle()
        return None

    async def aclose(self) -> None:
        """Close the guards."""
        for guard in self._guards:
            await guard.aclose()

    def _guard(self, resource: str, **options: Any) -> Guard:
        issuers: list[Issuer | Tenants] = [
            JWTIssuer(
                JWTS,
                http=self._jwts.http,
                clock=self._clock,
                jwks_cache=JWKSCache(max_age=300, cooldown=0, stale_if_error=300),
                claims=self._check,
            ),
            IntrospectionIssuer(
                OPAQUE,
                client=ClientSecretBasic("api", "secret"),
                http=self._opaque.http,
                clock=self._clock,
                monotonic=self._clock,
            ),
        ]
        return Guard(resource, issuers, clock=self._clock, **options)

    def _check(self, claims: Mapping[str, Any]) -> None:
        if claims["sub"] in self.denied:
            raise InvalidToken(Reason.WRONG_CLAIM)

    def _clear(self) -> None:
        for guard in () if self._caches else self._guards:
            members = vars(guard)
            vars(members["_cache"])["_entries"].clear()
            vars(members["_issuers"])["_header_cache"].clear()

    def _clock(self) -> float:
        return self.now


def outcome(response: RecordedResponse | None) -> object:
    """Return everything of *response* that a caller, the application or the operator sees."""
    if response is None:
        return None
    decisions = [line for line in response.log.splitlines() if " oauth_guard " in line]
    return response.messages, response.seen, decisions


def bearer(token: str, spelling: str = "Bearer {}") -> Headers:
    """Return the `Authorization` field that carries *token* in this spelling."""
    return ((b"authorization", spelling.format(token).encode()),)


def _fail(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("closed", request=request)


async def _settle() -> None:
    """Let background work finish."""
    for _ in range(20):
        await asyncio.sleep(0)
