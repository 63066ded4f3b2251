"""One JSON document over HTTP: bounded, strict, and never anything but it or an outage."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Document, Fetcher
from oauth_guard.protocol.urls import origins_of
from tests.unit.http.loopback import closed_port

ISSUER = "https://as.example.com"
URL = f"{ISSUER}/jwks"
ORIGINS = origins_of(ISSUER)
MAX_BYTES = 512 * 1024


def client(answer: httpx.Response | Exception) -> httpx.AsyncClient:
    """Return a client that is answered with this, or fails with it."""

    def handler(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.AsyncClient(transport=httpx.MockTransport(handler))


async def fetch(answer: httpx.Response | Exception, url: str = URL) -> Document | Reason:
    """Return the document, or the reason why there is none."""
    try:
        return await Fetcher(ISSUER, client(answer), ORIGINS).get(url)
    except IssuerUnavailable as error:
        return error.reason


def json_of(size: int) -> bytes:
    """Return a JSON object of exactly *size* bytes."""
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


@pytest.mark.parametrize(
    ("headers", "media_type", "max_age"),
    [
        pytest.param({}, "", None, id="says nothing"),
        pytest.param({"content-type": "application/json"}, "application/json", None, id="plain"),
        pytest.param(
            {"content-type": "Application/JSON ; charset=utf-8"}, "application/json", None, id="odd"
        ),
        pytest.param({"content-encoding": "Identity"}, "", None, id="not compressed, in words"),
        pytest.param({"cache-control": "public, max-age=60"}, "", 60, id="may be kept"),
        pytest.param({"cache-control": "x-max-age=60"}, "", None, id="another directive"),
    ],
)
async def test_an_object_is_read(
    headers: dict[str, str], media_type: str, max_age: float | None
) -> None:
    """The document holds the members, what they were said to be, and for how long they hold."""
    answer = httpx.Response(200, content=b'{"keys": []}', headers=headers)
    assert await fetch(answer) == Document({"keys": []}, media_type, max_age)


@pytest.mark.parametrize(
    "status", [201, 203, 204, 206, 301, 302, 307, 400, 401, 404, 429, 500, 503]
)
async def test_any_other_status_is_no_answer(status: int) -> None:
    """Success is 200 (RFC 8414 §3.2); a redirect is not followed."""
    headers = {"location": f"{ISSUER}/elsewhere"}
    assert await fetch(httpx.Response(status, json={}, headers=headers)) == Reason.BAD_RESPONSE


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"{", b'{"a":1,"a":1}', b'{"a":NaN}', b"\xff\xfe", b"<html>", b"{} {}"],
)
async def test_what_is_no_strict_json_object_is_no_answer(content: bytes) -> None:
    """What two parsers might read in two ways is not read at all."""
    assert await fetch(httpx.Response(200, content=content)) == Reason.BAD_RESPONSE


async def test_the_size_is_bounded_to_the_byte() -> None:
    """512 KiB are read, one byte more is not."""
    assert isinstance(await fetch(httpx.Response(200, content=json_of(MAX_BYTES))), Document)
    too_long = httpx.Response(200, content=json_of(MAX_BYTES + 1))
    assert await fetch(too_long) == Reason.BAD_RESPONSE


async def test_a_compressed_answer_is_not_unpacked() -> None:
    """A few bytes could become gigabytes, so we ask for none and take none."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        # As a stream, so that nobody has unpacked it before we look.
        stream = httpx.ByteStream(b"\x1f\x8bnever looked at")
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)

    fetcher = Fetcher(ISSUER, httpx.AsyncClient(transport=httpx.MockTransport(handler)), ORIGINS)
    with pytest.raises(IssuerUnavailable, match=Reason.BAD_RESPONSE):
        await fetcher.get(URL)
    assert seen[0].headers["accept-encoding"] == "identity"
    assert seen[0].headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="silent"),
        pytest.param(httpx.PoolTimeout("busy"), Reason.TIMED_OUT, id="all connections busy"),
        pytest.param(httpx.ConnectError("refused"), Reason.UNREACHABLE, id="refused"),
        pytest.param(httpx.RemoteProtocolError("odd"), Reason.UNREACHABLE, id="no HTTP"),
        pytest.param(OSError("no route"), Reason.UNREACHABLE, id="operating system"),
        pytest.param(RuntimeError("Event loop is closed"), Reason.UNREACHABLE, id="other loop"),
        pytest.param(ValueError("proxy"), Reason.UNREACHABLE, id="whatever else"),
    ],
)
async def test_whatever_fails_is_an_outage(failure: Exception, reason: Reason) -> None:
    """A client may fail in many ways; to a request they are all one thing."""
    assert await fetch(failure) == reason


@pytest.mark.parametrize(
    "url", ["https://xn--/jwks", "https://" + "a" * 70_000, "https://[::1/", "ftp://a/", "/jwks"]
)
async def test_a_url_that_no_client_takes_is_an_outage(url: str) -> None:
    """The metadata of an issuer may name any URL as that of its keys."""
    fetcher = Fetcher(ISSUER, None, ORIGINS)
    with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
        await fetcher.get(url)
    await fetcher.aclose()


async def test_an_environment_that_no_client_can_live_in_is_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy that can't be read is the operator's fault, not that of a request."""
    monkeypatch.setenv("ALL_PROXY", "nonsense://proxy")
    with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
        await Fetcher(ISSUER, None, ORIGINS).get(URL)


async def test_a_client_that_was_closed_is_an_outage() -> None:
    """A client that its owner closed too early fails as a network would."""
    http = client(httpx.Response(200, json={}))
    await http.aclose()
    with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
        await Fetcher(ISSUER, http, ORIGINS).get(URL)


async def test_a_client_that_was_handed_in_stays_open() -> None:
    """It belongs to whoever made it."""
    http = client(httpx.Response(200, json={}))
    await Fetcher(ISSUER, http, ORIGINS).aclose()
    assert not http.is_closed


def test_a_client_of_a_loop_that_is_gone_is_let_go() -> None:
    """Closing under another loop can't reach into it, and need not: nothing was kept open."""
    with closed_port() as origin:
        fetcher = Fetcher(ISSUER, None, origins_of(origin))
        with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
            asyncio.run(fetcher.get(origin))
        asyncio.run(fetcher.aclose())


async def test_a_url_of_any_length_fits_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """What an issuer names is cut short, and so is what the client says of it."""
    await fetch(httpx.ConnectError("y" * 1000), f"{URL}/{'x' * 60_000}")
    assert len(caplog.messages[0]) < 500


async def test_a_cancelled_fetch_stays_cancelled() -> None:
    """A deadline is no failure of the client."""
    started = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("somebody woke what nobody waits for")

    http = httpx.AsyncClient(transport=httpx.MockTransport(never))
    fetching = asyncio.create_task(Fetcher(ISSUER, http, ORIGINS).get(URL))
    await started.wait()
    fetching.cancel()
    await asyncio.wait([fetching])
    assert fetching.cancelled()
