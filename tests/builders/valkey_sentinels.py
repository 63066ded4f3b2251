"""ValkeySentinels: a primary with two replicas and three sentinels on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.builders.valkey_cluster import command, wait_for_line
from tests.builders.valkey_server import ValkeyServer

_COUNT = 3


class ValkeySentinels:
    """Three servers, of which the first is the primary at the beginning, and three sentinels.

    The sentinels promote a replica when the primary did not respond for one second.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.servers: list[ValkeyServer] = []
        for number in range(_COUNT):
            replica = [f"replicaof 127.0.0.1 {self.servers[0].port}"] if number else []
            settings = ("repl-diskless-sync-delay 0", *replica)
            self.servers.append(ValkeyServer(_new(folder / f"server{number}"), *settings))
        self.sentinels = [
            ValkeyServer(
                _new(folder / f"sentinel{number}"),
                f"sentinel monitor main 127.0.0.1 {self.servers[0].port} 2",
                "sentinel down-after-milliseconds main 1000",
                "sentinel failover-timeout main 3000",
                sentinel=True,
            )
            for number in range(_COUNT)
        ]

    @property
    def url(self) -> str:
        """The URL of the primary, by way of the sentinels."""
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels)
        return f"redis+sentinel://{hosts}/main"

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["ValkeySentinels"]:
        """Run them, and kill them at the end."""
        group = cls(folder)
        everything = [*group.servers, *group.sentinels]
        try:
            for each in everything:
                each.start()
            for server in group.servers[1:]:
                wait_for_line(server, ("INFO", "replication"), "master_link_status:up")
            for sentinel in group.sentinels:
                line = f"slaves={_COUNT - 1},sentinels={_COUNT}"
                wait_for_line(sentinel, ("INFO", "sentinel"), line)
            yield group
        finally:
            for each in everything:
                each.kill()

    def primary_port(self) -> int:
        """Return the port of the primary that the sentinels name now."""
        address = command(self.sentinels[0], "SENTINEL GET-MASTER-ADDR-BY-NAME", "main")
        return int(address[1])


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
