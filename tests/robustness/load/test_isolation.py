"""An issuer with slow name servers, or many new tenants, while another issuer is healthy."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.testing import LocalIssuer
from tests.robustness.load.loopback_issuer import RESOURCE, LoopbackIssuer
from tests.robustness.load.traffic import Traffic

SLOW_TOKENS = 64
_getaddrinfo, _create_ssl_context = socket.getaddrinfo, httpx.create_ssl_context


class Machine:
    """The name servers and the TLS library of this machine; names that begin with slow hang.

    Attributes:
        threads: The threads that resolved a name or created a TLS context.
        contexts: How many TLS contexts were created.
    """

    def __init__(self) -> None:
        self.threads: set[threading.Thread] = set()
        self.contexts = 0
        self.released = threading.Event()

    def getaddrinfo(self, host: Any, *args: Any, **options: Any) -> Any:
        """Resolve *host*, or wait for a name server that does not respond."""
        self.threads.add(threading.current_thread())
        if str(host).startswith("slow"):
            self.released.wait(30)
            raise socket.gaierror("no name server responded")
        return _getaddrinfo(host, *args, **options)

    def create_ssl_context(self) -> ssl.SSLContext:
        """Create a TLS context."""
        self.threads.add(threading.current_thread())
        self.contexts += 1
        return _create_ssl_context()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Return the machine; its threads end with the test."""
    machine = Machine()
    monkeypatch.setattr(socket, "getaddrinfo", machine.getaddrinfo)
    monkeypatch.setattr(httpx, "create_ssl_context", machine.create_ssl_context)
    yield machine
    machine.released.set()


def slow(number: int) -> str:
    """Return the identifier of an issuer whose name servers do not respond."""
    return f"https://slow{number}.test"


@pytest.mark.conformance("8414-09")
@pytest.mark.parametrize("ill", ["one issuer", "tenants"])
async def test_healthy_issuer_serves_every_token_beside_one_with_slow_name_servers(
    machine: Machine, ill: str
) -> None:
    """64 tokens name the other issuer, or 64 other tenants, in about a second."""
    tenants = {slow(number): JWTIssuer(slow(number)) for number in range(SLOW_TOKENS)}

    async def resolve(name: str) -> Issuer | None:
        return tenants.get(name)

    others = Tenants(resolve=resolve) if ill == "tenants" else tenants[slow(0)]
    names = list(tenants) if ill == "tenants" else [slow(0)] * SLOW_TOKENS
    with LoopbackIssuer.running() as server:
        origin = server.local.issuer.replace("127.0.0.1", "localhost")
        server.local = LocalIssuer(origin, audience=RESOURCE)
        guard = Guard(RESOURCE, [JWTIssuer(origin), others])
        traffic, stranger = Traffic(guard), Traffic(guard)
        flood = []
        for name in names:
            token = LocalIssuer(name, audience=RESOURCE, key=server.local.keys[0]).token("read")
            flood.append(asyncio.create_task(stranger.send(token)))
            await asyncio.sleep(0.02)
            await traffic.send(server.local.token("read"))
        assert await traffic.send_all([server.local.token("read") for _ in range(100)]) == {
            200: 100
        }
        assert await asyncio.to_thread(lambda: True)
        assert set(traffic.statuses) == {200}
        await guard.aclose()
        await asyncio.gather(*flood)
        assert set(stranger.statuses) == {503}
    assert threading.current_thread() not in machine.threads
    assert machine.contexts <= 1
