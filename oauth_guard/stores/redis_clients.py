"""connector: clients of redis-py for the URL of a server, of a cluster or of a Sentinel primary."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from oauth_guard.errors import ConfigurationError

__all__ = [
    "Clients",
    "RedisClient",
    "connector",
    "get_with_ttl",
    "node_of",
    "reload_nodes",
    "server_works",
]

RedisClient: TypeAlias = Redis | RedisCluster
"""A client of redis-py; `Sentinel.master_for` returns a `Redis` too."""

_RELOAD_SECONDS = 3
_SENTINEL = "sentinel_"
_OF_CONNECTION = ("socket_", "ssl_")
_OF_SENTINEL = {"username", "password", "client_name"}
# Arguments of redis-py that a URL's query can't express: objects, booleans that redis-py does not
# parse, and what other parts of the URL contain.
_NOT_IN_A_URL = {
    *("address_remap", "connection_class", "connection_pool", "credential_provider"),
    *("driver_info", "encoder_class", "event_dispatcher", "host", "is_master", "parser_class"),
    *("path", "policy_resolver", "port", "redis_connect_func", "response_callbacks", "retry"),
    *("dynamic_startup_nodes", "load_balancing_strategy", "maint_notifications_config"),
    *("read_from_replicas", "require_full_coverage", "retry_on_error", "ssl", "startup_nodes"),
}


class Clients(NamedTuple):
    """A client, and all clients that their user must close."""

    client: RedisClient
    owned: tuple[RedisClient, ...]


def connector(url: str, timeout: float) -> Callable[[], Clients]:
    """Parse *url* and return a function that makes clients for the running event loop.

    Args:
        url: See `RedisStore`.
        timeout: The time limit of one command in seconds.

    Raises:
        ConfigurationError: The URL is not valid, or redis-py does not know one of its parameters.
            The URL may contain a password, so it is not quoted.
    """
    try:
        connect = _connector(url, timeout)
        for client in connect().owned:  # opens no connection yet
            if isinstance(client, Redis):
                # Nor does this: it checks the parameters.
                client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, RedisError, RedisClusterException):
        raise ConfigurationError(
            'server= must be a URL like "redis://localhost:6379/0", "redis+cluster://host:6379" or '
            '"redis+sentinel://host:26379,host:26379/name", with parameters that redis-py takes '
            "from a URL, or a client of redis-py."
        ) from None
    return connect


async def get_with_ttl(client: RedisClient, name: str) -> tuple[object, object]:
    """Return the value under *name*, and for how many more milliseconds the server keeps it.

    Both commands are sent together; to a cluster, one after the other. The lifetime is read
    first. If the value is replaced between the two commands, the newer value is returned with
    the shorter lifetime of the older one.
    """
    if not isinstance(client, Redis):
        ttl = await client.pttl(name)
        return await client.get(name), ttl
    pool = client.connection_pool
    connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call]
    try:
        return await connection.retry.call_with_retry(
            lambda: _exchange(connection, name), lambda _: connection.disconnect()
        )
    finally:
        await pool.release(connection)


def server_works(error: Exception) -> bool:
    """Return whether the server works in spite of *error*.

    It refused one command, or a client with `decode_responses=True` can't decode one value.
    """
    return isinstance(error, ResponseError | UnicodeError)


def node_of(client: RedisClient, name: str | None) -> str | None:
    """Return the cluster node that has the key *name*; None without a cluster, or if unknown."""
    if name is None or not isinstance(client, RedisCluster):
        return None
    with suppress(RedisError, RedisClusterException):
        node = client.get_node_from_key(name)
        return None if node is None else node.name
    return None


async def reload_nodes(client: RedisClient) -> None:
    """Read again which node of a cluster has which keys, from any node; do nothing otherwise.

    redis-py does so when a command fails, but not when it is cancelled by a time limit. A node
    that does not respond is skipped. A failure is ignored: the next timeout tries again.
    """
    if isinstance(client, RedisCluster):
        with suppress(Exception):
            async with asyncio.timeout(_RELOAD_SECONDS):
                await client.nodes_manager.initialize()


async def _exchange(connection: AbstractConnection, name: str) -> tuple[object, object]:
    await connection.send_packed_command(connection.pack_commands((("PTTL", name), ("GET", name))))
    try:
        ttl = await connection.read_response(disable_decoding=True)
    except ResponseError:
        await connection.disconnect()  # the second reply is still to come
        raise
    return await connection.read_response(disable_decoding=True), ttl


def _connector(url: str, timeout: float) -> Callable[[], Clients]:
    parts = urlsplit(url)
    scheme, _, kind = parts.scheme.partition("+")
    parameters = _parameters(parts)
    if kind == "sentinel":
        return lambda: _sentinel_clients(parts, parameters)
    if scheme != "unix" and parts.path.strip("/") and not parts.path[1:].isdecimal():
        raise ValueError("the database is not a number")  # redis-py would use number 0
    if kind == "cluster":
        plain, settings = url.replace("+cluster", "", 1), _settings(timeout * 2)
        return lambda: _owned(RedisCluster.from_url(plain, **settings))
    return lambda: _owned(Redis.from_url(url, **_settings()))


def _parameters(parts: SplitResult) -> dict[str, str]:
    """Return the parameters of the URL. Reject what redis-py would ignore without an error."""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    parameters = dict(pairs)
    if parts.fragment or len(parameters) < len(pairs) or not all(parameters.values()):
        raise ValueError("a parameter is empty or repeated, or there is a fragment")
    if _NOT_IN_A_URL & parameters.keys():
        raise ValueError("a parameter can't be written in a URL")
    return parameters


def _sentinel_clients(parts: SplitResult, parameters: Mapping[str, str]) -> Clients:
    login, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.removeprefix("/").partition("/")
    if not name:
        raise ValueError("the URL has no name of a primary")
    username, _, password = (unquote(part) for part in login.partition(":"))
    tls = {"ssl": parts.scheme.startswith("rediss")}
    own = {each: text for each, text in parameters.items() if not each.startswith(_SENTINEL)}
    shared = {each: text for each, text in own.items() if each.startswith(_OF_CONNECTION)}
    sentinel = Sentinel(  # type: ignore[no-untyped-call] # not typed in redis-py
        list(_addresses(hosts)),
        sentinel_kwargs={**_settings(), **tls, **_typed(shared | _sentinel_parameters(parameters))},
    )
    login_settings = {"username": username or None, "password": password or None}
    settings = {"db": int(database or 0), **login_settings, **_typed(own)}
    client: Redis = sentinel.master_for(unquote(name), **{**_settings(), **tls, **settings})
    return _owned(client, *sentinel.sentinels)


def _sentinel_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters for the connections to the sentinels only, without their prefix."""
    found = {
        each.removeprefix(_SENTINEL): text
        for each, text in parameters.items()
        if each.startswith(_SENTINEL)
    }
    if not all(each in _OF_SENTINEL or each.startswith(_OF_CONNECTION) for each in found):
        raise ValueError("a parameter is unknown")
    return found


def _typed(parameters: Mapping[str, str]) -> dict[str, Any]:
    return dict(parse_url(f"redis://?{urlencode(parameters)}"))


def _addresses(hosts: str) -> Iterable[tuple[str, int]]:
    for host in hosts.split(","):
        parts = urlsplit(f"//{host}")
        if not parts.hostname:
            raise ValueError("a sentinel has no host")
        yield parts.hostname, parts.port or 26379


def _owned(client: RedisClient, *others: RedisClient) -> Clients:
    return Clients(client, (client, *others))


def _settings(socket_timeout: float | None = None) -> dict[str, Any]:
    # One retry without delay, for a connection that the server closed while it was idle. No
    # timeout of redis-py's own: it would use `wait_for`, which in Python 3.11 may swallow the
    # cancellation by which our time limit works. Only clients of a cluster have one, longer than
    # ours: it bounds how long a silent node delays `reload_nodes`.
    return {
        "retry": Retry(NoBackoff(), 1),
        "protocol": 2,
        "socket_timeout": socket_timeout,
        "socket_connect_timeout": socket_timeout,
    }
