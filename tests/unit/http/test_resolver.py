"""Resolver: shared lookups, bounds, and addresses that outlive a failing name server."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oauth_guard.http import resolver as module
from oauth_guard.http.resolver import Resolver
from oauth_guard.http.threads import THREAD_NAME
from tests.builders.clock import FakeClock

ADDRESS, OTHER = "93.184.215.14", "93.184.215.15"


class NameServer:
    """Host names and their addresses; each lookup of a blocked name waits until it is released.

    Attributes:
        names: The addresses of each name; other names are unknown.
        lookups: How many times each name was looked up.
    """

    def __init__(self) -> None:
        self.names = {"a.test": [ADDRESS]}
        self.lookups: Counter[str] = Counter()
        self.released = threading.Event()

    def getaddrinfo(self, host: str, _port: object, **_: object) -> list[Any]:
        """Resolve *host*, as `socket.getaddrinfo` does."""
        self.lookups[host] += 1
        if host.startswith("slow"):
            self.released.wait(10)
        if host not in self.names:
            raise socket.gaierror("unknown")
        return [(0, 0, 0, "", (address, 0)) for address in self.names[host]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """Return the name server that the process uses; no lookup survives the test."""
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    yield server
    server.released.set()
    assert reached(lambda: not lookups_in_progress())


def lookups_in_progress() -> int:
    """Return how many threads wait for a name server."""
    return sum(thread.name == THREAD_NAME for thread in threading.enumerate())


def reached(condition: Callable[[], bool]) -> bool:
    """Wait up to 5 s for what a thread does."""
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.01)
    return False


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait up to 5 s for what a thread does, without blocking the event loop."""
    assert await asyncio.to_thread(reached, condition)


async def test_fresh_addresses_are_not_looked_up_again(server: NameServer) -> None:
    """They are fresh for 10 s."""
    clock = FakeClock(0)
    resolver = Resolver(clock)
    for _ in range(3):
        assert await resolver.resolve("a.test") == (ADDRESS,)
    clock.advance(9.9)
    await resolver.resolve("a.test")
    assert server.lookups["a.test"] == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "93.184.215.14"])
async def test_address_is_not_looked_up(server: NameServer, host: str) -> None:
    """It takes no thread."""
    assert await Resolver().resolve(host) == (host,)
    assert not server.lookups


async def test_stale_addresses_are_used_during_a_lookup(server: NameServer) -> None:
    """The new ones are used once they are there."""
    clock = FakeClock(0)
    resolver = Resolver(clock)
    await resolver.resolve("a.test")
    server.names["a.test"] = [OTHER]
    clock.advance(10)
    assert await resolver.resolve("a.test") == (ADDRESS,)
    await eventually(lambda: not lookups_in_progress())
    assert await resolver.resolve("a.test") == (OTHER,)


async def test_stale_addresses_are_used_for_an_hour_while_lookups_fail(server: NameServer) -> None:
    """After it, the failure is raised."""
    clock = FakeClock(0)
    resolver = Resolver(clock)
    await resolver.resolve("a.test")
    server.names.clear()
    for age in (10, 600, 3599):
        clock.now = age
        assert await resolver.resolve("a.test") == (ADDRESS,)
        await eventually(lambda: not lookups_in_progress())
    clock.now = 3600
    with pytest.raises(socket.gaierror):
        await resolver.resolve("a.test")
    assert server.lookups["a.test"] == 5


async def test_concurrent_lookups_of_a_name_share_one_thread(server: NameServer) -> None:
    """Also those of other issuers."""
    server.names["slow.test"] = [ADDRESS]
    resolvers = [Resolver() for _ in range(5)] * 20
    waiting = [asyncio.create_task(each.resolve("slow.test")) for each in resolvers]
    await eventually(lambda: bool(server.lookups))
    server.released.set()
    assert set(await asyncio.gather(*waiting)) == {(ADDRESS,)}
    assert server.lookups["slow.test"] == 1


async def test_name_that_is_slow_delays_no_other(server: NameServer) -> None:
    """Neither of this issuer nor of another, nor the application's own threads."""
    slow = [asyncio.create_task(Resolver().resolve(f"slow{n}.test")) for n in range(100)]
    await eventually(lambda: len(server.lookups) == 100)
    async with asyncio.timeout(2):
        assert await Resolver().resolve("a.test") == (ADDRESS,)
        assert await asyncio.to_thread(lambda: True)
    server.released.set()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_result_of_a_lookup_is_used_after_its_request_timed_out(
    server: NameServer,
) -> None:
    """A name server that takes longer than a request may is waited for once."""
    server.names["slow.test"] = [ADDRESS]
    resolver = Resolver()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolver.resolve("slow.test")
    server.released.set()
    await eventually(lambda: not lookups_in_progress())
    assert await resolver.resolve("slow.test") == (ADDRESS,)
    assert server.lookups["slow.test"] == 1


async def test_issuer_has_four_lookups_in_progress_at_most(server: NameServer) -> None:
    """Its metadata may name another host each time; other issuers are not affected."""
    resolver = Resolver()
    slow = [asyncio.create_task(resolver.resolve(f"slow{n}.test")) for n in range(4)]
    await eventually(lambda: len(server.lookups) == 4)
    with pytest.raises(OSError, match="too many"):
        await resolver.resolve("a.test")
    assert await Resolver().resolve("a.test") == (ADDRESS,)
    server.released.set()
    await asyncio.gather(*slow, return_exceptions=True)
    assert await resolver.resolve("a.test") == (ADDRESS,)


async def test_process_has_a_bounded_number_of_lookups_in_progress(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts whose addresses are cached stay usable beyond it."""
    monkeypatch.setattr(module, "_MAX_LOOKUPS", 3)
    clock = FakeClock(0)
    known = Resolver(clock)
    await known.resolve("a.test")
    clock.advance(60)
    slow = [asyncio.create_task(Resolver().resolve(f"slow{n}.test")) for n in range(3)]
    await eventually(lambda: lookups_in_progress() == 3)
    with pytest.raises(OSError, match="too many"):
        await Resolver().resolve("b.test")
    assert await known.resolve("a.test") == (ADDRESS,)
    server.released.set()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_sixteen_names_of_an_issuer_are_cached(server: NameServer) -> None:
    """The oldest is dropped."""
    resolver = Resolver(FakeClock(0))
    names = [f"n{number}.test" for number in range(17)]
    server.names |= {name: [ADDRESS] for name in names}
    for name in (*names, *names[1:]):
        await resolver.resolve(name)
    assert set(server.lookups.values()) == {1}
    await resolver.resolve(names[0])
    assert server.lookups[names[0]] == 2


async def test_preferred_address_is_returned_first(server: NameServer) -> None:
    """Also after the next lookup, as long as the name has it."""
    clock = FakeClock(0)
    resolver = Resolver(clock)
    server.names["a.test"] = [ADDRESS, OTHER]
    assert await resolver.resolve("a.test") == (ADDRESS, OTHER)
    resolver.prefer("a.test", OTHER)
    assert await resolver.resolve("a.test") == (OTHER, ADDRESS)
    for addresses, expected in (([ADDRESS, OTHER], (OTHER, ADDRESS)), ([ADDRESS], (ADDRESS,))):
        server.names["a.test"] = addresses
        clock.advance(10)
        await resolver.resolve("a.test")
        await eventually(lambda: not lookups_in_progress())
        assert await resolver.resolve("a.test") == expected


async def test_name_that_is_forgotten_is_looked_up_again(server: NameServer) -> None:
    """No connection to its addresses could be made."""
    resolver = Resolver(FakeClock(0))
    await resolver.resolve("a.test")
    server.names["a.test"] = [OTHER]
    resolver.forget("a.test")
    assert await resolver.resolve("a.test") == (OTHER,)


async def test_name_without_an_address_is_an_error(server: NameServer) -> None:
    """The operating system reports an error for it; another resolver may return nothing."""
    server.names["empty.test"] = []
    with pytest.raises(OSError, match="no address"):
        await Resolver().resolve("empty.test")
