"""Clients of redis-py from a URL: what is rejected, and what reaches servers and sentinels."""

from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from oauth_guard.errors import ConfigurationError
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.redis_clients import connector, node_of
from tests.builders.valkey_server import ValkeyServer
from tests.unit.stores.scenes import KEY, SECRET, is_unavailable, read

needs_server = pytest.mark.needs("valkey-server")

SENTINELS = "redis+sentinel://:secret@a,b/name"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("localhost:6379", id="no scheme"),
        pytest.param("https://:secret@localhost", id="https scheme"),
        pytest.param("redis+magic://:secret@localhost", id="unknown kind"),
        pytest.param("redis://:secret@localhost/secret", id="database that is no number"),
        pytest.param("redis://:secret@localhost/0/1", id="two databases"),
        pytest.param("redis://:secret@localhost?db=x", id="parameter that is no number"),
        pytest.param("redis://:secret@localhost?db=", id="empty parameter"),
        pytest.param("redis://:secret@localhost?db", id="parameter without a value"),
        pytest.param("redis://:secret@localhost?db=1&db=2", id="parameter twice"),
        pytest.param("redis://:secret@localhost?nonsense=1", id="unknown parameter"),
        pytest.param("redis://:secret@localhost?retry=3", id="object as a parameter"),
        pytest.param("redis://:secret@localhost?ssl_ca_certs=x", id="TLS parameter without TLS"),
        pytest.param("rediss://:secret@localhost?ssl_cert_reqs=x", id="unknown TLS setting"),
        pytest.param("redis://:se#cret@localhost", id="password with a raw number sign"),
        pytest.param("unix:///run/secret.sock?nonsense=1", id="unknown parameter of a socket"),
        pytest.param("redis+cluster://:secret@localhost/3", id="cluster with a database"),
        pytest.param("redis+cluster://:secret@localhost?nonsense=1", id="cluster, unknown"),
        pytest.param("redis+cluster://:secret@a?read_from_replicas=false", id="cluster, boolean"),
        pytest.param("redis+sentinel://:secret@localhost", id="sentinel without a name"),
        pytest.param("redis+sentinel://:secret@,b/name", id="sentinel without a host"),
        pytest.param("redis+sentinel://:secret@a:b/name", id="sentinel with a bad port"),
        pytest.param("redis+sentinel://:secret@a/name/x", id="sentinel with a bad database"),
        pytest.param(f"{SENTINELS}?nonsense=1", id="sentinel, unknown"),
        pytest.param(f"{SENTINELS}?sentinel_nonsense=1", id="sentinel, unknown with prefix"),
        pytest.param(f"{SENTINELS}?sentinel_db=1", id="sentinel, parameter of servers alone"),
        pytest.param(f"{SENTINELS}?sentinel_password=", id="sentinel, empty"),
        pytest.param(f"{SENTINELS}?sentinel_password=a&sentinel_password=b", id="sentinel, twice"),
        pytest.param(f"{SENTINELS}?socket_timeout=x", id="sentinel, not a number"),
        pytest.param(f"{SENTINELS}?ssl_ca_certs=x", id="sentinel, TLS parameter without TLS"),
        pytest.param(f"{SENTINELS}?host=c", id="sentinel, host as a parameter"),
        pytest.param(f"{SENTINELS}#x", id="sentinel, fragment"),
    ],
)
def test_invalid_url_is_rejected_without_being_quoted(url: str) -> None:
    """It is rejected when the store is built; the URL may contain a password."""
    with pytest.raises(ConfigurationError, match="server=") as error:
        RedisStore(url, key=SECRET)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:secret@localhost:6380/1?socket_timeout=1&client_name=api",
        "rediss://localhost?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=true",
        "unix:///run/redis.sock?db=1",
        "redis+cluster://127.0.0.1:7000?max_connections=10",
        "rediss+cluster://127.0.0.1?ssl_ca_certs=/etc/ca.pem",
        "redis+sentinel://user:secret@a,b:26380,[::1]:26381/main/1",
        "rediss+sentinel://a/main?ssl_ca_certs=/etc/ca.pem&sentinel_ssl_ca_certs=/etc/other.pem",
    ],
)
def test_valid_url_opens_no_connection(url: str) -> None:
    """Building the clients connects to nothing, and each parameter is one that redis-py knows."""
    assert connector(url, 1)().owned


def test_parameters_of_a_sentinel_url_reach_primary_and_sentinels() -> None:
    """Those of connections reach both, those with the prefix only the sentinels."""
    url = (
        "rediss+sentinel://us%40er:p%2Fw@a,b:26380/main/2?client_name=api&socket_keepalive=no"
        "&ssl_ca_certs=%2Fca.pem&sentinel_username=watcher&sentinel_password=s%26t"
        "&sentinel_ssl_ca_certs=%2Fother.pem"
    )
    client, owned = connector(url, 1)()
    assert isinstance(client, Redis)
    primary = client.connection_pool.connection_kwargs
    expected = {"username": "us@er", "password": "p/w", "db": 2, "client_name": "api"}
    expected |= {"ssl_ca_certs": "/ca.pem", "socket_keepalive": False, "socket_timeout": None}
    assert {name: primary.get(name) for name in expected} == expected
    sentinels = [each for each in owned if each is not client]
    assert len(sentinels) == 2
    for each in sentinels:
        assert isinstance(each, Redis)
        settings = each.connection_pool.connection_kwargs
        expected = {"username": "watcher", "password": "s&t", "ssl_ca_certs": "/other.pem"}
        expected |= {"socket_keepalive": False, "client_name": None, "db": 0}
        assert {name: settings.get(name) for name in expected} == expected


# ── sentinels and clusters ───────────────────────────────────────────────────────────────────


@pytest.fixture
def sentinel(
    server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ValkeyServer]:
    """Run a sentinel that monitors *server* under the name `main`, and has a user of its own."""
    watch = f"sentinel monitor main 127.0.0.1 {server.port} 1"
    user = "user watcher on >password ~* &* +@all"
    sentinel = ValkeyServer(tmp_path_factory.mktemp("sentinel"), watch, user, sentinel=True)
    sentinel.start()
    yield sentinel
    sentinel.kill()


@needs_server
async def test_primary_is_found_through_the_first_reachable_sentinel(
    sentinel: ValkeyServer,
) -> None:
    """A sentinel that can't be reached is skipped."""
    hosts = f"127.0.0.1:1,127.0.0.1:{sentinel.port}"
    store = RedisStore(f"redis+sentinel://{hosts}/main/1", key=SECRET, timeout=2)
    await store.put(KEY, b"value", 60)
    assert await read(store) == b"value"
    await store.aclose()


@needs_server
@pytest.mark.parametrize(
    ("path", "available"),
    [
        ("main?sentinel_username=watcher&sentinel_password=password", True),
        ("main?sentinel_username=watcher&sentinel_password=wrong", False),
        ("unknown", False),
    ],
)
async def test_sentinel_parameters_are_used_when_the_store_is_used(
    sentinel: ValkeyServer, path: str, available: bool
) -> None:
    """A wrong password or an unknown name is noticed then, not when the store is built."""
    store = RedisStore(f"redis+sentinel://127.0.0.1:{sentinel.port}/{path}", key=SECRET, timeout=2)
    assert await is_unavailable(store) is not available
    await store.aclose()


async def test_unreachable_cluster_raises_store_unavailable() -> None:
    """`RedisClusterException`, which is no `RedisError`, is translated too."""
    store = RedisStore("redis+cluster://127.0.0.1:1", key=SECRET, timeout=2)
    assert await is_unavailable(store)
    await store.aclose()


@pytest.mark.parametrize("url", ["redis+cluster://127.0.0.1:1", "redis://127.0.0.1:1"])
@pytest.mark.parametrize("name", ["key", None])
def test_node_is_unknown_without_a_connection(url: str, name: str | None) -> None:
    """A cluster that was not reached yet, and a single server, have no nodes by name."""
    assert node_of(connector(url, 1)().client, name) is None
