"""SSRFTransport: no connection into our own network, and reuse of idle connections."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http import resolver
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.http.ssrf_transport import SSRFTransport
from oauth_guard.protocol.urls import origins_of
from tests.builders.clock import FakeClock
from tests.unit.http.loopback import serving
from tests.unit.http.network import SERVED, SILENT, SLOW, Internet

ISSUER = "https://as.example.com"
HOSTS = ("as.example.com", "xn--bcher-kva.example")
CONFIGURED = frozenset((host, 443) for host in HOSTS)
PUBLIC, OTHER, PUBLIC_V6 = "93.184.215.14", "198.51.101.7", "2606:2800:21f:cb07::1"
KEYS: Mapping[str, Any] = {"keys": []}


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """Return a simulated Internet whose server the client trusts, without a proxy."""
    internet = Internet(tmp_path, "keys.example.com", *HOSTS)
    internet.responses["/jwks"] = KEYS
    internet.hosts = {PUBLIC: SERVED, "127.0.0.1": SERVED}
    internet.install(monkeypatch)
    return internet


def fetch(internet: Internet, url: str = "https://keys.example.com/jwks") -> object:
    """Return the members of the document at *url*, or the reason why there is none."""

    async def work() -> object:
        fetcher = Fetcher(ISSUER, None, CONFIGURED)
        try:
            return (await fetcher.get(url)).members
        except IssuerUnavailable as error:
            return error.reason
        finally:
            await fetcher.aclose()

    return internet.run(work)


@pytest.mark.parametrize(
    ("addresses", "attempts"),
    [
        pytest.param([PUBLIC], [PUBLIC], id="one address"),
        pytest.param([OTHER, PUBLIC], [OTHER, PUBLIC], id="the first refuses"),
        pytest.param([PUBLIC_V6, OTHER, PUBLIC], [PUBLIC_V6, OTHER, PUBLIC], id="two refuse"),
        pytest.param([PUBLIC, OTHER], [PUBLIC], id="the first connects"),
    ],
)
def test_public_addresses_of_a_host_are_tried_in_order(
    internet: Internet, addresses: Sequence[str], attempts: list[str]
) -> None:
    """The request has the host name, whichever address connects."""
    internet.names["keys.example.com"] = addresses
    assert fetch(internet) == KEYS
    assert internet.attempts == attempts
    assert internet.requests == ["https://keys.example.com/jwks"]


def test_silent_address_leaves_time_for_the_next(internet: Internet) -> None:
    """It is given up after 0.3 s, so that even a request with a deadline of 2 s succeeds."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC_V6, PUBLIC]
    internet.hosts |= {OTHER: SILENT, PUBLIC_V6: SILENT}
    started = time.monotonic()
    assert fetch(internet) == KEYS
    assert internet.attempts == [OTHER, PUBLIC_V6, PUBLIC]
    assert time.monotonic() - started < 2


def test_configured_host_with_a_silent_address_is_connected_to(internet: Internet) -> None:
    """For example where IPv6 is configured and does not work."""
    internet.names["as.example.com"] = [PUBLIC_V6, "127.0.0.1"]
    internet.hosts[PUBLIC_V6] = SILENT
    assert fetch(internet, f"{ISSUER}/jwks") == KEYS
    assert internet.attempts == [PUBLIC_V6, "127.0.0.1"]


def test_slow_address_gets_a_second_attempt_with_more_time(internet: Internet) -> None:
    """Each was given 0.3 s at first, which a distant server may exceed."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC]
    internet.hosts = {PUBLIC: SLOW}
    assert fetch(internet) == KEYS
    assert internet.attempts == [OTHER, PUBLIC, PUBLIC]


def test_address_that_connected_is_tried_first_afterwards(internet: Internet) -> None:
    """A dead address costs time once, not for each connection."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC]

    async def work() -> None:
        fetcher = Fetcher(ISSUER, None, CONFIGURED)
        for _ in range(3):
            await fetcher.get("https://keys.example.com/jwks")
        await fetcher.aclose()

    internet.run(work)
    assert internet.attempts == [OTHER, PUBLIC, PUBLIC, PUBLIC]


def test_name_is_resolved_again_after_no_address_connected(internet: Internet) -> None:
    """Otherwise a host that moved would be unreachable for as long as addresses are cached."""
    internet.names["keys.example.com"] = [OTHER]

    async def work() -> object:
        fetcher = Fetcher(ISSUER, None, CONFIGURED)
        with pytest.raises(IssuerUnavailable):
            await fetcher.get("https://keys.example.com/jwks")
        internet.names["keys.example.com"] = [PUBLIC]
        document = await fetcher.get("https://keys.example.com/jwks")
        await fetcher.aclose()
        return document.members

    assert internet.run(work) == KEYS


def test_addresses_are_checked_again_after_a_second_lookup(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that had a public address at first is not trusted for it (DNS rebinding)."""
    monkeypatch.setattr(resolver, "_FRESH_SECONDS", 0)
    monkeypatch.setattr(resolver, "_STALE_SECONDS", 0)
    internet.names["keys.example.com"] = [PUBLIC]

    async def work() -> None:
        fetcher = Fetcher(ISSUER, None, CONFIGURED)
        await fetcher.get("https://keys.example.com/jwks")
        internet.names["keys.example.com"] = ["127.0.0.1"]
        with pytest.raises(IssuerUnavailable):
            await fetcher.get("https://keys.example.com/jwks")
        await fetcher.aclose()

    internet.run(work)
    assert internet.attempts == [PUBLIC]


def test_host_whose_addresses_all_refuse_is_unreachable(internet: Internet) -> None:
    """Each address is tried once."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC_V6]
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == [OTHER, PUBLIC_V6]


def test_certificate_is_verified_for_the_host_name(internet: Internet) -> None:
    """Not for the address that is connected to."""
    internet.names["impostor.example.com"] = [PUBLIC]
    assert fetch(internet, "https://impostor.example.com/jwks") == Reason.UNREACHABLE
    assert internet.attempts == [PUBLIC]
    assert internet.requests == []


def test_connection_is_not_reused_for_another_host_at_the_same_address(internet: Internet) -> None:
    """The server has shown no certificate for the other name."""
    internet.names |= {"keys.example.com": [PUBLIC], "other.example.com": [PUBLIC]}

    async def work() -> list[object]:
        fetcher = Fetcher(ISSUER, None, CONFIGURED, connections=2)
        try:
            keys = await fetcher.get("https://keys.example.com/jwks")
            await fetcher.get("https://keys.example.com/jwks")
            with pytest.raises(IssuerUnavailable) as caught:
                await fetcher.get("https://other.example.com/jwks")
            return [keys.members, caught.value.reason]
        finally:
            await fetcher.aclose()

    assert internet.run(work) == [KEYS, Reason.UNREACHABLE]
    assert (
        internet.attempts == [PUBLIC] * 2
    )  # the second request reused the connection of the first


@pytest.mark.parametrize(
    "host",
    ["as.example.com", "AS.example.com", "bücher.example", "as.example.com:443"],
)
def test_configured_host_may_have_a_private_address(internet: Internet, host: str) -> None:
    """The operator configured it. Its name is compared as DNS does."""
    internet.names |= {name: ["127.0.0.1"] for name in HOSTS}
    assert fetch(internet, f"https://{host}/jwks") == KEYS
    assert internet.attempts == ["127.0.0.1"]


@pytest.mark.parametrize("url", ["https://as.example.com:6379/", "http://as.example.com/"])
def test_configured_host_with_another_port_must_be_public(internet: Internet, url: str) -> None:
    """Metadata must not name other services on the same host."""
    internet.names["as.example.com"] = ["127.0.0.1"]
    assert fetch(internet, url) == Reason.UNREACHABLE
    assert internet.attempts == []


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param(["::1"], id="loopback, IPv6"),
        pytest.param(["169.254.169.254"], id="metadata service"),
        pytest.param(["10.0.0.1"], id="private"),
        pytest.param(["fd00::1"], id="private, IPv6"),
        pytest.param(["::ffff:127.0.0.1"], id="loopback, mapped"),
        pytest.param([PUBLIC, "127.0.0.1"], id="loopback after a public one"),
        pytest.param(["10.0.0.1", PUBLIC], id="private before a public one"),
        pytest.param([], id="no address"),
    ],
)
def test_host_with_a_non_public_address_is_not_connected_to(
    internet: Internet, addresses: Sequence[str]
) -> None:
    """One such address makes the host unusable."""
    internet.names["keys.example.com"] = addresses
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"),
        *("017700000001", "0", "0.0.0.0", "169.254.169.254", "2852039166", "0xa9fea9fe"),  # noqa: S104
        *("10.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "127.0.0.1."),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"),
        *("[fe80::1]", "[fd00::1]", "[fec0::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *(
            "127。0。0。1",
            "①27.0.0.1",
            "%31%32%37.0.0.1",
            "localhost",
            "as.example.com.",
            "metadata",
        ),
    ],
)
def test_no_spelling_of_a_private_address_is_connected_to(internet: Internet, host: str) -> None:
    """The check applies to the address that the operating system resolved."""
    internet.names["localhost"] = ["127.0.0.1"]
    internet.names["metadata"] = ["169.254.169.254"]
    internet.names["as.example.com."] = ["127.0.0.1"]
    assert fetch(internet, f"https://{host}/jwks") == Reason.UNREACHABLE
    assert internet.attempts == []


def test_redirect_is_not_followed(internet: Internet) -> None:
    """Not even to an address that would be allowed."""
    internet.names["keys.example.com"] = [PUBLIC]
    internet.responses["/jwks"] = "https://127.0.0.1/jwks"
    assert fetch(internet) == Reason.BAD_RESPONSE
    assert internet.attempts == [PUBLIC]


class ConcurrentServer:
    """A server that responds once a number of concurrent requests have arrived.

    Attributes:
        ports: The client port of each request, in order: one per connection.
        concurrency: How many requests must have arrived.
        request_received: Set when a request has arrived.
    """

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.concurrency = 1
        self.request_received = threading.Event()
        self._all_arrived = asyncio.Event()
        self._arrived = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond, once all requests have arrived."""
        self.ports.append(scope["client"][1])
        self.request_received.set()
        self._arrived += 1
        if self._arrived < self.concurrency:
            await self._all_arrived.wait()
        else:
            self._all_arrived.set()
            self._all_arrived, self._arrived = asyncio.Event(), 0
        await PlainTextResponse("ok")(scope, receive, send)

    async def get(self, client: httpx.AsyncClient, origin: str, concurrency: int = 1) -> set[int]:
        """Send concurrent requests, and return the client ports that they came from."""
        self.concurrency = concurrency
        self.ports.clear()
        await asyncio.gather(*(client.get(origin) for _ in range(concurrency)))
        return set(self.ports)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ConcurrentServer, str]]:
    """Yield a server and its origin."""
    backend = ConcurrentServer()
    with serving(backend) as origin:
        yield backend, origin


def client_of(
    origin: str, connections: int, clock: Callable[[], float] = time.monotonic
) -> httpx.AsyncClient:
    """Return a client that keeps up to *connections* idle connections."""
    transport = SSRFTransport(origins_of(origin), connections=connections, clock=clock)
    return httpx.AsyncClient(transport=transport, timeout=10)


@pytest.mark.parametrize(
    ("connections", "kept"),
    [
        pytest.param(5, 5, id="all are kept"),
        pytest.param(3, 3, id="some are kept"),
        pytest.param(0, 0, id="none is kept"),
    ],
)
async def test_idle_connections_are_reused_up_to_the_limit(
    server: tuple[ConcurrentServer, str], connections: int, kept: int
) -> None:
    """Single requests in between do not close them."""
    backend, origin = server
    async with client_of(origin, connections) as client:
        first = await backend.get(client, origin, concurrency=5)
        assert len(first) == 5
        one_by_one = {port for _ in range(3) for port in await backend.get(client, origin)}
        assert len(one_by_one) == (1 if kept else 3)
        again = await backend.get(client, origin, concurrency=5)
        assert len(first & again) == kept


async def test_connection_idle_for_five_seconds_is_closed(
    server: tuple[ConcurrentServer, str],
) -> None:
    """One is closed for each request; the connection in use stays open."""
    backend, origin = server
    clock = FakeClock(1000)
    async with client_of(origin, 5, clock) as client:
        first = await backend.get(client, origin, concurrency=3)
        clock.advance(4.9)
        (used,) = await backend.get(client, origin)
        clock.advance(0.1)
        for _ in range(4):
            assert await backend.get(client, origin) == {used}
        assert first & await backend.get(client, origin, concurrency=3) == {used}


async def test_connection_of_a_cancelled_request_is_not_reused(
    server: tuple[ConcurrentServer, str],
) -> None:
    """The next request opens a new one, so it can't read the response to the other."""
    backend, origin = server
    async with client_of(origin, 5) as client:
        (before,) = await backend.get(client, origin)
        backend.concurrency = 2
        backend.ports.clear()
        backend.request_received.clear()
        waiting = asyncio.create_task(client.get(origin))
        await asyncio.to_thread(backend.request_received.wait, 10)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert backend.ports == [before]
        await backend.get(client, origin, concurrency=1)
        assert before not in backend.ports


async def test_connection_in_use_at_aclose_is_closed_with_its_response(
    server: tuple[ConcurrentServer, str],
) -> None:
    """After `aclose` no connection is kept."""
    backend, origin = server
    backend.concurrency = 1
    backend.ports.clear()
    transport = SSRFTransport(origins_of(origin), connections=5)
    response = await transport.handle_async_request(httpx.Request("GET", origin))
    await transport.aclose()
    await response.aread()
    again = await transport.handle_async_request(httpx.Request("GET", origin))
    await again.aread()
    assert len(set(backend.ports)) == 2
