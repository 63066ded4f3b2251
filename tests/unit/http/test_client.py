"""HTTPClient: a fetcher gives the same results with httpx, httpx2 and aiohttp."""

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.aiohttp_client import AiohttpClient
from oauth_guard.http.fetcher import Fetcher, HTTPClient, HTTPResult
from tests.unit.http.loopback import closed_port, serving
from tests.unit.http.network import SERVED, Internet

ISSUER = "https://as.example.com"
MAX_AGE = {"cache-control": "private, max-age=9"}
CLIENTS: dict[str, Callable[[ssl.SSLContext | None], HTTPClient]] = {
    "httpx": lambda tls: httpx.AsyncClient(verify=tls or True, timeout=None),  # noqa: S113 - like the library's own
    "httpx2": lambda tls: httpx2.AsyncClient(verify=tls or True, timeout=None),
    "aiohttp": lambda tls: AiohttpClient(tls=tls),
}


RESPONSES: dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]] = {
    "/wrong": (400, [], b'{"error": "x"}'),
    "/moved": (307, [(b"location", b"/elsewhere")], b""),
    "/busy": (429, [(b"retry-after", b"7")], b""),
    "/max-age": (200, [(b"cache-control", b"private"), (b"Cache-Control", b"max-age=9")], b"{}"),
    "/gzip": (200, [(b"content-encoding", b"gzip")], gzip.compress(b"{}" * 9999)),
    "/gzip-second-field": (
        200,
        [(b"content-encoding", b"identity"), (b"content-encoding", b"gzip")],
        gzip.compress(b"{}"),
    ),
    "/broken": (200, [(b"content-length", b"1000")], b""),
}


class Server:
    """A server that selects its response by the path.

    Attributes:
        seen: The path, body and header fields of each request.
        clients: The address and port of the client of each request.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, dict[str, str]]] = []
        self.clients: list[tuple[str, int]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response to one request."""
        request = Request(scope, receive)
        path = scope["path"]
        self.seen.append((path, await request.body(), dict(request.headers)))
        self.clients.append(scope["client"])
        status, fields, body = RESPONSES.get(path, (200, [], b'{"active": true}'))
        headers = [(b"content-type", b"application/json"), *fields]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if path == "/slow":
            await asyncio.sleep(5)
        if path == "/broken":
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise ConnectionError
        for _ in range(100 if path == "/endless" else 0):
            await send({"type": "http.response.body", "body": b" " * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Server, str]]:
    """Yield a server and its origin."""
    server = Server()
    with serving(server) as origin:
        yield server, origin


@pytest.fixture(params=CLIENTS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[HTTPClient]:
    """Yield a client of each library."""
    client = CLIENTS[request.param](None)
    yield client
    await client.aclose()


async def post(client: HTTPClient, url: str) -> HTTPResult | Reason:
    """Return the response to a form, or the reason why there is none."""
    try:
        return await Fetcher(ISSUER, client, frozenset()).post(url, b"token=a%2Bb", {"x-by": "me"})
    except IssuerUnavailable as error:
        return error.reason


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("/ok", HTTPResult(200, "application/json", b'{"active": true}', None, None)),
        ("/wrong", HTTPResult(400, "application/json", b'{"error": "x"}', None, None)),
        ("/max-age", HTTPResult(200, "application/json", b"{}", 9, None, None, MAX_AGE)),
        ("/busy", HTTPResult(429, "application/json", b"", None, 7)),
        ("/moved", HTTPResult(307, "application/json", b"", None, None)),
        ("/gzip", Reason.BAD_RESPONSE),
        ("/gzip-second-field", Reason.BAD_RESPONSE),
        ("/endless", Reason.BAD_RESPONSE),
        ("/broken", Reason.BAD_RESPONSE),
    ],
)
async def test_each_client_gives_the_same_result(
    served: tuple[Server, str], client: HTTPClient, path: str, result: HTTPResult | Reason
) -> None:
    """No redirect is followed, nothing is decompressed, and later requests work."""
    server, origin = served
    server.seen.clear()
    assert await post(client, origin + path) == result
    assert isinstance(await post(client, f"{origin}/ok"), HTTPResult)
    assert [path for path, _, _ in server.seen] == [path, "/ok"]


async def test_form_and_header_fields_are_sent_unchanged(
    served: tuple[Server, str], client: HTTPClient
) -> None:
    """Our header fields replace those of the client."""
    server, origin = served
    server.seen.clear()
    await post(client, f"{origin}/ok")
    ((_, body, headers),) = server.seen
    assert body == b"token=a%2Bb"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"] == "oauth_guard"
    assert headers["x-by"] == "me"
    assert "cookie" not in headers


async def test_document_is_fetched_by_get_without_a_body(
    served: tuple[Server, str], client: HTTPClient
) -> None:
    """The JSON object is returned."""
    server, origin = served
    server.seen.clear()
    document = await Fetcher(ISSUER, client, frozenset()).get(f"{origin}/keys")
    assert document.members == {"active": True}
    assert server.seen[0][:2] == ("/keys", b"")


async def test_connection_is_reused(served: tuple[Server, str], client: HTTPClient) -> None:
    """Five requests open one connection."""
    server, origin = served
    server.clients.clear()
    for _ in range(5):
        assert isinstance(await post(client, f"{origin}/ok"), HTTPResult)
    assert len(set(server.clients)) == 1


async def test_request_after_a_cancelled_one_works(
    served: tuple[Server, str], client: HTTPClient
) -> None:
    """The caller sets the deadline."""
    _, origin = served
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await post(client, f"{origin}/slow")
    assert isinstance(await post(client, f"{origin}/ok"), HTTPResult)


async def test_refused_connection_is_unreachable_and_logged(
    client: HTTPClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The log contains the text of the error."""
    with closed_port() as origin:
        assert await post(client, f"{origin}/introspect") == Reason.UNREACHABLE
    assert "onnect" in caplog.text


@pytest.mark.parametrize("url", ["https://xn--/", "https://[::1/", "ftp://127.0.0.1/", "/jwks"])
async def test_url_that_the_client_rejects_is_unreachable(client: HTTPClient, url: str) -> None:
    """The metadata of an issuer may contain any URL."""
    assert await post(client, url) == Reason.UNREACHABLE


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize(
    ("name", "trusted", "outcome"),
    [
        pytest.param("as.example.com", True, 200, id="trusted"),
        pytest.param("as.example.com", False, Reason.UNREACHABLE, id="not trusted"),
        pytest.param(
            "impostor.example.com", True, Reason.UNREACHABLE, id="certificate for another name"
        ),
    ],
)
def test_request_is_sent_only_if_the_certificate_is_valid_for_the_host(
    tmp_path: Path, kind: str, name: str, trusted: bool, outcome: int | Reason
) -> None:
    """A certificate must be trusted and contain the host name."""
    internet = Internet(tmp_path, "as.example.com")
    internet.hosts["127.0.0.1"] = SERVED
    internet.names[name] = ["127.0.0.1"]
    tls = ssl.create_default_context(cafile=internet.certificate if trusted else None)

    async def work() -> int | Reason:
        client = CLIENTS[kind](tls)
        result = await post(client, f"https://{name}/introspect")
        await client.aclose()
        return result.status if isinstance(result, HTTPResult) else result

    assert internet.run(work) == outcome
    assert len(internet.requests) == (outcome == 200)


class TimedOut(httpx.AsyncBaseTransport):
    """A transport on which every request times out."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raise the error of the standard library."""
        raise TimeoutError(json.dumps(dict(request.headers)))


async def test_timeout_error_of_the_standard_library_is_a_timeout() -> None:
    """A client need not raise errors of httpx."""
    client = httpx.AsyncClient(transport=TimedOut())
    assert await post(client, ISSUER) == Reason.TIMED_OUT
