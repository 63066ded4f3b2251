"""IntrospectionCache: concurrent requests with one token cause one introspection."""

import asyncio

import pytest

from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.memory import MemoryStore
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import CALLER, ISSUER, always, claims_of, run_pending_tasks

OUTAGE = IssuerUnavailable(ISSUER, Reason.TIMED_OUT, retry_after=7)


async def test_two_hundred_concurrent_requests_make_one_call() -> None:
    """All get its result."""
    harness = IntrospectionCacheHarness(MemoryStore())
    gate = harness.issuer.block()
    pending = [asyncio.create_task(harness.verdict()) for _ in range(200)]
    await run_pending_tasks()
    gate.set()
    assert await asyncio.gather(*pending) == [claims_of("token")] * 200
    assert harness.issuer.calls == 1


async def test_two_concurrent_tokens_make_two_calls() -> None:
    """A token waits for no other."""
    harness = IntrospectionCacheHarness()
    outcomes = await asyncio.gather(*map(harness.verdict, ("a", "bb")))
    assert outcomes == [claims_of("a"), claims_of("bb")]
    assert harness.issuer.calls == 2


@pytest.mark.parametrize("leaving", [0, 1, 9], ids=["first", "second", "last"])
async def test_cancelled_request_does_not_cancel_the_others(leaving: int) -> None:
    """The one that started the call is no exception."""
    harness = IntrospectionCacheHarness()
    gate = harness.issuer.block()
    pending = [asyncio.create_task(harness.verdict()) for _ in range(10)]
    await run_pending_tasks()
    pending[leaving].cancel()
    await run_pending_tasks()
    assert pending[leaving].cancelled()
    gate.set()
    del pending[leaving]
    assert await asyncio.gather(*pending) == [claims_of("token")] * 9
    assert harness.issuer.calls == 1


async def test_result_of_a_cancelled_request_is_cached() -> None:
    """The call was made, so the next request uses its result."""
    harness = IntrospectionCacheHarness()
    gate = harness.issuer.block()
    pending = asyncio.create_task(harness.verdict())
    await run_pending_tasks()
    pending.cancel()
    gate.set()
    await run_pending_tasks()
    assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 1


@pytest.mark.parametrize("error", [INACTIVE, InvalidToken(Reason.BOUND_TOKEN), OUTAGE], ids=repr)
async def test_each_waiting_request_gets_its_own_error_object(
    error: InvalidToken | IssuerUnavailable,
) -> None:
    """With equal attributes; a traceback, context or note belongs to one request."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(error)
    validating = (harness.validator.validate(RawToken("token")) for _ in range(20))
    errors = await asyncio.gather(*validating, return_exceptions=True)
    assert len({id(each) for each in [*errors, error]}) == 21
    for each in errors:
        assert type(each) is type(error)
        assert str(each) == str(error)
        assert vars(each) == vars(error)
        assert each.__cause__ is each.__context__ is None
    assert harness.issuer.calls == 1


async def test_unexpected_exception_of_the_issuer_is_raised() -> None:
    """It is no outcome, and the next request calls the issuer again."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(ZeroDivisionError())
    for calls in (1, 2):
        with pytest.raises(ZeroDivisionError):
            await harness.verdict()
        assert harness.issuer.calls == calls


async def test_introspection_runs_in_an_empty_context() -> None:
    """It serves many requests, so it must not see the identity of one."""
    harness = IntrospectionCacheHarness()
    CALLER.set("the first caller")
    await harness.verdict()
    assert harness.issuer.caller == "none"


@pytest.mark.parametrize("immediately", [False, True], ids=["while it waits", "before it began"])
async def test_closing_cancels_the_introspection_and_fails_waiting_requests(
    immediately: bool,
) -> None:
    """They see an outage; the next request introspects again."""
    harness = IntrospectionCacheHarness()
    harness.issuer.block()
    pending = asyncio.create_task(harness.verdict())
    await asyncio.sleep(0)
    if not immediately:
        await run_pending_tasks()
    await harness.validator.aclose()
    assert await pending == Reason.UNREACHABLE
    harness.issuer.unblock()
    assert await harness.verdict() == claims_of("token")


def test_introspection_of_a_closed_event_loop_is_repeated() -> None:
    """Each event loop has its own."""
    harness = IntrospectionCacheHarness()

    async def leave() -> None:
        harness.issuer.block()
        pending = asyncio.create_task(harness.verdict())
        await run_pending_tasks()
        pending.cancel()

    async def come_back() -> object:
        harness.issuer.unblock()
        outcome = await harness.verdict()
        await harness.validator.aclose()
        return outcome

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    assert asyncio.run(come_back()) == claims_of("token")
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(run_pending_tasks())
    loop.close()
    assert asyncio.run(come_back()) == claims_of("token")
