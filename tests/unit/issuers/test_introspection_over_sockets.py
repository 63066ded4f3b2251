"""IntrospectionIssuer with a real server: slow, failing, redirecting, endless, broken and good."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.endpoint_client import EndpointClient, FormRequest
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.urls import origins_of
from tests.unit.http.loopback import serving

ISSUER = "https://as.example.com"


class Server:
    """An introspection endpoint whose response depends on the token.

    Attributes:
        clients: The address and port of each client, one for each request.
        paths: The requested paths.
    """

    def __init__(self) -> None:
        self.clients: list[tuple[str, int]] = []
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        self.paths.append(scope["path"])
        self.clients.append(scope["client"])
        token = (await Request(scope, receive).form())["token"]
        match token:
            case "slow":
                await asyncio.sleep(0.3)
            case "failing":
                await self._respond(send, 500, {})
            case "moved":
                await self._respond(send, 307, {}, (b"location", b"/elsewhere"))
            case "endless":
                await self._start(send, 200)
                part = {"type": "http.response.body", "body": b" " * 65_536, "more_body": True}
                for _ in range(100):
                    await send(part)
            case "broken":
                await self._start(send, 200, (b"content-length", b"1000"))
                await send({"type": "http.response.body", "body": b"{", "more_body": True})
                raise ConnectionError
            case _:
                await self._respond(send, 200, {"active": True})

    async def _respond(
        self, send: Send, status: int, members: dict[str, Any], *headers: tuple[bytes, bytes]
    ) -> None:
        await self._start(send, status, *headers)
        body: Message = {"type": "http.response.body", "body": json.dumps(members).encode()}
        await send(body)

    async def _start(self, send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
        content_type = (b"content-type", b"application/json")
        await send(
            {"type": "http.response.start", "status": status, "headers": [content_type, *headers]}
        )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Server, str]]:
    """Yield a server and its origin."""
    server = Server()
    with serving(server) as origin:
        yield server, origin


def issuer(origin: str) -> IntrospectionIssuer:
    """Return an issuer with its own client for the endpoint at *origin*."""
    client = ClientSecretBasic("api", "secret")
    return IntrospectionIssuer(ISSUER, client=client, endpoint=f"{origin}/introspect")


async def verdict(tested: IntrospectionIssuer, token: str) -> str:
    """Return `good`, or the reason why not."""
    try:
        await tested.validate(RawToken(token))
    except (InvalidToken, IssuerUnavailable) as error:
        return error.reason
    return "good"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("failing", Reason.BAD_RESPONSE),
        ("moved", Reason.BAD_RESPONSE),
        ("endless", Reason.BAD_RESPONSE),
        ("broken", Reason.BAD_RESPONSE),
    ],
)
async def test_good_response_after_a_bad_one_is_accepted(
    served: tuple[Server, str], token: str, expected: str
) -> None:
    """Nothing of the bad response remains in the connection."""
    server, origin = served
    tested = issuer(origin)
    before = time.monotonic()
    assert await verdict(tested, token) == expected
    assert await verdict(tested, "well") == "good"
    assert time.monotonic() - before < 2
    assert "/elsewhere" not in server.paths
    await tested.aclose()


async def test_slow_response_does_not_delay_others(served: tuple[Server, str]) -> None:
    """Requests are concurrent."""
    _, origin = served
    tested = issuer(origin)
    slow = asyncio.create_task(verdict(tested, "slow"))
    assert await verdict(tested, "well") == "good"
    assert not slow.done()
    slow.cancel()
    await asyncio.wait([slow])
    assert await verdict(tested, "well") == "good"
    await tested.aclose()


async def test_response_after_the_deadline_is_an_outage(served: tuple[Server, str]) -> None:
    """The next request gets a usable connection."""
    _, origin = served
    fetcher = Fetcher(ISSUER, None, origins_of(origin), connections=1)
    discovery = Discovery(
        ISSUER,
        fetcher,
        metadata_url=None,
        introspection_endpoint=f"{origin}/introspect",
        insecure_http=False,
    )
    endpoint = EndpointClient(
        "introspection_endpoint",
        discovery,
        fetcher,
        lambda: FormRequest(b"token=canary", {}),
        clock=time.monotonic,
        deadline=0.15,
    )
    with pytest.raises(IssuerUnavailable, match=Reason.TIMED_OUT):
        await endpoint.post("slow", lambda: FormRequest(b"token=slow", {}))
    result, seconds = await endpoint.post("well", lambda: FormRequest(b"token=well", {}))
    assert result.status == 200
    assert 0 < seconds < 2
    await endpoint.aclose()


async def test_connection_is_reused(served: tuple[Server, str]) -> None:
    """Five requests use one connection."""
    server, origin = served
    tested = issuer(origin)
    server.clients.clear()
    for _ in range(5):
        assert await verdict(tested, "well") == "good"
    assert len(set(server.clients)) == 1
    await tested.aclose()


def test_each_event_loop_has_its_own_client(served: tuple[Server, str]) -> None:
    """One issuer serves two loops, one after the other."""
    _, origin = served
    tested = issuer(origin)

    async def once() -> str:
        try:
            return await verdict(tested, "well")
        finally:
            await tested.aclose()

    assert [asyncio.run(once()) for _ in range(2)] == ["good", "good"]
