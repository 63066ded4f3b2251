"""Introspection results are shared between processes; write access to the store gains nothing."""

import asyncio
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from tests.robustness.multi_process.guard_process import GuardProcess
from tests.robustness.multi_process.introspection_server import IntrospectionServer

pytestmark = pytest.mark.needs("valkey-server")

Service = list[GuardProcess]


async def value(client: Redis, key: bytes | str) -> bytes:
    """Return the value under *key*."""
    stored = await client.get(key)
    assert isinstance(stored, bytes)
    return stored


async def test_second_process_uses_the_result_of_the_first(
    server: IntrospectionServer, service: Service
) -> None:
    """The responses are the same, with one introspection for both."""
    token = server.local.opaque_token("read", "write")
    responses = [await process.get(token) for process in service * 2]
    assert [each.status_code for each in responses] == [200] * 4
    assert {each.content for each in responses} == {b'{"subject":"u1","scopes":["read","write"]}'}
    assert server.introspections == 1


async def test_revocation_found_by_introspect_route_reaches_the_other_process(
    server: IntrospectionServer, service: Service
) -> None:
    """It replaces the shared result; a result that a process has cached itself expires."""
    first, second = service
    token = server.local.opaque_token("read")
    assert (await first.get(token)).status_code == 200
    server.local.revoke(token)
    assert (await first.get(token, "/now")).status_code == 401
    assert (await first.get(token)).status_code == 401
    assert (await second.get(token)).status_code == 401
    assert server.introspections == 2


def _forged(sealed: bytes, _: bytes) -> bytes:
    return sealed.replace(b'"sub": "u', b'"sub": "root')


def _extended(sealed: bytes, _: bytes) -> bytes:
    version, end, rest = sealed.split(b":", 2)
    return b":".join((version, repr(float(end) + 1e6).encode(), rest))


def _unsealed(sealed: bytes, _: bytes) -> bytes:
    return sealed.split(b":", 3)[3]


def _moved(_: bytes, other: bytes) -> bytes:
    return other


def _garbage(_: bytes, __: bytes) -> bytes:
    return b"\xff\x00"


async def keys_of_values(raw_client: Redis) -> list[bytes]:
    """Return the keys on the server; those of leases, which have ended, are removed meanwhile."""
    await asyncio.sleep(0.01)
    return [key async for key in raw_client.scan_iter()]


@pytest.mark.parametrize("tampered", [_forged, _extended, _unsealed, _moved, _garbage])
async def test_tampered_value_is_ignored_and_logged(
    server: IntrospectionServer,
    service: Service,
    raw_client: Redis,
    tampered: Callable[[bytes, bytes], bytes],
) -> None:
    """The token is introspected again, and the log has no token."""
    first, second = service
    tokens = [server.local.opaque_token("read"), server.local.opaque_token("admin", sub="u2")]
    original = [(await first.get(token)).content for token in tokens]
    keys = await keys_of_values(raw_client)
    values = [await value(raw_client, key) for key in keys]
    for key, own, other in zip(keys, values, reversed(values), strict=True):
        await raw_client.set(key, tampered(own, other), keepttl=True)

    assert server.introspections == 2
    assert [(await second.get(token)).content for token in tokens] == original
    assert server.introspections == 4
    assert (
        second.log.count("WARNING oauth_guard a stored value was rejected: its seal is not valid")
        == 2
    )
    assert not any(token in second.log for token in tokens)


async def test_value_of_another_token_does_not_revive_a_revoked_token(
    server: IntrospectionServer, service: Service, raw_client: Redis
) -> None:
    """A value is valid for its own token only."""
    first, second = service
    revoked, active = server.local.opaque_token("read"), server.local.opaque_token("read")
    await first.get(revoked)
    (key,) = await keys_of_values(raw_client)
    await first.get(active)
    (other,) = {*await keys_of_values(raw_client)} - {key}
    await raw_client.set(key, await value(raw_client, other))
    server.local.revoke(revoked)
    assert (await second.get(revoked)).status_code == 401
