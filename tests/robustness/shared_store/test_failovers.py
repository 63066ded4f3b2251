"""Killed, frozen and cut servers: tokens keep their outcome, and only lost keys are unavailable."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import RedisCluster

from oauth_guard.errors import Reason, StoreUnavailable
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.stores.redis import RedisStore
from tests.builders.introspection_cache import INACTIVE
from tests.builders.scripted_issuer import ScriptedIssuer, claims_of, verdict
from tests.builders.tcp_proxy import TCPProxy
from tests.builders.valkey_cluster import ValkeyCluster
from tests.builders.valkey_sentinels import ValkeySentinels
from tests.builders.valkey_server import ValkeyServer

pytestmark = [pytest.mark.long, pytest.mark.needs("valkey-server")]

SECRET = b"s" * 32
CACHE_FOR = 2
DEADLINE = 20  # seconds: the failover itself takes 3 to 5

FAULTS: dict[str, Callable[[ValkeyServer], None]] = {
    "killed": ValkeyServer.kill,
    "frozen": ValkeyServer.freeze,
}


class Load:
    """Two processes that validate tokens through their stores, and what was wrong.

    Attributes:
        wrong: Outcomes that differ from that of the issuer.
        late: For how long revoked tokens were accepted beyond `CACHE_FOR`, in seconds.
        outcomes: How often a read of each key was a value, missing or unavailable.
    """

    def __init__(self, stores: list[RedisStore], keys: list[bytes]) -> None:
        self.stores = stores
        self.keys = keys
        self.wrong: list[object] = []
        self.late: list[float] = []
        self.outcomes: Counter[tuple[bytes, str]] = Counter()
        self._revoked_at: dict[str, float] = {}
        self._validators = [IntrospectionCache(self._issuer(), store) for store in stores]

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator["Load"]:
        """Validate tokens and read keys, one after another, in several tasks."""
        stop = asyncio.Event()
        for key in self.keys:
            await self.stores[0].put(key, b"value", 600)
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(self._validate(number, stop))
            group.create_task(self._read(stop))
            try:
                yield self
            finally:
                stop.set()
        for store in self.stores:
            await store.aclose()

    async def wait_until_available(self) -> float:
        """Return after how many seconds each key can be read again."""
        started_at = time.monotonic()
        async with asyncio.timeout(DEADLINE):
            while True:
                self.outcomes.clear()
                await asyncio.sleep(0.3)
                available = {key for key, outcome in self.outcomes if outcome != "unavailable"}
                failed = {key for key, outcome in self.outcomes if outcome == "unavailable"}
                if available - failed == {*self.keys}:
                    return time.monotonic() - started_at

    def _issuer(self) -> ScriptedIssuer:
        issuer = ScriptedIssuer(cache_for=CACHE_FOR)
        issuer.script = lambda token: (
            INACTIVE if "bad" in token or token in self._revoked_at else claims_of(token)
        )
        return issuer

    async def _validate(self, number: int, stop: asyncio.Event) -> None:
        for turn in count():
            if stop.is_set():
                return
            for token in (f"new {number} {turn}", f"bad {number} {turn}", f"shared {turn // 50}"):
                expected: object = Reason.INACTIVE if "bad" in token else claims_of(token)
                if await verdict(self._validators[number % 2], token) != expected:
                    self.wrong.append(token)
            await self._revoke(f"revoked {turn // 50}", number)
            await asyncio.sleep(0.01)

    async def _revoke(self, token: str, number: int) -> None:
        accepted = await verdict(self._validators[number % 2], token) == claims_of(token)
        now = time.monotonic()
        revoked_at = self._revoked_at.setdefault(token, now)
        if accepted and now > revoked_at + CACHE_FOR + 0.1:
            self.late.append(now - revoked_at)

    async def _read(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for key in self.keys:
                try:
                    value = await self.stores[0].get(key)
                except StoreUnavailable:
                    self.outcomes[key, "unavailable"] += 1
                else:
                    self.outcomes[key, "missing" if value is None else "value"] += 1
            await asyncio.sleep(0.01)


def keys_by_node(cluster: ValkeyCluster) -> dict[bytes, ValkeyServer]:
    """Return thirty keys, each with its primary."""
    keys = [bytes([number]) * 32 for number in range(30)]
    return {key: cluster.primary_of(f"oauth_guard:{key.hex()}") for key in keys}


def lost(load: Load, keys: set[bytes]) -> int:
    """Return how often a read of one of *keys* found no value."""
    return sum(number for (key, outcome), number in load.outcomes.items()
               if key in keys and outcome != "value")  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_failover_of_a_cluster_affects_only_the_keys_of_its_node(
    fault: str, tmp_path: Path
) -> None:
    """The other primaries serve each read, and the promoted replica is found by itself."""
    with ValkeyCluster.running(tmp_path, 3, 1) as cluster:
        nodes = keys_by_node(cluster)
        stores = [RedisStore(cluster.url, key=SECRET) for _ in range(2)]
        async with Load(stores, list(nodes)).flowing() as load:
            await load.wait_until_available()
            load.outcomes.clear()
            FAULTS[fault](cluster.nodes[0])
            await asyncio.sleep(3)
            assert (
                lost(load, {key for key, node in nodes.items() if node is not cluster.nodes[0]})
                == 0
            )
            assert lost(load, {key for key, node in nodes.items() if node is cluster.nodes[0]}) > 0
            await load.wait_until_available()
    assert (load.wrong, load.late) == ([], [])


async def test_partition_from_one_node_of_a_cluster_affects_only_its_keys(tmp_path: Path) -> None:
    """The cluster is well and promotes nothing; the node is used again when the line is healed."""
    with ValkeyCluster.running(tmp_path, 3, 1) as cluster:
        async with AsyncExitStack() as stack:
            proxies = {
                node.port: await stack.enter_async_context(TCPProxy.running(node.port))
                for node in cluster.nodes
            }
            client = RedisCluster(
                "127.0.0.1",
                cluster.nodes[1].port,
                protocol=2,
                address_remap=lambda address: (address[0], proxies[address[1]].port),
            )
            stack.push_async_callback(client.aclose)
            nodes = keys_by_node(cluster)
            stores = [RedisStore(client, key=SECRET) for _ in range(2)]
            async with Load(stores, list(nodes)).flowing() as load:
                await load.wait_until_available()
                load.outcomes.clear()
                proxies[cluster.nodes[0].port].cut()
                await asyncio.sleep(4)
                others = {key for key, node in nodes.items() if node is not cluster.nodes[0]}
                assert lost(load, others) == 0
                assert lost(load, {*nodes} - others) > 0
                proxies[cluster.nodes[0].port].heal()
                assert await load.wait_until_available() < 5
    assert (load.wrong, load.late) == ([], [])


@pytest.mark.parametrize("fault", FAULTS)
async def test_failover_of_a_sentinel_group_changes_no_outcome(fault: str, tmp_path: Path) -> None:
    """The promoted replica is used, and no token gets another outcome meanwhile."""
    with ValkeySentinels.running(tmp_path) as group:
        stores = [RedisStore(group.url, key=SECRET) for _ in range(2)]
        async with Load(stores, [bytes(32)]).flowing() as load:
            await load.wait_until_available()
            FAULTS[fault](group.servers[0])
            await asyncio.sleep(1)
            await load.wait_until_available()
            assert group.primary_port() != group.servers[0].port
    assert (load.wrong, load.late) == ([], [])


async def test_partition_from_one_server_changes_no_outcome(tmp_path: Path) -> None:
    """It costs the shared results; they are used again within 3 s after the line is healed."""
    server = ValkeyServer(tmp_path)
    server.start()
    try:
        async with TCPProxy.running(server.port) as proxy:
            stores = [RedisStore(f"redis://127.0.0.1:{proxy.port}", key=SECRET) for _ in range(2)]
            async with Load(stores, [bytes(32)]).flowing() as load:
                await load.wait_until_available()
                load.outcomes.clear()
                proxy.cut()
                await asyncio.sleep(3)
                assert lost(load, {bytes(32)}) > 0
                proxy.heal()
                assert await load.wait_until_available() < 3
    finally:
        server.kill()
    assert (load.wrong, load.late) == ([], [])
