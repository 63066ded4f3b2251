"""evicts_keys: whether a server removes keys before their end (Redis 7, Valkey)."""

import logging
from typing import Any

from oauth_guard.errors import StoreUnavailable
from oauth_guard.stores.redis_server import RedisServer

__all__ = ["evicts_keys"]

_log = logging.getLogger("oauth_guard")

_REFUSALS = {"NoPermissionError", "ResponseError"}  # of redis-py, as `StoreUnavailable` names them
_NO_EVICTION = "noeviction"


async def evicts_keys(server: RedisServer, purpose: str) -> bool:
    """Return whether the `maxmemory-policy` of any primary is not `noeviction`.

    A server that does not allow `INFO` counts as one that evicts nothing, and the log says so
    with *purpose*, which names the store.

    Raises:
        StoreUnavailable: The server can't be reached.
    """
    policies = await _eviction_policies(server)
    if not policies:
        _log.warning("the eviction policy of the %s can't be read: INFO is refused", purpose)
    return any(policy != _NO_EVICTION for policy in policies)


async def _eviction_policies(server: RedisServer) -> frozenset[str]:
    """Return the policies of all primaries; none where the server refuses `INFO`."""

    async def read(client: Any) -> frozenset[str]:
        primaries = {"target_nodes": "primaries"} if hasattr(client, "get_primaries") else {}
        sections = await client.info("memory", **primaries)
        by_node = [sections] if "maxmemory_policy" in sections else sections.values()
        return frozenset(str(each["maxmemory_policy"]) for each in by_node)

    try:
        return await server.run(read)
    except StoreUnavailable as error:
        if str(error) in _REFUSALS:
            return frozenset()
        raise
