"""ValkeyCluster: a cluster of Valkey servers on loopback; a test can freeze and kill its nodes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from tests.builders.valkey_server import ValkeyServer, free_port

_SLOTS = 16384
_DEADLINE = 30


class ValkeyCluster:
    """Some primaries, which share the hash slots equally, each with so many replicas.

    Args:
        folder: An empty folder.
        primaries: The number of primaries.
        replicas: The number of replicas of each primary.
    """

    def __init__(self, folder: Path, primaries: int, replicas: int = 0) -> None:
        self._primaries = primaries
        self._bus_ports = [free_port() for _ in range(primaries * (1 + replicas))]
        self.nodes = [_node(folder / str(port), port) for port in self._bus_ports]

    @property
    def url(self) -> str:
        """The URL of the cluster; it names the first node."""
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port}"

    @classmethod
    @contextmanager
    def running(cls, folder: Path, primaries: int, replicas: int = 0) -> Iterator["ValkeyCluster"]:
        """Run one, and kill it at the end."""
        cluster = cls(folder, primaries, replicas)
        try:
            cluster._form()
            yield cluster
        finally:
            for node in cluster.nodes:
                node.kill()

    def primary_of(self, key: str) -> ValkeyServer:
        """Return the node that had *key* when the cluster was formed."""
        slot = int(command(self.nodes[0], "CLUSTER KEYSLOT", key))
        return self.nodes[slot * self._primaries // _SLOTS]

    def _form(self) -> None:
        for node in self.nodes:
            node.start()
        bounds = [-(-_SLOTS * number // self._primaries) for number in range(self._primaries + 1)]
        for node, first, end in zip(self.nodes, bounds, bounds[1:], strict=False):
            command(node, "CLUSTER ADDSLOTSRANGE", first, end - 1)
        for node, port in zip(self.nodes[1:], self._bus_ports[1:], strict=True):
            command(self.nodes[0], "CLUSTER MEET", "127.0.0.1", node.port, port)
        self._wait_for("cluster_known_nodes", str(len(self.nodes)))
        names = [command(node, "CLUSTER MYID").decode() for node in self.nodes]
        for number, node in enumerate(self.nodes[self._primaries :]):
            _wait(_accepts, node, "CLUSTER REPLICATE", names[number % self._primaries])
        self._wait_for("cluster_state", "ok")
        for node in self.nodes[self._primaries :]:
            wait_for_line(node, ("INFO", "replication"), "master_link_status:up")

    def _wait_for(self, member: str, value: str) -> None:
        for node in self.nodes:
            wait_for_line(node, ("CLUSTER INFO",), f"{member}:{value}")


def command(node: ValkeyServer, *arguments: Any) -> Any:
    """Return the raw reply of one node to a command."""
    with Redis.from_url(node.url, protocol=2) as client:
        client.response_callbacks.clear()
        return client.execute_command(*arguments)


def wait_for_line(node: ValkeyServer, arguments: tuple[str, ...], end: str) -> None:
    """Wait until the reply of a node to a command has a line that ends with *end*."""
    _wait(lambda: any(line.endswith(end.encode()) for line in command(node, *arguments).split()))


def _node(folder: Path, bus_port: int) -> ValkeyServer:
    folder.mkdir()
    return ValkeyServer(
        folder,
        "cluster-enabled yes",
        f"cluster-port {bus_port}",
        "cluster-node-timeout 2000",
        "cluster-require-full-coverage no",
        "cluster-replica-validity-factor 0",
        "repl-diskless-sync-delay 0",
    )


def _accepts(node: ValkeyServer, *arguments: str) -> bool:
    try:
        command(node, *arguments)
    except ResponseError:
        return False
    return True


def _wait(condition: Callable[..., bool], *arguments: Any) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not condition(*arguments):
        assert time.monotonic() < deadline
        time.sleep(0.05)
