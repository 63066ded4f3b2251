"""Fetcher.get: a JSON object within its limits, or IssuerUnavailable with a reason."""

import asyncio

import httpx
import httpx2
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Document, Fetcher
from oauth_guard.protocol.urls import origins_of
from tests.unit.http.loopback import closed_port

ISSUER = "https://as.example.com"
URL = f"{ISSUER}/jwks"
ORIGINS = origins_of(ISSUER)
MAX_BYTES = 512 * 1024


def client(response: httpx.Response | Exception) -> httpx.AsyncClient:
    """Return a client that receives *response*, or raises it."""

    def handler(_: httpx.Request) -> httpx.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return httpx.AsyncClient(transport=httpx.MockTransport(handler))


async def fetch(response: httpx.Response | Exception, url: str = URL) -> Document | Reason:
    """Return the document, or the reason why there is none."""
    try:
        return await Fetcher(ISSUER, client(response), ORIGINS).get(url)
    except IssuerUnavailable as error:
        return error.reason


def json_of(size: int) -> bytes:
    """Return a JSON object of exactly *size* bytes."""
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


@pytest.mark.parametrize(
    ("headers", "media_type", "max_age"),
    [
        pytest.param({}, "", None, id="no fields"),
        pytest.param(
            {"content-type": "application/json"}, "application/json", None, id="media type"
        ),
        pytest.param(
            {"content-type": "Application/JSON ; charset=utf-8"},
            "application/json",
            None,
            id="media type with a parameter",
        ),
        pytest.param({"content-encoding": "Identity"}, "", None, id="content-encoding: identity"),
        pytest.param({"cache-control": "public, max-age=60"}, "", 60, id="max-age"),
        pytest.param(
            {"cache-control": "x-max-age=60"}, "", None, id="a directive that ends in max-age"
        ),
    ],
)
async def test_json_object_is_returned_with_its_media_type_and_max_age(
    headers: dict[str, str], media_type: str, max_age: float | None
) -> None:
    """A field that is missing or unknown gives no value."""
    response = httpx.Response(200, content=b'{"keys": []}', headers=headers)
    assert await fetch(response) == Document({"keys": []}, media_type, max_age)


@pytest.mark.parametrize(
    "status", [201, 203, 204, 206, 301, 302, 307, 400, 401, 404, 429, 500, 503]
)
async def test_status_other_than_200_is_a_bad_response(status: int) -> None:
    """Success is 200 (RFC 8414 §3.2); a redirect is not followed."""
    headers = {"location": f"{ISSUER}/elsewhere"}
    assert await fetch(httpx.Response(status, json={}, headers=headers)) == Reason.BAD_RESPONSE


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"{", b'{"a":1,"a":1}', b'{"a":NaN}', b"\xff\xfe", b"<html>", b"{} {}"],
)
async def test_body_that_is_not_a_strict_json_object_is_a_bad_response(content: bytes) -> None:
    """A text that two parsers may read differently is not accepted."""
    assert await fetch(httpx.Response(200, content=content)) == Reason.BAD_RESPONSE


async def test_body_of_more_than_512_kib_is_a_bad_response() -> None:
    """Exactly 512 KiB are accepted."""
    assert isinstance(await fetch(httpx.Response(200, content=json_of(MAX_BYTES))), Document)
    too_long = httpx.Response(200, content=json_of(MAX_BYTES + 1))
    assert await fetch(too_long) == Reason.BAD_RESPONSE


async def test_compressed_body_is_a_bad_response_and_not_decompressed() -> None:
    """A few bytes can expand to gigabytes, so we request and accept identity only."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        # A stream, which httpx does not decompress before the fetcher reads it.
        stream = httpx.ByteStream(b"\x1f\x8bnot gzip")
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)

    fetcher = Fetcher(ISSUER, httpx.AsyncClient(transport=httpx.MockTransport(handler)), ORIGINS)
    with pytest.raises(IssuerUnavailable, match=Reason.BAD_RESPONSE):
        await fetcher.get(URL)
    assert seen[0].headers["accept-encoding"] == "identity"
    assert seen[0].headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="read timeout"),
        pytest.param(httpx2.ReadTimeout("slow"), Reason.TIMED_OUT, id="read timeout of httpx2"),
        pytest.param(httpx.PoolTimeout("busy"), Reason.TIMED_OUT, id="all connections busy"),
        pytest.param(httpx.ConnectError("refused"), Reason.UNREACHABLE, id="refused"),
        pytest.param(
            httpx.RemoteProtocolError("not HTTP"), Reason.UNREACHABLE, id="response is not HTTP"
        ),
        pytest.param(OSError("no route"), Reason.UNREACHABLE, id="operating system"),
        pytest.param(
            RuntimeError("Event loop is closed"), Reason.UNREACHABLE, id="pool of another loop"
        ),
        pytest.param(ValueError("proxy"), Reason.UNREACHABLE, id="any other error"),
    ],
)
async def test_error_of_the_client_is_an_outage(failure: Exception, reason: Reason) -> None:
    """A client may raise anything; the reason is a timeout or `unreachable`."""
    assert await fetch(failure) == reason


@pytest.mark.parametrize(
    "url", ["https://xn--/jwks", "https://" + "a" * 70_000, "https://[::1/", "ftp://a/", "/jwks"]
)
async def test_url_that_the_client_rejects_is_unreachable(url: str) -> None:
    """The metadata of an issuer may contain any URL as `jwks_uri`."""
    fetcher = Fetcher(ISSUER, None, ORIGINS)
    with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
        await fetcher.get(url)
    await fetcher.aclose()


async def test_invalid_proxy_in_the_environment_is_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the operator's fault, so no caller gets a 401."""
    monkeypatch.setenv("ALL_PROXY", "nonsense://proxy")
    with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
        await Fetcher(ISSUER, None, ORIGINS).get(URL)


async def test_supplied_client_that_is_closed_is_unreachable() -> None:
    """It fails as a network does."""
    http = client(httpx.Response(200, json={}))
    await http.aclose()
    with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
        await Fetcher(ISSUER, http, ORIGINS).get(URL)


async def test_supplied_client_is_not_closed() -> None:
    """It belongs to the caller that created it."""
    http = client(httpx.Response(200, json={}))
    await Fetcher(ISSUER, http, ORIGINS).aclose()
    assert not http.is_closed


def test_client_of_a_closed_event_loop_is_discarded() -> None:
    """It has no open connection, so closing it is not needed."""
    with closed_port() as origin:
        fetcher = Fetcher(ISSUER, None, origins_of(origin))
        with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
            asyncio.run(fetcher.get(origin))
        asyncio.run(fetcher.aclose())


async def test_long_url_and_error_are_truncated_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Both can be chosen by an issuer."""
    await fetch(httpx.ConnectError("y" * 1000), f"{URL}/{'x' * 60_000}")
    assert len(caplog.messages[0]) < 500


async def test_cancelled_get_raises_cancelled_error() -> None:
    """A deadline of the caller is no failure of the client."""
    started = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("an event that is never set was set")

    http = httpx.AsyncClient(transport=httpx.MockTransport(never))
    fetching = asyncio.create_task(Fetcher(ISSUER, http, ORIGINS).get(URL))
    await started.wait()
    fetching.cancel()
    await asyncio.wait([fetching])
    assert fetching.cancelled()
