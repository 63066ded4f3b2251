"""RemoteKeySet: concurrent requests share one fetch, which none of them can cancel."""

import asyncio
from contextvars import ContextVar

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import SigningKey
from tests.builders.jwt_issuer import (
    GOOD,
    JWTIssuerHarness,
    refuse_connection,
    token_with_unknown_key,
    wait_for_background_tasks,
)

MAX_BACKOFF = 60

caller: ContextVar[str] = ContextVar("caller", default="none")


async def test_200_concurrent_requests_without_keys_cause_one_fetch() -> None:
    """All of them wait for it."""
    harness = JWTIssuerHarness()
    harness.block()
    async with asyncio.TaskGroup() as group:
        verdicts = [group.create_task(harness.verdict()) for _ in range(200)]
        await harness.request_received.wait()
        harness.unblock()
    assert {verdict.result() for verdict in verdicts} == {GOOD}
    assert len(harness.local.requests) == 2


async def test_cancelled_request_does_not_cancel_the_shared_fetch() -> None:
    """Not even the request that started it."""
    harness = JWTIssuerHarness()
    harness.block()
    leader = asyncio.create_task(harness.verdict())
    await harness.request_received.wait()
    others = [asyncio.create_task(harness.verdict()) for _ in range(5)]
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.wait([leader])
    harness.unblock()
    assert leader.cancelled()
    assert set(await asyncio.gather(*others)) == {GOOD}
    assert harness.fetches == 1


async def test_each_waiting_request_gets_its_own_exception() -> None:
    """Raising adds a traceback to an exception, so two requests must not share one."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    harness.block()
    waiting = [asyncio.create_task(harness.unavailable()) for _ in range(10)]
    await harness.request_received.wait()
    harness.unblock()
    errors = await asyncio.gather(*waiting)
    assert len(set(map(id, errors))) == 10
    assert {error.reason for error in errors} == {Reason.UNREACHABLE}


async def test_token_with_a_new_key_waits_for_the_fetch_in_progress() -> None:
    """It is verified again with the keys that the fetch returns."""
    harness = JWTIssuerHarness()
    assert await harness.verdict() == GOOD
    harness.clock.advance(480)
    harness.block()
    old = harness.local.token("read")
    assert await harness.verdict(old) == GOOD
    harness.local.rotate(SigningKey("k2"))
    waiting = [asyncio.create_task(harness.verdict()) for _ in range(10)]
    waiting += [asyncio.create_task(harness.verdict(token_with_unknown_key(harness.local)))]
    await harness.request_received.wait()
    harness.unblock()
    assert await asyncio.gather(*waiting) == [GOOD] * 10 + [Reason.UNKNOWN_KEY]
    assert harness.fetches == 3  # the second began before the unknown key was first used


async def test_key_is_looked_for_again_after_a_fetch_that_began_before_its_first_use() -> None:
    """The response may have been written before the key was published."""
    harness = JWTIssuerHarness(jwks_uri="https://as.example.com/jwks")
    responses = iter([httpx.Response(200, json=harness.local.jwks)])
    tokens: list[asyncio.Task[str]] = []

    async def stale(_: httpx.Request) -> httpx.Response:
        harness.local.outage = None
        harness.local.rotate(SigningKey("k2"))
        tokens.append(asyncio.create_task(harness.verdict()))
        await asyncio.sleep(0)
        return next(responses)

    old = harness.local.token("read")
    harness.local.outage = stale
    assert await harness.verdict(old) == GOOD
    assert await tokens[0] == GOOD
    assert harness.fetches == 2


async def test_fetch_runs_in_an_empty_context() -> None:
    """It is shared, so it has no identity or tracing span of the request that started it."""
    harness = JWTIssuerHarness()
    seen: list[str] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(caller.get())
        return refuse_connection(request)

    harness.local.outage = record
    caller.set("ada")
    await harness.verdict()
    harness.clock.advance(60)
    await harness.verdict()
    assert seen == ["none", "none"]


@pytest.mark.parametrize("keys_are_here", [False, True], ids=["cold", "keys that may be old"])
async def test_requests_waiting_at_aclose_get_an_outage(keys_are_here: bool) -> None:
    """Their tokens are not rejected."""
    harness = JWTIssuerHarness()
    if keys_are_here:
        assert await harness.verdict() == GOOD
    harness.local.rotate(SigningKey("k2"))
    harness.block()
    waiting = asyncio.create_task(harness.unavailable())
    await harness.request_received.wait()
    await harness.issuer.aclose()
    error = await waiting
    assert error.reason == Reason.NO_USABLE_KEYS
    assert 1 <= error.retry_after <= MAX_BACKOFF
    assert harness.fetches == keys_are_here
    harness.unblock()
    assert await harness.verdict() == GOOD


async def test_aclose_without_a_fetch_has_no_effect() -> None:
    """It may be called before and after use, and more than once."""
    harness = JWTIssuerHarness()
    await harness.issuer.aclose()
    assert await harness.verdict() == GOOD
    await harness.issuer.aclose()
    await harness.issuer.aclose()
    assert await harness.verdict() == GOOD


async def test_start_fetches_the_keys_once() -> None:
    """Keys that are cached or being fetched are not fetched again."""
    harness = JWTIssuerHarness()
    harness.issuer.start()
    harness.issuer.start()
    await wait_for_background_tasks()
    assert harness.issuer.ready
    harness.issuer.start()
    await wait_for_background_tasks()
    assert harness.fetches == 1


async def test_start_during_an_outage_does_not_raise() -> None:
    """The application starts; tokens are validated once the issuer has recovered."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    harness.issuer.start()
    await wait_for_background_tasks()
    assert not harness.issuer.ready


def test_issuer_works_in_consecutive_event_loops() -> None:
    """It is not bound to the loop of its first use."""
    harness = JWTIssuerHarness()

    async def serve() -> str:
        harness.clock.advance(10_000)  # so that keys are fetched under this loop
        return await harness.verdict()

    assert [asyncio.run(serve()) for _ in range(3)] == [GOOD] * 3
    assert harness.fetches == 3


def test_fetch_of_a_stopped_event_loop_is_not_awaited() -> None:
    """The next loop starts its own fetch."""
    harness = JWTIssuerHarness()

    async def first_never(_: httpx.Request) -> httpx.Response:
        harness.local.outage = None
        await asyncio.Event().wait()
        raise AssertionError("an event that is never set was set")

    harness.local.outage = first_never
    loop = asyncio.new_event_loop()
    abandoned = loop.create_task(harness.verdict())
    loop.run_until_complete(harness.request_received.wait())
    assert asyncio.run(harness.verdict()) == GOOD
    assert not abandoned.done()
    unfinished = asyncio.all_tasks(loop)
    for task in unfinished:
        task.cancel()
    loop.run_until_complete(asyncio.wait(unfinished))
    loop.close()


async def test_retry_after_is_the_time_until_the_next_fetch() -> None:
    """A request after `retry_after` seconds causes a fetch."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    with pytest.raises(IssuerUnavailable) as first:
        await harness.issuer.validate(RawToken(harness.local.token()))
    harness.clock.advance(first.value.retry_after)
    before = len(harness.local.requests)
    await harness.verdict()
    assert len(harness.local.requests) == before + 1
