"""RFC 7662 §4, remembered answers: for how long, for whom, and that errors are not remembered."""

import asyncio

import httpx
import pytest

from tests.acceptance.standards.api import NOW
from tests.acceptance.standards.opaque import OpaqueApi, admitted
from tests.acceptance.standards.outcome import expect


@pytest.mark.conformance("7662-10")
async def test_an_answer_ends_with_its_token() -> None:
    """However long answers are remembered."""
    api = OpaqueApi(remembering=True, cache_for=60)
    token = api.opaque(exp=NOW + 10)
    admitted(await api.get(token=token))
    api.now = NOW + 9
    admitted(await api.get(token=token))
    assert len(api.questions) == 1
    api.now = NOW + 10
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7662-11")
async def test_a_revoked_token_is_refused_when_its_answer_ends() -> None:
    """Where it has no end of its own."""
    api = OpaqueApi(remembering=True, cache_for=30)
    token = api.opaque(exp=None)
    admitted(await api.get(token=token))
    api.authority.revoke(token)
    api.now = NOW + 29
    admitted(await api.get(token=token))
    api.now = NOW + 30
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7662-11")
async def test_nothing_is_remembered_where_that_is_off() -> None:
    """Each request asks."""
    api = OpaqueApi(remembering=True, cache_for=0)
    token = api.opaque()
    for _ in range(3):
        admitted(await api.get(token=token))
    assert len(api.questions) == 3


@pytest.mark.conformance("7662-13")
async def test_an_inactive_answer_is_remembered_briefly() -> None:
    """For five seconds, unless it is configured otherwise."""
    api = OpaqueApi(remembering=True)
    expect(await api.get(token="opaque-1"), "401 invalid_token")
    api.now = NOW + 4
    token = api.opaque()
    expect(await api.get(token=token), "401 invalid_token")
    assert len(api.questions) == 1
    api.now = NOW + 5
    admitted(await api.get(token=token))


async def test_an_outage_is_not_remembered() -> None:
    """Nor is it taken for a verdict, while what was said before an outage still holds."""
    api = OpaqueApi(remembering=True)
    known = api.opaque(token="opaque-known")
    admitted(await api.get(token=known))
    api.at_endpoint(lambda _: httpx.Response(500))
    token = api.opaque()
    expect(await api.get(token=token), "503")
    admitted(await api.get(token=known))
    api.authority.outage = None
    admitted(await api.get(token=token))


async def test_a_bound_token_is_refused_from_memory_too() -> None:
    """Facts are remembered, decisions never."""
    api = OpaqueApi(remembering=True)
    token = api.opaque(cnf={"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"})
    for _ in range(2):
        expect(await api.get(token=token), "401 invalid_token")
    assert len(api.questions) == 1


async def test_many_requests_with_one_token_ask_once() -> None:
    """Those that come while it is asked about wait for the one answer."""
    api = OpaqueApi(remembering=True)
    token = api.opaque()
    for answer in await asyncio.gather(*(api.get(token=token) for _ in range(50))):
        assert answer.status == 200
    assert len(api.questions) == 1
