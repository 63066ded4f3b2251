"""No document sends us into our own network; what is open is used again, and not for ever."""

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
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.http.ssrf_transport import SSRFTransport
from oauth_guard.protocol.urls import origins_of
from tests.builders.clock import FakeClock
from tests.unit.http.loopback import serving
from tests.unit.http.network import SERVED, SILENT, Internet

ISSUER = "https://as.example.com"
HOSTS = ("as.example.com", "xn--bcher-kva.example")
CONFIGURED = frozenset((host, 443) for host in HOSTS)
PUBLIC, OTHER, PUBLIC_V6 = "93.184.215.14", "198.51.101.7", "2606:2800:21f:cb07::1"
KEYS: Mapping[str, Any] = {"keys": []}


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """Return an Internet with a server that the client trusts, and no proxy."""
    internet = Internet(tmp_path, "keys.example.com", *HOSTS)
    internet.answers["/jwks"] = KEYS
    internet.places = {PUBLIC: SERVED, "127.0.0.1": SERVED}
    internet.become(monkeypatch)
    return internet


def fetch(internet: Internet, url: str = "https://keys.example.com/jwks") -> object:
    """Return the members of what is at *url*, or why there are none."""

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
        pytest.param([PUBLIC, OTHER], [PUBLIC], id="the first answers"),
    ],
)
def test_a_name_on_the_internet_is_reached(
    internet: Internet, addresses: Sequence[str], attempts: list[str]
) -> None:
    """At the addresses that it was looked up to, one after the other, under its own name."""
    internet.names["keys.example.com"] = addresses
    assert fetch(internet) == KEYS
    assert internet.attempts == attempts
    assert internet.requests == ["https://keys.example.com/jwks"]


def test_a_silent_address_leaves_time_for_the_next(internet: Internet) -> None:
    """It is given two seconds of the five that a fetch may take."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC]
    internet.places[OTHER] = SILENT
    assert fetch(internet) == KEYS
    assert internet.attempts == [OTHER, PUBLIC]


def test_nobody_anywhere_is_an_outage(internet: Internet) -> None:
    """Each address was tried once."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC_V6]
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == [OTHER, PUBLIC_V6]


def test_the_certificate_is_for_the_name(internet: Internet) -> None:
    """Whoever answers at the address must prove to be who was asked for."""
    internet.names["impostor.example.com"] = [PUBLIC]
    assert fetch(internet, "https://impostor.example.com/jwks") == Reason.UNREACHABLE
    assert internet.attempts == [PUBLIC]
    assert internet.requests == []


def test_a_connection_is_used_again_for_its_own_name_alone(internet: Internet) -> None:
    """Who is at the same address has not shown a certificate for the other name."""
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
    assert internet.attempts == [PUBLIC] * 2  # the second of the three was the first one's


@pytest.mark.parametrize(
    "host",
    ["as.example.com", "AS.example.com", "bücher.example", "as.example.com:443"],
)
def test_a_configured_host_may_be_anywhere(internet: Internet, host: str) -> None:
    """Whoever configured it knows where it is; its names are compared as DNS does."""
    internet.names |= {name: ["127.0.0.1"] for name in HOSTS}
    assert fetch(internet, f"https://{host}/jwks") == KEYS
    assert internet.attempts == ["127.0.0.1"]


@pytest.mark.parametrize("url", ["https://as.example.com:6379/", "http://as.example.com/"])
def test_a_configured_host_is_trusted_at_its_port_alone(internet: Internet, url: str) -> None:
    """What else listens there, inside our own network, is no issuer's to name."""
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
        pytest.param(["::ffff:127.0.0.1"], id="mapped"),
        pytest.param([PUBLIC, "127.0.0.1"], id="loopback behind a public one"),
        pytest.param(["10.0.0.1", PUBLIC], id="private before a public one"),
        pytest.param([], id="nowhere"),
    ],
)
def test_a_name_for_our_own_network_is_not_reached(
    internet: Internet, addresses: Sequence[str]
) -> None:
    """Nobody is connected to; one such address spoils them all, since a name is one place."""
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
def test_no_spelling_of_an_address_leads_there(internet: Internet, host: str) -> None:
    """It is judged after it was looked up, as the operating system reads it."""
    internet.names["localhost"] = ["127.0.0.1"]
    internet.names["metadata"] = ["169.254.169.254"]
    internet.names["as.example.com."] = ["127.0.0.1"]
    assert fetch(internet, f"https://{host}/jwks") == Reason.UNREACHABLE
    assert internet.attempts == []


def test_a_redirect_leads_nowhere(internet: Internet) -> None:
    """Not even to where we might have gone by ourselves."""
    internet.names["keys.example.com"] = [PUBLIC]
    internet.answers["/jwks"] = "https://127.0.0.1/jwks"
    assert fetch(internet) == Reason.BAD_RESPONSE
    assert internet.attempts == [PUBLIC]


def test_exceptions_from_a_proxy_are_no_proxy(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`NO_PROXY` alone leaves the choice of addresses with us."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    internet.names["keys.example.com"] = ["10.0.0.1"]
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == []


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_chooses_its_own_addresses(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """It is where the operator says, and alone may know the names."""
    monkeypatch.setenv(variable, "http://proxy.internal:3128")
    internet.names["proxy.internal"] = ["10.0.0.9"]
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == ["10.0.0.9"]


class Clients:
    """A server that knows from which ports it is asked, and answers when all of a crowd are there.

    Attributes:
        ports: From where it was asked, in order.
        crowd: How many must be there.
        asked: Set when it was asked.
    """

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.crowd = 1
        self.asked = threading.Event()
        self._all_there = asyncio.Event()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, when everybody is there."""
        self.ports.append(scope["client"][1])
        self.asked.set()
        self._waiting += 1
        if self._waiting < self.crowd:
            await self._all_there.wait()
        else:
            self._all_there.set()
            self._all_there, self._waiting = asyncio.Event(), 0
        await PlainTextResponse("well")(scope, receive, send)

    async def ask(self, client: httpx.AsyncClient, origin: str, crowd: int = 1) -> set[int]:
        """Ask as a *crowd*, all at once, and return from which ports."""
        self.crowd = crowd
        self.ports.clear()
        await asyncio.gather(*(client.get(origin) for _ in range(crowd)))
        return set(self.ports)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Clients, str]]:
    """Yield a server, and where it is."""
    clients = Clients()
    with serving(clients) as origin:
        yield clients, origin


def client_of(
    origin: str, connections: int, clock: Callable[[], float] = time.monotonic
) -> httpx.AsyncClient:
    """Return a client that keeps so many connections."""
    transport = SSRFTransport(origins_of(origin), connections=connections, clock=clock)
    return httpx.AsyncClient(transport=transport, timeout=10)


@pytest.mark.parametrize(
    ("connections", "kept"),
    [
        pytest.param(5, 5, id="room for each"),
        pytest.param(3, 3, id="room for some"),
        pytest.param(0, 0, id="room for none"),
    ],
)
async def test_what_a_crowd_opened_serves_the_next(
    server: tuple[Clients, str], connections: int, kept: int
) -> None:
    """As far as there is room, whatever came one by one in between."""
    clients, origin = server
    async with client_of(origin, connections) as client:
        first = await clients.ask(client, origin, crowd=5)
        assert len(first) == 5
        one_by_one = {port for _ in range(3) for port in await clients.ask(client, origin)}
        assert len(one_by_one) == (1 if kept else 3)
        again = await clients.ask(client, origin, crowd=5)
        assert len(first & again) == kept


async def test_what_is_idle_for_long_is_closed_by_and_by(server: tuple[Clients, str]) -> None:
    """One for each exchange, while what is used stays open."""
    clients, origin = server
    clock = FakeClock(1000)
    async with client_of(origin, 5, clock) as client:
        first = await clients.ask(client, origin, crowd=3)
        clock.advance(4.9)
        (used,) = await clients.ask(client, origin)
        clock.advance(0.1)
        for _ in range(4):
            assert await clients.ask(client, origin) == {used}
        assert first & await clients.ask(client, origin, crowd=3) == {used}


async def test_who_gives_up_leaves_no_connection_that_waits_for_an_answer(
    server: tuple[Clients, str],
) -> None:
    """The next gets one of his own."""
    clients, origin = server
    async with client_of(origin, 5) as client:
        (before,) = await clients.ask(client, origin)
        clients.crowd = 2
        clients.ports.clear()
        clients.asked.clear()
        waiting = asyncio.create_task(client.get(origin))
        await asyncio.to_thread(clients.asked.wait, 10)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert clients.ports == [before]
        await clients.ask(client, origin, crowd=1)
        assert before not in clients.ports


async def test_what_is_under_way_when_it_closes_is_closed_after(
    server: tuple[Clients, str],
) -> None:
    """Nothing is kept any more."""
    clients, origin = server
    clients.crowd = 1
    clients.ports.clear()
    transport = SSRFTransport(origins_of(origin), connections=5)
    response = await transport.handle_async_request(httpx.Request("GET", origin))
    await transport.aclose()
    await response.aread()
    again = await transport.handle_async_request(httpx.Request("GET", origin))
    await again.aread()
    assert len(set(clients.ports)) == 2
