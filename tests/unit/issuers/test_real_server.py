"""JWTIssuer with its own HTTP client and a real server, over sockets."""

import asyncio
import gc
import gzip
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock
from tests.unit.http.loopback import closed_port, serving

RESOURCE = "https://api.test"
MAX_BYTES = 512 * 1024


class AuthorizationServer:
    """An authorization server behind a socket.

    Attributes:
        local: Issues its tokens, and has its keys and metadata.
        requests: The paths of the requests received, in order.
    """

    def __init__(self) -> None:
        self.local = LocalIssuer()
        self.requests: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/jwks", self._jwks),
                Route("/moved", self._moved),
                Route("/slow", self._slow),
                Route("/drip", self._drip),
                Route("/endless", self._endless),
                Route("/gzip", self._gzip),
            ]
        )

    def at(self, origin: str) -> "AuthorizationServer":
        """Set the origin, which is known once the socket is open."""
        self.local = LocalIssuer(origin, audience=RESOURCE)
        return self

    async def _metadata(self, request: Request) -> Response:
        self.requests.append(request.url.path)
        return JSONResponse(self.local.metadata)

    async def _jwks(self, request: Request) -> Response:
        self.requests.append(request.url.path)
        return JSONResponse(self.local.jwks)

    async def _moved(self, _: Request) -> Response:
        return RedirectResponse("/jwks")

    async def _slow(self, request: Request) -> Response:
        while not await request.is_disconnected():  # noqa: ASYNC110 - Starlette has no event for it
            await asyncio.sleep(0.01)
        return Response()

    async def _drip(self, _: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.01)
                yield b" "

        return StreamingResponse(body())

    async def _endless(self, _: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0)
                yield b" " * (MAX_BYTES // 8)

        return StreamingResponse(body())

    async def _gzip(self, _: Request) -> Response:
        body = gzip.compress(JSONResponse(self.local.jwks).body)
        return Response(body, headers={"content-encoding": "gzip"})


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Yield one server for all tests of this file."""
    server = AuthorizationServer()
    with serving(server.app) as origin:
        yield server.at(origin)


async def reason_of(issuer: JWTIssuer, token: str) -> Reason:
    """Return why the keys of *issuer* can't be fetched, and close it."""
    async with asyncio.timeout(10):
        with pytest.raises(IssuerUnavailable) as failed:
            await issuer.validate(RawToken(token))
        await issuer.aclose()
    return failed.value.reason


async def authenticate(guard: Guard, server: AuthorizationServer) -> str | None:
    """Return the subject that *guard* authenticates with a valid token."""
    header = f"Bearer {server.local.token('read')}".encode()
    async with asyncio.timeout(10):
        identity = await guard.authenticate(
            ResourceRequest({"headers": [(b"authorization", header)]})
        )
    return identity.subject


async def test_keys_are_fetched_once_with_the_issuer_identifier_only(
    server: AuthorizationServer,
) -> None:
    """The metadata is at the URL of OpenID Connect."""
    server.requests.clear()
    async with Guard(RESOURCE, [JWTIssuer(server.local.issuer)]) as guard:
        assert [await authenticate(guard, server) for _ in range(10)] == ["u1"] * 10
        assert guard.ready
    assert server.requests == ["/.well-known/openid-configuration", "/jwks"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/slow", Reason.TIMED_OUT, id="no response"),
        pytest.param("/drip", Reason.TIMED_OUT, id="an endless response, slow"),
        pytest.param("/endless", Reason.BAD_RESPONSE, id="an endless response, fast"),
        pytest.param("/moved", Reason.BAD_RESPONSE, id="a redirect"),
        pytest.param("/gzip", Reason.BAD_RESPONSE, id="compressed"),
        pytest.param("/missing", Reason.BAD_RESPONSE, id="404"),
    ],
)
async def test_unusable_response_is_an_outage_within_the_limits(
    server: AuthorizationServer, path: str, reason: Reason
) -> None:
    """The deadline and the maximum size apply."""
    issuer = JWTIssuer(
        server.local.issuer,
        jwks_uri=server.local.issuer + path,
        jwks_cache=JWKSCache(deadline=0.3 if reason is Reason.TIMED_OUT else 5),
    )
    assert await reason_of(issuer, server.local.token()) == reason


async def test_closed_port_is_unreachable() -> None:
    """No server listens there."""
    with closed_port() as origin:
        token = LocalIssuer(origin).token()
        assert await reason_of(JWTIssuer(origin), token) == Reason.UNREACHABLE


def subjects_under_two_loops(server: AuthorizationServer, *, tidy: bool) -> list[str | None]:
    """Use one guard in two consecutive event loops, and return both subjects."""
    clock = FakeClock(1000)
    guard = Guard(RESOURCE, [JWTIssuer(server.local.issuer, clock=clock)])

    async def serve() -> str | None:
        clock.advance(10_000)  # so that each loop fetches the keys
        subject = await authenticate(guard, server)
        if tidy:
            await guard.aclose()
        return subject

    return [asyncio.run(serve()) for _ in range(2)]


@pytest.mark.parametrize("tidy", [True, False], ids=["closed each time", "never closed"])
def test_guard_works_in_consecutive_event_loops(server: AuthorizationServer, *, tidy: bool) -> None:
    """Its HTTP client belongs to the running loop, and leaves no connection open."""
    assert subjects_under_two_loops(server, tidy=tidy) == ["u1", "u1"]
    gc.collect()  # an open connection would warn now, and a warning is an error here
