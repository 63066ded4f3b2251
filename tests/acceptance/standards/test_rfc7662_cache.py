"""RFC 7662 §4, cached introspection results: for how long they are used, and which are cached."""

import asyncio

import httpx
import pytest

from tests.acceptance.standards.api import NOW
from tests.acceptance.standards.opaque import OpaqueApi, expect_identity
from tests.acceptance.standards.outcome import expect


@pytest.mark.conformance("7662-10")
async def test_cached_result_ends_with_its_token() -> None:
    """Even if results are cached for longer."""
    api = OpaqueApi(cached=True, cache_for=60)
    token = api.opaque(exp=NOW + 10)
    expect_identity(await api.get(token=token))
    api.now = NOW + 9
    expect_identity(await api.get(token=token))
    assert len(api.introspection_requests) == 1
    api.now = NOW + 10
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7662-11")
async def test_revoked_token_is_rejected_once_its_cached_result_expires() -> None:
    """For a token without `exp`, after `cache_for`."""
    api = OpaqueApi(cached=True, cache_for=30)
    token = api.opaque(exp=None)
    expect_identity(await api.get(token=token))
    api.authority.revoke(token)
    api.now = NOW + 29
    expect_identity(await api.get(token=token))
    api.now = NOW + 30
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7662-11")
async def test_no_result_is_cached_if_caching_is_off() -> None:
    """Each request is introspected."""
    api = OpaqueApi(cached=True, cache_for=0)
    token = api.opaque()
    for _ in range(3):
        expect_identity(await api.get(token=token))
    assert len(api.introspection_requests) == 3


@pytest.mark.conformance("7662-13")
async def test_inactive_result_is_cached_for_five_seconds() -> None:
    """This is the default."""
    api = OpaqueApi(cached=True)
    expect(await api.get(token="opaque-1"), "401 invalid_token")
    api.now = NOW + 4
    token = api.opaque()
    expect(await api.get(token=token), "401 invalid_token")
    assert len(api.introspection_requests) == 1
    api.now = NOW + 5
    expect_identity(await api.get(token=token))


async def test_outage_is_cached_for_five_seconds_at_most() -> None:
    """The token rests for that time; results cached before the outage stay usable."""
    api = OpaqueApi(cached=True)
    known = api.opaque(token="opaque-known")
    expect_identity(await api.get(token=known))
    api.replace_endpoint(lambda _: httpx.Response(500))
    token = api.opaque()
    expect(await api.get(token=token), "503")
    expect_identity(await api.get(token=known))
    api.authority.outage = None
    expect(await api.get(token=token), "503")
    expect_identity(await api.get(token=api.opaque(token="opaque-new")))
    api.now = NOW + 5
    expect_identity(await api.get(token=token))


async def test_bound_token_is_rejected_from_the_cache_too() -> None:
    """The result is cached, the decision is made on each request."""
    api = OpaqueApi(cached=True)
    token = api.opaque(cnf={"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"})
    for _ in range(2):
        expect(await api.get(token=token), "401 invalid_token")
    assert len(api.introspection_requests) == 1


async def test_concurrent_requests_with_one_token_introspect_once() -> None:
    """All of them use the one result."""
    api = OpaqueApi(cached=True)
    token = api.opaque()
    for response in await asyncio.gather(*(api.get(token=token) for _ in range(50))):
        assert response.status == 200
    assert len(api.introspection_requests) == 1
