"""Fetcher.post: a form, the parts of the response that are read, and the reasons of failures."""

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
MAX_AGE = {"cache-control": "max-age=9"}


def fetcher_of(response: httpx.Response | Exception) -> Fetcher:
    """Return a fetcher whose client receives *response*, or raises it."""

    def handler(_: httpx.Request) -> httpx.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return Fetcher(ISSUER, httpx.AsyncClient(transport=httpx.MockTransport(handler)), ORIGINS)


async def post(response: httpx.Response | Exception) -> HTTPResult | Reason:
    """Return the response to a form, or the reason why there is none."""
    try:
        return await fetcher_of(response).post(URL, b"a=b", {})
    except IssuerUnavailable as error:
        return error.reason


class Broken(httpx.AsyncByteStream):
    """A body whose connection is reset."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield a part, and raise."""
        yield b"{"
        raise httpx.ReadError("reset")


def chained(error: BaseException | None) -> list[BaseException]:
    """Return *error* with all of its causes and contexts."""
    if error is None:
        return []
    return [error, *chained(error.__cause__), *chained(error.__context__)]


@pytest.mark.parametrize(
    ("status", "headers", "result"),
    [
        pytest.param(200, {}, HTTPResult(200, "", b"body", None, None), id="200"),
        pytest.param(400, {}, HTTPResult(400, "", b"body", None, None), id="400"),
        pytest.param(500, {}, HTTPResult(500, "", b"", None, None), id="500, body not read"),
        pytest.param(
            302,
            {"location": f"{ISSUER}/other"},
            HTTPResult(302, "", b"", None, None),
            id="redirect",
        ),
        pytest.param(
            200,
            {"content-type": "Application/JSON; a=b", "cache-control": "max-age=9"},
            HTTPResult(200, "application/json", b"body", 9, None, None, MAX_AGE),
            id="media type and max-age",
        ),
        pytest.param(
            429, {"retry-after": "120"}, HTTPResult(429, "", b"", None, 120), id="Retry-After"
        ),
        pytest.param(
            429,
            {"retry-after": "-1"},
            HTTPResult(429, "", b"", None, None),
            id="negative Retry-After",
        ),
    ],
)
async def test_response_is_returned_with_the_body_of_200_and_400_only(
    status: int, headers: dict[str, str], result: HTTPResult
) -> None:
    """Other bodies are not read."""
    assert await post(httpx.Response(status, content=b"body", headers=headers)) == result


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        pytest.param(httpx.ConnectError("refused"), Reason.UNREACHABLE, id="refused"),
        pytest.param(
            httpx.RemoteProtocolError("closed"), Reason.UNREACHABLE, id="closed without a response"
        ),
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="read timeout"),
        pytest.param(httpx.Response(200, stream=Broken()), Reason.BAD_RESPONSE, id="incomplete"),
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
async def test_reason_of_a_failure_says_whether_there_was_a_response(
    response: httpx.Response | Exception, reason: Reason
) -> None:
    """A failure after a response says nothing about the endpoint's availability."""
    assert await post(response) == reason


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx.ConnectError("refused"), id="refused"),
        pytest.param(httpx.ReadTimeout("slow"), id="read timeout"),
        pytest.param(httpx.Response(200, stream=Broken()), id="incomplete"),
        pytest.param(httpx.Response(200, content=b"x" * (MAX_BYTES + 1)), id="too long"),
        pytest.param(httpx.Response(200, headers={"content-encoding": "br"}), id="compressed"),
    ],
)
async def test_error_of_the_client_is_not_chained_to_ours(
    response: httpx.Response | Exception,
) -> None:
    """It refers to the request: the form with the token, and the secret in its header."""
    with pytest.raises(IssuerUnavailable) as raised:
        await fetcher_of(response).post(URL, b"token=s3cr3t", {})
    assert chained(raised.value) == [raised.value]


LATE = "Fri, 31 Dec 1999 23:59:59 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "120"}, 120, id="seconds"),
        pytest.param({"retry-after": "0"}, 0, id="zero"),
        pytest.param(
            {"retry-after": LATE, "date": "Fri, 31 Dec 1999 23:59:30 GMT"}, 29, id="a date"
        ),
        pytest.param(
            {"retry-after": LATE, "date": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0, id="a past date"
        ),
        pytest.param({"retry-after": LATE}, None, id="a date without Date"),
        pytest.param(
            {"retry-after": LATE, "date": "Fri, 31 Dec 1999 23:59:30 -0000"},
            None,
            id="a date without zone",
        ),
        pytest.param({"retry-after": "soon", "date": LATE}, None, id="no date"),
        pytest.param({"retry-after": "1" * 10}, None, id="ten digits"),
        pytest.param({}, None, id="missing"),
    ],
)
async def test_retry_after_is_read_as_seconds_or_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    """A date is relative to the clock of the server."""
    result = await post(httpx.Response(429, headers=headers))
    assert isinstance(result, HTTPResult)
    assert result.retry_after == seconds


async def test_body_of_64_kib_is_read() -> None:
    """One byte more is a bad response."""
    result = await post(httpx.Response(200, content=b"x" * MAX_BYTES))
    assert isinstance(result, HTTPResult)
    assert len(result.body) == MAX_BYTES


async def test_log_contains_nothing_that_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    """The text of a client's error may quote a header field or the form."""
    await post(httpx.LocalProtocolError("Illegal header value b'Basic s3cr3t'"))
    assert "LocalProtocolError" in caplog.text
    assert "s3cr3t" not in caplog.text
    caplog.clear()
    await post(httpx.ConnectError("certificate verify failed"))
    assert "certificate verify failed" in caplog.text


async def test_refused_connection_of_the_own_client_is_unreachable() -> None:
    """The fetcher opens its own client here."""
    with closed_port() as origin:
        fetcher = Fetcher(ISSUER, None, origins_of(origin), connections=1)
        with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
            await fetcher.post(f"{origin}/introspect", b"a=b", {})
        await fetcher.aclose()


async def test_cancelled_post_raises_cancelled_error() -> None:
    """A deadline of the caller is no failure of the client."""
    started = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("an event that is never set was set")

    fetcher = Fetcher(ISSUER, httpx.AsyncClient(transport=httpx.MockTransport(never)), ORIGINS)
    posting = asyncio.create_task(fetcher.post(URL, b"", {}))
    await started.wait()
    posting.cancel()
    await asyncio.wait([posting])
    assert posting.cancelled()
