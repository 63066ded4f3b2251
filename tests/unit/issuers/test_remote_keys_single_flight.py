"""One fetch of a key set serves all who wait for it, and belongs to none of them."""

import asyncio
from contextvars import ContextVar

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import SigningKey
from tests.unit.issuers.scene import GOOD, Scene, background_is_done, by_unknown_key, unreachable

COOLDOWN, LONGEST_BACKOFF = 30, 60

caller: ContextVar[str] = ContextVar("caller", default="nobody")


async def test_two_hundred_cold_requests_make_one_fetch() -> None:
    """Requests that find no keys wait for one fetch together."""
    scene = Scene()
    scene.hold()
    async with asyncio.TaskGroup() as group:
        verdicts = [group.create_task(scene.verdict()) for _ in range(200)]
        await scene.asked.wait()
        scene.release()
    assert {verdict.result() for verdict in verdicts} == {GOOD}
    assert len(scene.local.requests) == 2


async def test_a_request_that_gives_up_does_not_end_the_fetch_for_the_others() -> None:
    """The one that began the fetch may be cancelled; those behind it are served."""
    scene = Scene()
    scene.hold()
    leader = asyncio.create_task(scene.verdict())
    await scene.asked.wait()
    others = [asyncio.create_task(scene.verdict()) for _ in range(5)]
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.wait([leader])
    scene.release()
    assert leader.cancelled()
    assert set(await asyncio.gather(*others)) == {GOOD}
    assert scene.fetches == 1


async def test_each_waiter_gets_an_error_of_its_own() -> None:
    """An exception collects a traceback, so no two requests may share one."""
    scene = Scene()
    scene.local.outage = unreachable
    scene.hold()
    waiting = [asyncio.create_task(scene.outage()) for _ in range(10)]
    await scene.asked.wait()
    scene.release()
    errors = await asyncio.gather(*waiting)
    assert len(set(map(id, errors))) == 10
    assert {error.reason for error in errors} == {Reason.UNREACHABLE}


async def test_a_fetch_under_way_is_waited_for_by_tokens_it_may_save() -> None:
    """Tokens by a new key that arrive during a refresh are judged once more, after it."""
    scene = Scene()
    assert await scene.verdict() == GOOD
    scene.clock.advance(480)
    scene.hold()
    old = scene.local.token("read")
    assert await scene.verdict(old) == GOOD
    scene.local.rotate(SigningKey("k2"))
    waiting = [asyncio.create_task(scene.verdict()) for _ in range(10)]
    waiting += [asyncio.create_task(scene.verdict(by_unknown_key(scene.local)))]
    await scene.asked.wait()
    scene.release()
    assert await asyncio.gather(*waiting) == [GOOD] * 10 + [Reason.UNKNOWN_KEY]
    assert scene.fetches == 2


async def test_the_cool_down_counts_from_the_begin_of_the_last_fetch() -> None:
    """A key published just after a slow answer was made is asked for one cool-down later."""
    scene = Scene(jwks_uri="https://as.example.com/jwks")
    answers = iter([httpx.Response(200, json=scene.local.jwks)])

    async def slow(_: httpx.Request) -> httpx.Response:
        scene.local.outage = None
        scene.local.rotate(SigningKey("k2"))
        scene.clock.advance(4)
        return next(answers)

    old = scene.local.token("read")
    scene.local.outage = slow
    assert await scene.verdict(old) == GOOD
    scene.clock.advance(COOLDOWN - 5)
    assert await scene.verdict() == Reason.UNKNOWN_KEY
    scene.clock.advance(1)
    assert await scene.verdict() == GOOD
    assert scene.fetches == 2


async def test_a_fetch_knows_nothing_of_the_request_that_began_it() -> None:
    """It runs in an empty context: what serves everybody carries nobody's identity or span."""
    scene = Scene()
    seen: list[str] = []

    def look(request: httpx.Request) -> httpx.Response:
        seen.append(caller.get())
        return unreachable(request)

    scene.local.outage = look
    caller.set("ada")
    await scene.verdict()
    scene.clock.advance(60)
    await scene.verdict()
    assert seen == ["nobody", "nobody"]


@pytest.mark.parametrize("keys_are_here", [False, True], ids=["cold", "keys that may be old"])
async def test_closing_ends_a_fetch_and_nobody_is_refused_for_it(keys_are_here: bool) -> None:
    """Those who waited for it hear of an outage, not that their token is bad."""
    scene = Scene()
    if keys_are_here:
        assert await scene.verdict() == GOOD
        scene.clock.advance(COOLDOWN)
    scene.local.rotate(SigningKey("k2"))
    scene.hold()
    waiting = asyncio.create_task(scene.outage())
    await scene.asked.wait()
    await scene.issuer.aclose()
    error = await waiting
    assert error.reason == Reason.NO_USABLE_KEYS
    assert 1 <= error.retry_after <= LONGEST_BACKOFF
    assert scene.fetches == keys_are_here
    scene.release()
    assert await scene.verdict() == GOOD


async def test_closing_without_a_fetch_does_nothing() -> None:
    """It may be closed before and after use, and more than once."""
    scene = Scene()
    await scene.issuer.aclose()
    assert await scene.verdict() == GOOD
    await scene.issuer.aclose()
    await scene.issuer.aclose()
    assert await scene.verdict() == GOOD


async def test_starting_fetches_what_is_missing_once() -> None:
    """Keys that are here or on their way are not asked for again."""
    scene = Scene()
    scene.issuer.start()
    scene.issuer.start()
    await background_is_done()
    assert scene.issuer.ready
    scene.issuer.start()
    await background_is_done()
    assert scene.fetches == 1


async def test_starting_with_a_dead_issuer_does_not_fail() -> None:
    """The application starts; its tokens are judged once the issuer is back."""
    scene = Scene()
    scene.local.outage = unreachable
    scene.issuer.start()
    await background_is_done()
    assert not scene.issuer.ready


def test_an_issuer_built_once_serves_one_event_loop_after_another() -> None:
    """Nothing is tied to the loop of its first use."""
    scene = Scene()

    async def serve() -> str:
        scene.clock.advance(10_000)  # so that keys are fetched under this loop
        return await scene.verdict()

    assert [asyncio.run(serve()) for _ in range(3)] == [GOOD] * 3
    assert scene.fetches == 3


def test_a_fetch_of_a_loop_that_is_gone_holds_nobody_up() -> None:
    """A loop may end in the middle of a fetch; the next one begins its own."""
    scene = Scene()

    async def first_never(_: httpx.Request) -> httpx.Response:
        scene.local.outage = None
        await asyncio.Event().wait()
        raise AssertionError("somebody woke what nobody waits for")

    scene.local.outage = first_never
    loop = asyncio.new_event_loop()
    abandoned = loop.create_task(scene.verdict())
    loop.run_until_complete(scene.asked.wait())
    assert asyncio.run(scene.verdict()) == GOOD
    assert not abandoned.done()
    unfinished = asyncio.all_tasks(loop)
    for task in unfinished:
        task.cancel()
    loop.run_until_complete(asyncio.wait(unfinished))
    loop.close()


async def test_a_waiter_that_is_told_of_an_outage_is_told_when_to_return() -> None:
    """`retry_after` counts the seconds until somebody asks the issuer again."""
    scene = Scene()
    scene.local.outage = unreachable
    with pytest.raises(IssuerUnavailable) as first:
        await scene.issuer.validate(RawToken(scene.local.token()))
    scene.clock.advance(first.value.retry_after)
    before = len(scene.local.requests)
    await scene.verdict()
    assert len(scene.local.requests) == before + 1
