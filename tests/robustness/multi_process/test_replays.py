"""A DPoP proof is used once in all processes, and not at all while the store is away."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from oauth_guard.testing.dpop import DPoPKey
from tests.builders.valkey_cluster import command
from tests.builders.valkey_server import ValkeyServer
from tests.robustness.multi_process.guard_process import GuardProcess
from tests.robustness.multi_process.guarded_service import RESOURCE
from tests.robustness.multi_process.introspection_server import IntrospectionServer

pytestmark = pytest.mark.needs("valkey-server")

Service = list[GuardProcess]
Fault = Callable[[ValkeyServer], AbstractContextManager[None]]
KEY = DPoPKey()


def headers(token: str) -> dict[str, str]:
    """Return the fields of a request with a proof of its own."""
    return KEY.headers(token, "GET", f"{RESOURCE}/me")


async def statuses(service: Service, fields: dict[str, str], copies: int) -> Counter[int]:
    """Return how often each status was sent for *copies* of one request to each process."""
    requests = [process.send(fields) for process in service for _ in range(copies)]
    return Counter(response.status_code for response in await asyncio.gather(*requests))


async def wait_until_accepted(service: Service, token: str) -> None:
    """Wait until proofs are accepted again, each once; until then a response is 503."""
    for _ in range(100):
        found = await statuses(service, headers(token), 1)
        if found == {200: 1, 401: 1}:
            return
        assert 503 in found
        await asyncio.sleep(0.1)
    pytest.fail("the store is not used again")


@contextmanager
def frozen(valkey: ValkeyServer) -> Iterator[None]:
    """Freeze the server."""
    valkey.freeze()
    try:
        yield
    finally:
        valkey.thaw()


@contextmanager
def full(valkey: ValkeyServer) -> Iterator[None]:
    """Fill the memory of the server, which does not evict."""
    command(valkey, "CONFIG", "SET", "maxmemory", "1")
    try:
        yield
    finally:
        command(valkey, "CONFIG", "SET", "maxmemory", "0")


@contextmanager
def read_only(valkey: ValkeyServer) -> Iterator[None]:
    """Make the server a replica of one that is not there."""
    command(valkey, "REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        command(valkey, "REPLICAOF", "NO", "ONE")


@pytest.mark.conformance("9449-15")
async def test_hundred_copies_of_a_proof_are_accepted_once(
    server: IntrospectionServer, service: Service
) -> None:
    """Over two processes, cached token or not; another proof is accepted again."""
    token = server.local.opaque_token("read", cnf=KEY.cnf)
    for _ in range(3):
        assert await statuses(service, headers(token), 50) == {200: 1, 401: 99}


async def test_no_proof_is_accepted_while_the_store_is_away(
    server: IntrospectionServer, service: Service, valkey: ValkeyServer
) -> None:
    """The response is 503, and proofs are accepted again once the store is back."""
    token = server.local.opaque_token("read", cnf=KEY.cnf)
    assert await statuses(service, headers(token), 1) == {200: 1, 401: 1}
    valkey.kill()
    try:
        assert await statuses(service, headers(token), 2) == {503: 4}
        bearer = server.local.opaque_token("read")
        assert (await service[0].get(bearer)).status_code == 200
    finally:
        valkey.start()
    await wait_until_accepted(service, token)


@pytest.mark.parametrize("fault", [frozen, full, read_only])
async def test_no_proof_is_accepted_while_the_store_does_not_record_it(
    server: IntrospectionServer, service: Service, valkey: ValkeyServer, fault: Fault
) -> None:
    """The response is 503 in each process, also a second time; bearer tokens are accepted."""
    token, bearer = server.local.opaque_token("read", cnf=KEY.cnf), server.local.opaque_token()
    await wait_until_accepted(service, token)
    with fault(valkey):
        unused = headers(token)
        for _ in range(2):
            assert await statuses(service, unused, 2) == {503: 4}
        for process in service:
            assert (await process.get(bearer)).status_code == 200
    await wait_until_accepted(service, token)
