"""However many ask about one token at once, the issuer is asked once, and nobody fails another."""

import asyncio

import pytest

from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.memory import MemoryStore
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import CALLER, ISSUER, always, claims_of, run_pending_tasks

OUTAGE = IssuerUnavailable(ISSUER, Reason.TIMED_OUT, retry_after=7)


async def test_two_hundred_at_once_make_one_call() -> None:
    """All get its answer."""
    harness = IntrospectionCacheHarness(MemoryStore())
    held = harness.issuer.block()
    asking = [asyncio.create_task(harness.verdict()) for _ in range(200)]
    await run_pending_tasks()
    held.set()
    assert await asyncio.gather(*asking) == [claims_of("token")] * 200
    assert harness.issuer.calls == 1


async def test_two_tokens_at_once_make_two_calls() -> None:
    """A token waits for no other."""
    harness = IntrospectionCacheHarness()
    answers = await asyncio.gather(*map(harness.verdict, ("a", "bb")))
    assert answers == [claims_of("a"), claims_of("bb")]
    assert harness.issuer.calls == 2


@pytest.mark.parametrize("leaving", [0, 1, 9], ids=["first", "second", "last"])
async def test_whoever_gives_up_ends_it_for_nobody_else(leaving: int) -> None:
    """The one who came first is no exception."""
    harness = IntrospectionCacheHarness()
    held = harness.issuer.block()
    asking = [asyncio.create_task(harness.verdict()) for _ in range(10)]
    await run_pending_tasks()
    asking[leaving].cancel()
    await run_pending_tasks()
    assert asking[leaving].cancelled()
    held.set()
    del asking[leaving]
    assert await asyncio.gather(*asking) == [claims_of("token")] * 9
    assert harness.issuer.calls == 1


async def test_an_answer_that_nobody_waits_for_is_remembered() -> None:
    """The call was made, so let the next one have it."""
    harness = IntrospectionCacheHarness()
    held = harness.issuer.block()
    asking = asyncio.create_task(harness.verdict())
    await run_pending_tasks()
    asking.cancel()
    held.set()
    await run_pending_tasks()
    assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 1


@pytest.mark.parametrize("error", [INACTIVE, InvalidToken(Reason.BOUND_TOKEN), OUTAGE], ids=repr)
async def test_each_who_waits_gets_an_error_of_his_own(
    error: InvalidToken | IssuerUnavailable,
) -> None:
    """Alike in all it tells; a traceback, a context or a note of one is not another's."""
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


async def test_a_fault_in_the_issuer_comes_out_as_it_is() -> None:
    """It is no verdict, and the next request asks again."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(ZeroDivisionError())
    for asked in (1, 2):
        with pytest.raises(ZeroDivisionError):
            await harness.verdict()
        assert harness.issuer.calls == asked


async def test_the_question_is_asked_in_nobodys_context() -> None:
    """What serves everybody carries the identity of nobody."""
    harness = IntrospectionCacheHarness()
    CALLER.set("the first who asked")
    await harness.verdict()
    assert harness.issuer.caller == "none"


@pytest.mark.parametrize("at_once", [False, True], ids=["while it waits", "before it began"])
async def test_closing_ends_the_question_and_tells_who_waits(at_once: bool) -> None:
    """It is an outage to him; afterwards the next question is asked as ever."""
    harness = IntrospectionCacheHarness()
    harness.issuer.block()
    asking = asyncio.create_task(harness.verdict())
    await asyncio.sleep(0)
    if not at_once:
        await run_pending_tasks()
    await harness.validator.aclose()
    assert await asking == Reason.UNREACHABLE
    harness.issuer.unblock()
    assert await harness.verdict() == claims_of("token")


def test_a_question_of_a_loop_that_is_gone_is_asked_again() -> None:
    """Each loop has its own."""
    harness = IntrospectionCacheHarness()

    async def leave() -> None:
        harness.issuer.block()
        asking = asyncio.create_task(harness.verdict())
        await run_pending_tasks()
        asking.cancel()

    async def come_back() -> object:
        harness.issuer.unblock()
        answer = await harness.verdict()
        await harness.validator.aclose()
        return answer

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    assert asyncio.run(come_back()) == claims_of("token")
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(run_pending_tasks())
    loop.close()
    assert asyncio.run(come_back()) == claims_of("token")
