"""Signatures may be checked in threads of the operator's; nothing else changes by that."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from oauth_guard import ConfigurationError, JWTIssuer
from oauth_guard.errors import Reason
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.builders.jwt_issuer import (
    GOOD,
    ISSUER,
    JWTIssuerHarness,
    token_with_unknown_key,
    wait_for_background_tasks,
)
from tests.unit.issuers.threads import Threads

_COOLDOWN = 30


@pytest.fixture
def threads() -> Iterator[Threads]:
    """Return threads that are gone after the test."""
    with Threads() as threads:
        yield threads


def _forged(local: LocalIssuer) -> str:
    stranger = SigningKey("k1")
    return LocalIssuer(ISSUER, key=stranger).token("read", iss=local.issuer)


_TOKENS: dict[str, tuple[Callable[[LocalIssuer], str], str, int]] = {
    "good": (lambda local: local.token("read"), GOOD, 1),
    "forged": (_forged, Reason.BAD_SIGNATURE, 1),
    "by an unknown key": (token_with_unknown_key, Reason.UNKNOWN_KEY, 1),
    "of a wrong type": (lambda local: local.token(header={"typ": "JWT"}), Reason.WRONG_TYPE, 0),
    "without a claim": (lambda local: local.token(sub=None), Reason.MISSING_CLAIM, 0),
    "of another issuer": (lambda local: local.token(iss="x"), Reason.UNKNOWN_ISSUER, 0),
    "malformed": (lambda _: "a.b.c", Reason.MALFORMED_TOKEN, 0),
}


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed keys", "fetched keys"])
@pytest.mark.parametrize("elsewhere", [True, False], ids=["in threads", "on the loop"])
@pytest.mark.parametrize(("make", "outcome", "checks"), _TOKENS.values(), ids=_TOKENS)
async def test_the_outcome_is_the_same(
    make: Callable[[LocalIssuer], str],
    outcome: str,
    checks: int,
    elsewhere: bool,
    fixed: bool,
    threads: Threads,
) -> None:
    """The signature is checked in the threads, and what is refused before never gets there."""
    harness = JWTIssuerHarness(executor=threads if elsewhere else None)
    if fixed:
        executor = threads if elsewhere else None
        harness.issuer = JWTIssuer(ISSUER, keys=harness.local.jwks, executor=executor)
    assert await harness.verdict(make(harness.local)) == outcome
    assert threads.done == ["checks_0"] * checks * elsewhere


async def test_a_new_key_is_picked_up_from_the_threads(threads: Threads) -> None:
    """A key that is unknown there is fetched, and the token is checked once more."""
    harness = JWTIssuerHarness(executor=threads)
    assert await harness.verdict() == GOOD
    harness.clock.advance(_COOLDOWN)
    harness.local.rotate(SigningKey("k2"))
    assert await harness.verdict() == GOOD
    assert (harness.fetches, len(threads.done)) == (2, 3)


async def test_the_loop_goes_on_and_may_give_up(threads: Threads) -> None:
    """While the threads are busy; who gave up leaves nothing to do, and the next is served."""
    harness = JWTIssuerHarness(executor=threads)
    assert await harness.verdict() == GOOD
    threads.gate.clear()
    busy = threads.submit(lambda: None)
    waiting = asyncio.create_task(harness.verdict())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    threads.gate.set()
    await asyncio.wrap_future(busy)
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    assert len(threads.done) == 3  # two tokens, and what kept it busy


async def test_a_check_that_nobody_waits_for_any_more_says_nothing(threads: Threads) -> None:
    """It had begun when its request was given up, and ends in a refusal that nobody hears."""
    harness = JWTIssuerHarness(executor=threads)
    assert await harness.verdict() == GOOD
    threads.gate.clear()
    threads.begun.clear()
    waiting = asyncio.create_task(harness.verdict(_forged(harness.local)))
    assert await asyncio.to_thread(threads.begun.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    threads.gate.set()
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()


async def test_the_threads_are_not_the_issuers_to_close(threads: Threads) -> None:
    """They may serve others, after the issuer too."""
    harness = JWTIssuerHarness(executor=threads)
    assert await harness.verdict() == GOOD
    await harness.issuer.aclose()
    threads.submit(lambda: None).result(10)


@pytest.mark.parametrize(
    ("settings", "instead"),
    [
        pytest.param({"executor": "threads"}, "executor= takes threads", id="a name"),
        pytest.param({"executor": ThreadPoolExecutor}, "executor= takes threads", id="a class"),
        pytest.param(
            {"executor": ProcessPoolExecutor(1)}, "can't go to another process", id="processes"
        ),
        pytest.param(
            {
                "executor": ThreadPoolExecutor(1),
                "keys": StaticKeySet.from_jwks(LocalIssuer(ISSUER).jwks),
            },
            "executor= is for keys that are read here",
            id="keys that verify by themselves",
        ),
        pytest.param(
            {"executor": ThreadPoolExecutor(1), "secret": bytes(32)},
            "secret= is all there is: leave out keys and threads",
            id="a secret, which is checked at once",
        ),
    ],
)
def test_an_executor_is_threads_for_our_keys(settings: dict[str, Any], instead: str) -> None:
    """Anything else is refused at once, with what to write instead."""
    with pytest.raises(ConfigurationError, match=instead):
        JWTIssuer(ISSUER, **settings)
