"""An endpoint is asked in bounded time, and left alone when it is ill."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.issuers.endpoint_client import FormRequest
from tests.unit.issuers.scripted_endpoint import METADATA, OK, Scene

TOO_LONG = httpx.Response(200, content=b"x" * 65_537)
REFUSED = httpx.ConnectError("refused")


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404])
async def test_an_answer_is_returned(status: int) -> None:
    """What it means is for others to judge."""
    assert await Scene(httpx.Response(status)).ask() == status


async def test_a_failed_connection_is_tried_once_more_with_a_new_question() -> None:
    """A server may have seen the first one, and refuse an assertion that it knows."""
    scene = Scene(REFUSED, OK)
    assert await scene.ask() == 200
    assert scene.forms == [b"number=0", b"number=1"]


@pytest.mark.parametrize(
    ("answer", "reason", "times"),
    [
        pytest.param(REFUSED, Reason.UNREACHABLE, 2, id="refused twice"),
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, 1, id="silent"),
        pytest.param(httpx.Response(500), Reason.BAD_RESPONSE, 1, id="500"),
        pytest.param(httpx.Response(503), Reason.BAD_RESPONSE, 1, id="503"),
        pytest.param(httpx.Response(429), Reason.BAD_RESPONSE, 1, id="429"),
    ],
)
async def test_what_tells_of_illness_opens_the_breaker(
    answer: httpx.Response | Exception, reason: Reason, times: int
) -> None:
    """Five in a row, and nobody asks any more; then one probe finds it well."""
    scene = Scene(answer)
    assert await scene.ask_often(6) == [reason] * 5 + [Reason.BACKING_OFF]
    assert len(scene.forms) == 5 * times
    assert not scene.endpoint.ready
    with pytest.raises(IssuerUnavailable) as raised:
        await scene.endpoint.post(lambda: FormRequest(b"", {}))
    assert raised.value.retry_after == 10
    scene.clock.now += 10
    assert scene.endpoint.ready
    scene.answers = [OK]
    assert await scene.ask_often(2) == [200, 200]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(400), id="400"),
        pytest.param(httpx.Response(413), id="413"),
        pytest.param(TOO_LONG, id="too long"),
        pytest.param(httpx.Response(200, headers={"content-encoding": "br"}), id="compressed"),
    ],
)
async def test_what_one_token_can_provoke_opens_nothing(answer: httpx.Response) -> None:
    """A hundred such answers do not keep a good token from being asked about."""
    scene = Scene(*[answer] * 100, OK)
    assert Reason.BACKING_OFF not in await scene.ask_often(100)
    assert await scene.ask() == 200
    assert len(scene.forms) == 101


@pytest.mark.parametrize("answer", [httpx.Response(400), TOO_LONG], ids=["400", "too long"])
async def test_whatever_is_answered_shows_that_it_is_well(answer: httpx.Response) -> None:
    """It ends a row of failures, and as the answer to a probe it closes the breaker."""
    ill = httpx.Response(500)
    scene = Scene(*[ill] * 4, answer, *[ill] * 5, answer, OK)
    assert Reason.BACKING_OFF not in await scene.ask_often(10)
    assert await scene.ask() == Reason.BACKING_OFF
    scene.clock.now += 10
    assert (await scene.ask_often(2))[1] == 200


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [(429, "7", 7), (503, "30", 30), (429, "86400", 60)],
)
async def test_retry_after_is_respected(status: int, retry_after: str, seconds: int) -> None:
    """It is told to the caller too, up to a minute."""
    scene = Scene(httpx.Response(status, headers={"retry-after": retry_after}), OK)
    with pytest.raises(IssuerUnavailable) as raised:
        await scene.endpoint.post(lambda: FormRequest(b"", {}))
    assert raised.value.retry_after == seconds
    assert await scene.ask() == Reason.BACKING_OFF
    scene.clock.now += seconds
    assert await scene.ask() == 200


async def test_a_deadline_that_passes_is_illness() -> None:
    """The endpoint was asked, and did not answer in time."""
    scene = Scene(OK, deadline=0.01)
    scene.gate.clear()
    assert await scene.ask_often(6) == [Reason.TIMED_OUT] * 5 + [Reason.BACKING_OFF]


async def test_whoever_gives_up_leaves_the_probe_to_the_next() -> None:
    """A caller that disconnects tells nothing of the endpoint."""
    scene = Scene(httpx.Response(500))
    await scene.ask_often(5)
    scene.clock.now += 10
    scene.answers = [OK]
    scene.gate.clear()
    probe = asyncio.create_task(scene.ask())
    await asyncio.sleep(0.01)
    assert await scene.ask() == Reason.BACKING_OFF
    probe.cancel()
    await asyncio.wait([probe])
    assert probe.cancelled()
    scene.gate.set()
    assert await scene.ask() == 200


async def test_it_is_looked_for_once_for_all() -> None:
    """Whoever asks first, and whoever asks meanwhile, wait for the same search."""
    scene = Scene(OK, endpoint=None)
    assert not scene.endpoint.ready
    assert set(await asyncio.gather(*(scene.ask() for _ in range(20)))) == {200}
    assert scene.asked.count("/metadata") == 1
    assert scene.endpoint.ready


async def test_it_is_found_ahead_of_time() -> None:
    """At start in the background, or waited for; what is known is not looked for."""
    scene = Scene(OK, endpoint=None)
    scene.endpoint.start()
    await scene.endpoint.load()
    assert scene.endpoint.ready
    scene.endpoint.start()
    await scene.endpoint.load()
    await scene.endpoint.aclose()
    assert scene.asked == ["/metadata"]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        pytest.param(httpx.Response(404), Reason.WRONG_METADATA, id="404"),
        pytest.param(httpx.Response(200, json={}), Reason.WRONG_METADATA, id="no metadata"),
        pytest.param(REFUSED, Reason.UNREACHABLE, id="refused"),
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="silent"),
    ],
)
async def test_where_nothing_is_found_the_breaker_opens(
    metadata: httpx.Response | Exception, reason: Reason
) -> None:
    """No token can provoke that, and nobody looks again until it closes."""
    scene = Scene(OK, endpoint=None)
    scene.metadata = metadata
    with pytest.raises(IssuerUnavailable, match=reason):
        await scene.endpoint.load()
    assert await scene.ask_often(6) == [reason] * 5 + [Reason.BACKING_OFF]
    assert len(scene.asked) == 6
    scene.metadata = httpx.Response(200, json=METADATA)
    scene.clock.now += 10
    assert await scene.ask() == 200


async def test_a_slow_search_goes_on_when_a_question_gives_up() -> None:
    """So the next one finds what was found meanwhile."""
    scene = Scene(OK, endpoint=None, deadline=0.05)
    scene.gate.clear()
    assert await scene.ask() == Reason.TIMED_OUT
    scene.gate.set()
    assert await scene.ask() == 200
    assert scene.asked.count("/metadata") == 1


async def test_a_search_ends_in_time() -> None:
    """Whoever waits for it hears that it took too long."""
    scene = Scene(OK, endpoint=None, discovery_timeout=0.01)
    scene.gate.clear()
    assert await scene.ask() == Reason.TIMED_OUT
    scene.gate.set()
    assert await scene.ask() == 200


@pytest.mark.parametrize("status", [404, 410])
async def test_an_endpoint_that_moved_is_looked_for_again(status: int) -> None:
    """It stays ready meanwhile, or a probe of readiness would never see it come back."""
    scene = Scene(httpx.Response(status), OK, endpoint=None)
    assert await scene.ask() == status
    assert scene.endpoint.ready
    assert await scene.ask() == 200
    assert scene.asked.count("/metadata") == 2


async def test_an_endpoint_that_is_ill_is_looked_for_again() -> None:
    """The issuer may have replaced it."""
    scene = Scene(httpx.Response(500), endpoint=None)
    await scene.ask_often(5)
    scene.answers = [OK]
    scene.clock.now += 10
    assert await scene.ask() == 200
    assert scene.asked.count("/metadata") == 2
