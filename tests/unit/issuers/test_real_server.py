"""Keys fetched by our own client from a real server, over a real socket."""

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


class Remote:
    """An authorization server behind a socket.

    Attributes:
        local: The same server as its tokens know it.
        requests: The paths that were asked for.
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
                Route("/dripping", self._dripping),
                Route("/endless", self._endless),
                Route("/packed", self._packed),
            ]
        )

    def at(self, origin: str) -> "Remote":
        """Learn the origin, which is known once the socket is."""
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

    async def _dripping(self, _: Request) -> Response:
        async def drip() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.01)
                yield b" "

        return StreamingResponse(drip())

    async def _endless(self, _: Request) -> Response:
        async def flood() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0)
                yield b" " * (MAX_BYTES // 8)

        return StreamingResponse(flood())

    async def _packed(self, _: Request) -> Response:
        body = gzip.compress(JSONResponse(self.local.jwks).body)
        return Response(body, headers={"content-encoding": "gzip"})


@pytest.fixture(scope="module")
def remote() -> Iterator[Remote]:
    """Run one server for all tests of this file."""
    remote = Remote()
    with serving(remote.app) as origin:
        yield remote.at(origin)


async def reason_of(issuer: JWTIssuer, token: str) -> Reason:
    """Return why the keys of *issuer* can't be had, and close it."""
    async with asyncio.timeout(10):
        with pytest.raises(IssuerUnavailable) as failed:
            await issuer.validate(RawToken(token))
        await issuer.aclose()
    return failed.value.reason


async def authenticate(guard: Guard, remote: Remote) -> str | None:
    """Return whom *guard* takes the bearer of a good token for."""
    header = f"Bearer {remote.local.token('read')}".encode()
    async with asyncio.timeout(10):
        identity = await guard.authenticate(
            ResourceRequest({"headers": [(b"authorization", header)]})
        )
    return identity.subject


async def test_a_name_is_enough_over_a_socket_too(remote: Remote) -> None:
    """Metadata at OpenID Connect's address and the keys it names are found and used."""
    remote.requests.clear()
    async with Guard(RESOURCE, [JWTIssuer(remote.local.issuer)]) as guard:
        assert [await authenticate(guard, remote) for _ in range(10)] == ["u1"] * 10
        assert guard.ready
    assert remote.requests == ["/.well-known/openid-configuration", "/jwks"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/slow", Reason.TIMED_OUT, id="no answer"),
        pytest.param("/dripping", Reason.TIMED_OUT, id="an answer that never ends, slowly"),
        pytest.param("/endless", Reason.BAD_RESPONSE, id="an answer that never ends, quickly"),
        pytest.param("/moved", Reason.BAD_RESPONSE, id="a redirect"),
        pytest.param("/packed", Reason.BAD_RESPONSE, id="compressed though we asked for plain"),
        pytest.param("/missing", Reason.BAD_RESPONSE, id="nothing there"),
    ],
)
async def test_a_server_that_misbehaves_is_an_outage(
    remote: Remote, path: str, reason: Reason
) -> None:
    """Each within its bounds of time and size."""
    issuer = JWTIssuer(
        remote.local.issuer,
        jwks_uri=remote.local.issuer + path,
        jwks_cache=JWKSCache(deadline=0.3 if reason is Reason.TIMED_OUT else 5),
    )
    assert await reason_of(issuer, remote.local.token()) == reason


async def test_a_closed_port_is_an_outage() -> None:
    """Nobody is there to be asked."""
    with closed_port() as origin:
        token = LocalIssuer(origin).token()
        assert await reason_of(JWTIssuer(origin), token) == Reason.UNREACHABLE


def subjects_under_two_loops(remote: Remote, *, tidy: bool) -> list[str | None]:
    """Use one guard under one event loop after another, and let go of it."""
    clock = FakeClock(1000)
    guard = Guard(RESOURCE, [JWTIssuer(remote.local.issuer, clock=clock)])

    async def serve() -> str | None:
        clock.advance(10_000)  # so that each loop fetches the keys
        subject = await authenticate(guard, remote)
        if tidy:
            await guard.aclose()
        return subject

    return [asyncio.run(serve()) for _ in range(2)]


@pytest.mark.parametrize("tidy", [True, False], ids=["closed each time", "never closed"])
def test_a_guard_built_once_serves_one_event_loop_after_another(
    remote: Remote, *, tidy: bool
) -> None:
    """Its client belongs to the loop that runs, and leaves no open connection behind."""
    assert subjects_under_two_loops(remote, tidy=tidy) == ["u1", "u1"]
    gc.collect()  # what was left open would complain now, which is an error here
