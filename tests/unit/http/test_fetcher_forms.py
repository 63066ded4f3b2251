"""One form over HTTP: what is sent, what of the answer is read, and what a failure means."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPResult
from oauth_guard.protocol.urls import origins_of
from tests.unit.http.loopback import closed_port

ISSUER = "https://as.example.com"
URL = f"{ISSUER}/introspect"
ORIGINS = origins_of(ISSUER)
MAX_BYTES = 64 * 1024


def fetcher_of(answer: httpx.Response | Exception) -> Fetcher:
    """Return what is answered with this, or fails with it."""

    def handler(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Fetcher(ISSUER, httpx.AsyncClient(transport=httpx.MockTransport(handler)), ORIGINS)


async def post(answer: httpx.Response | Exception) -> HTTPResult | Reason:
    """Return the answer to a form, or the reason why there is none."""
    try:
        return await fetcher_of(answer).post(URL, b"a=b", {})
    except IssuerUnavailable as error:
        return error.reason


class Broken(httpx.AsyncByteStream):
    """A body that breaks off."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield a part, and fail."""
        yield b"{"
        raise httpx.ReadError("reset")


def chained(error: BaseException | None) -> list[BaseException]:
    """Return *error* and all that hangs on it."""
    if error is None:
        return []
    return [error, *chained(error.__cause__), *chained(error.__context__)]


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        pytest.param(200, {}, HTTPResult(200, "", b"body", None, None), id="200"),
        pytest.param(400, {}, HTTPResult(400, "", b"body", None, None), id="400"),
        pytest.param(500, {}, HTTPResult(500, "", b"", None, None), id="500, not read"),
        pytest.param(
            302,
            {"location": f"{ISSUER}/other"},
            HTTPResult(302, "", b"", None, None),
            id="redirect",
        ),
        pytest.param(
            200,
            {"content-type": "Application/JSON; a=b", "cache-control": "max-age=9"},
            HTTPResult(200, "application/json", b"body", 9, None),
            id="what it is",
        ),
        pytest.param(
            429, {"retry-after": "120"}, HTTPResult(429, "", b"", None, 120), id="when to come back"
        ),
        pytest.param(
            429, {"retry-after": "-1"}, HTTPResult(429, "", b"", None, None), id="negative"
        ),
    ],
)
async def test_an_answer_is_read(status: int, headers: dict[str, str], answer: HTTPResult) -> None:
    """Its body only where it may say something."""
    assert await post(httpx.Response(status, content=b"body", headers=headers)) == answer


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(httpx.ConnectError("refused"), Reason.UNREACHABLE, id="refused"),
        pytest.param(httpx.RemoteProtocolError("closed"), Reason.UNREACHABLE, id="closed at once"),
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="silent"),
        pytest.param(httpx.Response(200, stream=Broken()), Reason.BAD_RESPONSE, id="broken off"),
        pytest.param(
            httpx.Response(200, content=b"x" * (MAX_BYTES + 1)), Reason.BAD_RESPONSE, id="too long"
        ),
        pytest.param(
            httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Broken()),
            Reason.BAD_RESPONSE,
            id="compressed",
        ),
    ],
)
async def test_a_failure_says_whether_there_was_an_answer(
    answer: httpx.Response | Exception, reason: Reason
) -> None:
    """Only without one is the endpoint itself in doubt."""
    assert await post(answer) == reason


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.ConnectError("refused"), id="refused"),
        pytest.param(httpx.ReadTimeout("slow"), id="silent"),
        pytest.param(httpx.Response(200, stream=Broken()), id="broken off"),
        pytest.param(httpx.Response(200, content=b"x" * (MAX_BYTES + 1)), id="too long"),
        pytest.param(httpx.Response(200, headers={"content-encoding": "br"}), id="compressed"),
    ],
)
async def test_no_error_of_a_client_hangs_on_ours(answer: httpx.Response | Exception) -> None:
    """It would hold the request: the form with the token, and the secret in its header."""
    with pytest.raises(IssuerUnavailable) as raised:
        await fetcher_of(answer).post(URL, b"token=s3cr3t", {})
    assert chained(raised.value) == [raised.value]


LATE = "Fri, 31 Dec 1999 23:59:59 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "120"}, 120, id="seconds"),
        pytest.param({"retry-after": "0"}, 0, id="at once"),
        pytest.param(
            {"retry-after": LATE, "date": "Fri, 31 Dec 1999 23:59:30 GMT"}, 29, id="a moment"
        ),
        pytest.param(
            {"retry-after": LATE, "date": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0, id="a past one"
        ),
        pytest.param({"retry-after": LATE}, None, id="a moment by no clock"),
        pytest.param(
            {"retry-after": LATE, "date": "Fri, 31 Dec 1999 23:59:30 -0000"}, None, id="no zone"
        ),
        pytest.param({"retry-after": "soon", "date": LATE}, None, id="no moment"),
        pytest.param({"retry-after": "1" * 10}, None, id="centuries"),
        pytest.param({}, None, id="not said"),
    ],
)
async def test_when_to_come_back_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """In seconds, or as a moment by the clock of the server itself."""
    answer = await post(httpx.Response(429, headers=headers))
    assert isinstance(answer, HTTPResult)
    assert answer.retry_after == seconds


async def test_the_longest_answer_is_read() -> None:
    """64 KiB, and not one byte more."""
    answer = await post(httpx.Response(200, content=b"x" * MAX_BYTES))
    assert isinstance(answer, HTTPResult)
    assert len(answer.body) == MAX_BYTES


async def test_the_log_tells_nothing_that_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    """A client's own text about a failure may quote a header field or the form."""
    await post(httpx.LocalProtocolError("Illegal header value b'Basic s3cr3t'"))
    assert "LocalProtocolError" in caplog.text
    assert "s3cr3t" not in caplog.text
    caplog.clear()
    await post(httpx.ConnectError("certificate verify failed"))
    assert "certificate verify failed" in caplog.text


async def test_nobody_at_the_port_is_no_connection() -> None:
    """By a client of our own."""
    with closed_port() as origin:
        fetcher = Fetcher(ISSUER, None, origins_of(origin), connections=1)
        with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
            await fetcher.post(f"{origin}/introspect", b"a=b", {})
        await fetcher.aclose()


async def test_cancelling_is_passed_on() -> None:
    """A deadline is no failure of the client."""
    started = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("somebody woke what nobody waits for")

    fetcher = Fetcher(ISSUER, httpx.AsyncClient(transport=httpx.MockTransport(never)), ORIGINS)
    posting = asyncio.create_task(fetcher.post(URL, b"", {}))
    await started.wait()
    posting.cancel()
    await asyncio.wait([posting])
    assert posting.cancelled()
