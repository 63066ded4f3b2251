"""Whichever client is handed in, a fetcher over it says the same of a real server."""

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
CLIENTS: dict[str, Callable[[ssl.SSLContext | None], HTTPClient]] = {
    "httpx": lambda tls: httpx.AsyncClient(verify=tls or True, timeout=None),  # noqa: S113 - as ours
    "httpx2": lambda tls: httpx2.AsyncClient(verify=tls or True, timeout=None),
    "aiohttp": lambda tls: AiohttpClient(tls=tls),
}


ANSWERS: dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]] = {
    "/wrong": (400, [], b'{"error": "x"}'),
    "/moved": (307, [(b"location", b"/elsewhere")], b""),
    "/busy": (429, [(b"retry-after", b"7")], b""),
    "/kept": (200, [(b"cache-control", b"private"), (b"Cache-Control", b"max-age=9")], b"{}"),
    "/packed": (200, [(b"content-encoding", b"gzip")], gzip.compress(b"{}" * 9999)),
    "/packed-in-part": (
        200,
        [(b"content-encoding", b"identity"), (b"content-encoding", b"gzip")],
        gzip.compress(b"{}"),
    ),
    "/broken": (200, [(b"content-length", b"1000")], b""),
}


class Server:
    """A server whose answer is chosen by the path.

    Attributes:
        seen: The path, body and header fields of each request.
        clients: The address and port of each client, one for each request.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, dict[str, str]]] = []
        self.clients: list[tuple[str, int]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        path = scope["path"]
        self.seen.append((path, await request.body(), dict(request.headers)))
        self.clients.append(scope["client"])
        status, fields, body = ANSWERS.get(path, (200, [], b'{"active": true}'))
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
    """Yield a client of each kind."""
    client = CLIENTS[request.param](None)
    yield client
    await client.aclose()


async def post(client: HTTPClient, url: str) -> HTTPResult | Reason:
    """Return the answer to a form, or the reason why there is none."""
    try:
        return await Fetcher(ISSUER, client, frozenset()).post(url, b"token=a%2Bb", {"x-by": "me"})
    except IssuerUnavailable as error:
        return error.reason


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/well", HTTPResult(200, "application/json", b'{"active": true}', None, None)),
        ("/wrong", HTTPResult(400, "application/json", b'{"error": "x"}', None, None)),
        ("/kept", HTTPResult(200, "application/json", b"{}", 9, None)),
        ("/busy", HTTPResult(429, "application/json", b"", None, 7)),
        ("/moved", HTTPResult(307, "application/json", b"", None, None)),
        ("/packed", Reason.BAD_RESPONSE),
        ("/packed-in-part", Reason.BAD_RESPONSE),
        ("/endless", Reason.BAD_RESPONSE),
        ("/broken", Reason.BAD_RESPONSE),
    ],
)
async def test_an_answer_is_read_alike(
    served: tuple[Server, str], client: HTTPClient, path: str, answer: HTTPResult | Reason
) -> None:
    """No redirect is followed, nothing is unpacked, and a body has its bounds; the next is good."""
    server, origin = served
    server.seen.clear()
    assert await post(client, origin + path) == answer
    assert isinstance(await post(client, f"{origin}/well"), HTTPResult)
    assert [path for path, _, _ in server.seen] == [path, "/well"]


async def test_what_is_sent_is_sent_as_it_is(
    served: tuple[Server, str], client: HTTPClient
) -> None:
    """The form to the byte, and our header fields in the place of the client's own."""
    server, origin = served
    server.seen.clear()
    await post(client, f"{origin}/well")
    ((_, body, headers),) = server.seen
    assert body == b"token=a%2Bb"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"] == "oauth_guard"
    assert headers["x-by"] == "me"
    assert "cookie" not in headers


async def test_a_document_is_read(served: tuple[Server, str], client: HTTPClient) -> None:
    """By a GET, without a body."""
    server, origin = served
    server.seen.clear()
    document = await Fetcher(ISSUER, client, frozenset()).get(f"{origin}/keys")
    assert document.members == {"active": True}
    assert server.seen[0][:2] == ("/keys", b"")


async def test_a_connection_serves_many_questions(
    served: tuple[Server, str], client: HTTPClient
) -> None:
    """It is not opened anew for each."""
    server, origin = served
    server.clients.clear()
    for _ in range(5):
        assert isinstance(await post(client, f"{origin}/well"), HTTPResult)
    assert len(set(server.clients)) == 1


async def test_whoever_waits_may_go(served: tuple[Server, str], client: HTTPClient) -> None:
    """The time is the caller's to bound, and the next question is answered."""
    _, origin = served
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await post(client, f"{origin}/slow")
    assert isinstance(await post(client, f"{origin}/well"), HTTPResult)


async def test_nobody_there_is_an_outage(
    client: HTTPClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator is told why."""
    with closed_port() as origin:
        assert await post(client, f"{origin}/introspect") == Reason.UNREACHABLE
    assert "onnect" in caplog.text


@pytest.mark.parametrize("url", ["https://xn--/", "https://[::1/", "ftp://127.0.0.1/", "/jwks"])
async def test_a_url_that_no_client_takes_is_an_outage(client: HTTPClient, url: str) -> None:
    """The metadata of an issuer may name any URL."""
    assert await post(client, url) == Reason.UNREACHABLE


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize(
    ("name", "trusted", "outcome"),
    [
        pytest.param("as.example.com", True, 200, id="trusted"),
        pytest.param("as.example.com", False, Reason.UNREACHABLE, id="not trusted"),
        pytest.param("impostor.example.com", True, Reason.UNREACHABLE, id="for another name"),
    ],
)
def test_certificates_are_checked(
    tmp_path: Path, kind: str, name: str, trusted: bool, outcome: int | Reason
) -> None:
    """Nothing is sent to whoever can't prove to be who was asked for."""
    internet = Internet(tmp_path, "as.example.com")
    internet.places["127.0.0.1"] = SERVED
    internet.names[name] = ["127.0.0.1"]
    tls = ssl.create_default_context(cafile=internet.certificate if trusted else None)

    async def work() -> int | Reason:
        client = CLIENTS[kind](tls)
        answer = await post(client, f"https://{name}/introspect")
        await client.aclose()
        return answer.status if isinstance(answer, HTTPResult) else answer

    assert internet.run(work) == outcome
    assert len(internet.requests) == (outcome == 200)


class TimedOut(httpx.AsyncBaseTransport):
    """A network on which every client runs out of its own time."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail as the standard library would."""
        raise TimeoutError(json.dumps(dict(request.headers)))


async def test_a_client_that_gives_up_in_the_standard_way_has_timed_out() -> None:
    """It need not raise an error of httpx's."""
    client = httpx.AsyncClient(transport=TimedOut())
    assert await post(client, ISSUER) == Reason.TIMED_OUT
