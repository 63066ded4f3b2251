"""verify_signature with an executor: signatures are verified in the threads of the operator."""

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
    """Yield threads, and stop them after the test."""
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


@pytest.mark.parametrize("static", [True, False], ids=["static keys", "remote keys"])
@pytest.mark.parametrize("in_threads", [True, False], ids=["in threads", "on the loop"])
@pytest.mark.parametrize(("make", "outcome", "checks"), _TOKENS.values(), ids=_TOKENS)
async def test_outcome_is_the_same_with_and_without_an_executor(
    make: Callable[[LocalIssuer], str],
    outcome: str,
    checks: int,
    in_threads: bool,
    static: bool,
    threads: Threads,
) -> None:
    """A token rejected before its signature is verified causes no work in the threads."""
    harness = JWTIssuerHarness(executor=threads if in_threads else None)
    if static:
        executor = threads if in_threads else None
        harness.issuer = JWTIssuer(ISSUER, keys=harness.local.jwks, executor=executor)
    assert await harness.verdict(make(harness.local)) == outcome
    assert threads.done == ["checks_0"] * checks * in_threads


async def test_token_with_a_new_key_is_verified_again_in_the_executor(threads: Threads) -> None:
    """The unknown key causes a fetch."""
    harness = JWTIssuerHarness(executor=threads)
    assert await harness.verdict() == GOOD
    harness.clock.advance(_COOLDOWN)
    harness.local.rotate(SigningKey("k2"))
    assert await harness.verdict() == GOOD
    assert (harness.fetches, len(threads.done)) == (2, 3)


async def test_cancelled_request_does_not_use_the_executor(threads: Threads) -> None:
    """The event loop runs while the threads are busy, and the next request is served."""
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
    assert len(threads.done) == 3  # two tokens, and the other task


async def test_failed_verification_of_a_cancelled_request_is_silent(threads: Threads) -> None:
    """It was running when the request was cancelled; its exception causes no warning."""
    harness = JWTIssuerHarness(executor=threads)
    assert await harness.verdict() == GOOD
    threads.gate.clear()
    threads.started.clear()
    waiting = asyncio.create_task(harness.verdict(_forged(harness.local)))
    assert await asyncio.to_thread(threads.started.wait, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    threads.gate.set()
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()


async def test_executor_is_not_shut_down_with_the_issuer(threads: Threads) -> None:
    """Others may use it."""
    harness = JWTIssuerHarness(executor=threads)
    assert await harness.verdict() == GOOD
    await harness.issuer.aclose()
    threads.submit(lambda: None).result(10)


@pytest.mark.parametrize(
    ("settings", "message"),
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
            "executor= is for keys that this library reads",
            id="a key source",
        ),
        pytest.param(
            {"executor": ThreadPoolExecutor(1), "secret": bytes(32)},
            "secret= suffices: leave out keys and threads",
            id="a secret",
        ),
    ],
)
def test_unusable_executor_is_a_configuration_error(settings: dict[str, Any], message: str) -> None:
    """It must be a thread pool, for keys that the library verifies with."""
    with pytest.raises(ConfigurationError, match=message):
        JWTIssuer(ISSUER, **settings)
