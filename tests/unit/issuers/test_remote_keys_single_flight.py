"""One fetch of a key set serves all who wait for it, and belongs to none of them."""

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

COOLDOWN, LONGEST_BACKOFF = 30, 60

caller: ContextVar[str] = ContextVar("caller", default="nobody")


async def test_two_hundred_cold_requests_make_one_fetch() -> None:
    """Requests that find no keys wait for one fetch together."""
    harness = JWTIssuerHarness()
    harness.block()
    async with asyncio.TaskGroup() as group:
        verdicts = [group.create_task(harness.verdict()) for _ in range(200)]
        await harness.request_received.wait()
        harness.unblock()
    assert {verdict.result() for verdict in verdicts} == {GOOD}
    assert len(harness.local.requests) == 2


async def test_a_request_that_gives_up_does_not_end_the_fetch_for_the_others() -> None:
    """The one that began the fetch may be cancelled; those behind it are served."""
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


async def test_each_waiter_gets_an_error_of_its_own() -> None:
    """An exception collects a traceback, so no two requests may share one."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    harness.block()
    waiting = [asyncio.create_task(harness.unavailable()) for _ in range(10)]
    await harness.request_received.wait()
    harness.unblock()
    errors = await asyncio.gather(*waiting)
    assert len(set(map(id, errors))) == 10
    assert {error.reason for error in errors} == {Reason.UNREACHABLE}


async def test_a_fetch_under_way_is_waited_for_by_tokens_it_may_save() -> None:
    """Tokens by a new key that arrive during a refresh are judged once more, after it."""
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
    assert harness.fetches == 2


async def test_the_cool_down_counts_from_the_begin_of_the_last_fetch() -> None:
    """A key published just after a slow answer was made is asked for one cool-down later."""
    harness = JWTIssuerHarness(jwks_uri="https://as.example.com/jwks")
    answers = iter([httpx.Response(200, json=harness.local.jwks)])

    async def slow(_: httpx.Request) -> httpx.Response:
        harness.local.outage = None
        harness.local.rotate(SigningKey("k2"))
        harness.clock.advance(4)
        return next(answers)

    old = harness.local.token("read")
    harness.local.outage = slow
    assert await harness.verdict(old) == GOOD
    harness.clock.advance(COOLDOWN - 5)
    assert await harness.verdict() == Reason.UNKNOWN_KEY
    harness.clock.advance(1)
    assert await harness.verdict() == GOOD
    assert harness.fetches == 2


async def test_a_fetch_knows_nothing_of_the_request_that_began_it() -> None:
    """It runs in an empty context: what serves everybody carries nobody's identity or span."""
    harness = JWTIssuerHarness()
    seen: list[str] = []

    def look(request: httpx.Request) -> httpx.Response:
        seen.append(caller.get())
        return refuse_connection(request)

    harness.local.outage = look
    caller.set("ada")
    await harness.verdict()
    harness.clock.advance(60)
    await harness.verdict()
    assert seen == ["nobody", "nobody"]


@pytest.mark.parametrize("keys_are_here", [False, True], ids=["cold", "keys that may be old"])
async def test_closing_ends_a_fetch_and_nobody_is_refused_for_it(keys_are_here: bool) -> None:
    """Those who waited for it hear of an outage, not that their token is bad."""
    harness = JWTIssuerHarness()
    if keys_are_here:
        assert await harness.verdict() == GOOD
        harness.clock.advance(COOLDOWN)
    harness.local.rotate(SigningKey("k2"))
    harness.block()
    waiting = asyncio.create_task(harness.unavailable())
    await harness.request_received.wait()
    await harness.issuer.aclose()
    error = await waiting
    assert error.reason == Reason.NO_USABLE_KEYS
    assert 1 <= error.retry_after <= LONGEST_BACKOFF
    assert harness.fetches == keys_are_here
    harness.unblock()
    assert await harness.verdict() == GOOD


async def test_closing_without_a_fetch_does_nothing() -> None:
    """It may be closed before and after use, and more than once."""
    harness = JWTIssuerHarness()
    await harness.issuer.aclose()
    assert await harness.verdict() == GOOD
    await harness.issuer.aclose()
    await harness.issuer.aclose()
    assert await harness.verdict() == GOOD


async def test_starting_fetches_what_is_missing_once() -> None:
    """Keys that are here or on their way are not asked for again."""
    harness = JWTIssuerHarness()
    harness.issuer.start()
    harness.issuer.start()
    await wait_for_background_tasks()
    assert harness.issuer.ready
    harness.issuer.start()
    await wait_for_background_tasks()
    assert harness.fetches == 1


async def test_starting_with_a_dead_issuer_does_not_fail() -> None:
    """The application starts; its tokens are judged once the issuer is back."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    harness.issuer.start()
    await wait_for_background_tasks()
    assert not harness.issuer.ready


def test_an_issuer_built_once_serves_one_event_loop_after_another() -> None:
    """Nothing is tied to the loop of its first use."""
    harness = JWTIssuerHarness()

    async def serve() -> str:
        harness.clock.advance(10_000)  # so that keys are fetched under this loop
        return await harness.verdict()

    assert [asyncio.run(serve()) for _ in range(3)] == [GOOD] * 3
    assert harness.fetches == 3


def test_a_fetch_of_a_loop_that_is_gone_holds_nobody_up() -> None:
    """A loop may end in the middle of a fetch; the next one begins its own."""
    harness = JWTIssuerHarness()

    async def first_never(_: httpx.Request) -> httpx.Response:
        harness.local.outage = None
        await asyncio.Event().wait()
        raise AssertionError("somebody woke what nobody waits for")

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


async def test_a_waiter_that_is_told_of_an_outage_is_told_when_to_return() -> None:
    """`retry_after` counts the seconds until somebody asks the issuer again."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    with pytest.raises(IssuerUnavailable) as first:
        await harness.issuer.validate(RawToken(harness.local.token()))
    harness.clock.advance(first.value.retry_after)
    before = len(harness.local.requests)
    await harness.verdict()
    assert len(harness.local.requests) == before + 1
