"""Clients that are identified by the URL of their metadata document (CIMD)."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from demo_api.authorization_server.client_documents import ClientDocumentError, ClientDocuments
from demo_api.resources import host_and_port, loopback_origin
from tests.acceptance.demo.authorization_server.harness import (
    RESOURCE,
    Clock,
    Harness,
    alert,
    error_of,
    ok_json,
    open_harness,
    redirect_parameters,
    soup,
)
from tests.acceptance.demo.running import running

CALLBACK = "http://127.0.0.1:9/callback"
UNFETCHED = "The client's metadata document can't be fetched."


def document(url: str, **changes: Any) -> dict[str, Any]:
    """Return a valid document for the client at *url*; None leaves a member out."""
    members: dict[str, Any] = {
        "client_id": url,
        "client_name": "Notebook",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "client_uri": "https://notebook.example.com",
        "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}]},
    } | changes
    return {name: value for name, value in members.items() if value is not None}


@dataclass
class Site:
    """A site on loopback with one document at /client, as *respond* serves it."""

    origin: str = ""
    requests: list[str] = field(default_factory=list)
    respond: Callable[["Site"], Response] = lambda site: site.page(document(site.url))

    @property
    def url(self) -> str:
        """The URL of the document, which identifies the client."""
        return f"{self.origin}/client"

    def page(
        self,
        content: Any,
        status: int = 200,
        media_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return a response with *content*, which is JSON unless it is text or bytes."""
        body = content if isinstance(content, str | bytes) else json.dumps(content)
        return Response(body, status, headers, media_type)

    async def serve(self, request: Request) -> Response:
        """Serve a request, and note its path."""
        self.requests.append(request.url.path)
        return self.respond(self)


@pytest.fixture
def site() -> Iterator[Site]:
    """Yield a running site."""
    one = Site()

    def create(origin: str) -> Starlette:
        one.origin = origin
        return Starlette(routes=[Route("/{path:path}", one.serve)])

    with running(create):
        yield one


def documents_of(*origins: str, clock: Clock | None = None) -> ClientDocuments:
    """Return documents with the servers *origins* on this machine."""
    return ClientDocuments(frozenset(map(host_and_port, origins)), clock or Clock())


@pytest.fixture
async def harness(site: Site) -> AsyncIterator[Harness]:
    """Yield a harness of a server that fetches the documents of the site."""
    async with open_harness(documents=documents_of(site.origin)) as opened:
        yield opened


async def tokens(harness: Harness, url: str, **changes: Any) -> dict[str, Any]:
    """Complete the code flow as the client at *url*."""
    code = (await harness.consent(url, redirect_uri=CALLBACK, **changes))["code"]
    return ok_json(await harness.redeem(code, url, redirect_uri=CALLBACK))


async def test_server_advertises_that_it_reads_documents(harness: Harness) -> None:
    """Clients then need no registration (section 6)."""
    metadata = (await harness.http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["client_id_metadata_document_supported"] is True


async def test_client_completes_the_code_flow_and_refreshes(harness: Harness, site: Site) -> None:
    """It authenticates by PKCE alone, and the token names its URL."""
    first = await tokens(harness, site.url, scope="read write")
    claims = await harness.claims(first["access_token"])
    assert (claims["client_id"], claims["scope"]) == (site.url, "read write")
    assert claims["aud"] == RESOURCE
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    again = ok_json(await harness.post("token", client_id=site.url, **form))
    assert again["access_token"] != first["access_token"]
    assert site.requests == ["/client"]


async def test_consent_page_shows_the_host_of_the_document(harness: Harness, site: Site) -> None:
    """The name is the client's own, so the host is shown beside it (section 8.5)."""
    page = await harness.sign_in(await harness.authorize(site.url, redirect_uri=CALLBACK))
    text = soup(page).get_text()
    assert "Notebook asks for access" in text
    assert f"a page of {site.origin.removeprefix('http://')}, and nobody has checked it" in text
    assert "you return to 127.0.0.1:9;" in text


async def test_code_of_a_document_client_is_for_it_alone(harness: Harness, site: Site) -> None:
    """Another public client can't redeem it, and the redirect_uri must be in the document."""
    code = (await harness.consent(site.url, redirect_uri=CALLBACK))["code"]
    stolen = await harness.redeem(code, "demo-cli", redirect_uri=CALLBACK)
    assert error_of(stolen) == (400, "invalid_grant")
    other = await harness.authorize(site.url, redirect_uri="https://attacker.example/callback")
    assert other.status_code == 400
    assert "location" not in other.headers


async def test_error_is_not_redirected_before_a_person_has_signed_in(
    harness: Harness, site: Site
) -> None:
    """Anyone can write a document, so it would be an open redirector (RFC 9700 §4.11.2)."""
    page = await harness.authorize(site.url, redirect_uri=CALLBACK, scope="admin")
    assert page.status_code == 400
    await harness.consent(redirect_uri=None)
    redirect = await harness.authorize(site.url, redirect_uri=CALLBACK, scope="admin")
    assert redirect_parameters(redirect)["error"] == "invalid_scope"


async def test_document_that_has_changed_is_read_again(site: Site) -> None:
    """A cached document is fresh for five minutes; then the new redirect_uri counts."""
    clock = Clock()
    documents = documents_of(site.origin, clock=clock)
    async with open_harness(documents=documents) as harness:
        assert (await harness.authorize(site.url, redirect_uri=CALLBACK)).status_code == 200
        site.respond = lambda site: site.page(
            document(site.url, redirect_uris=["https://new.example/callback"])
        )
        clock.now += 299
        assert (await harness.authorize(site.url, redirect_uri=CALLBACK)).status_code == 200
        clock.now += 1
        assert (await harness.authorize(site.url, redirect_uri=CALLBACK)).status_code == 400
    assert len(site.requests) == 2


@pytest.mark.parametrize(
    ("cache_control", "fresh", "stale"),
    [
        pytest.param(None, 299, 300, id="none"),
        pytest.param("max-age=10", 9, 10, id="shorter"),
        pytest.param("public, max-age=999999999", 3599, 3600, id="at most an hour"),
        pytest.param("no-store", None, 0, id="no-store"),
        pytest.param("No-Cache, max-age=60", None, 0, id="no-cache"),
    ],
)
async def test_document_is_cached_as_its_host_allows(
    site: Site, cache_control: str | None, fresh: int | None, stale: int
) -> None:
    """It is cached for five minutes if the host says nothing, and never longer than an hour."""
    headers = {"cache-control": cache_control} if cache_control else {}
    site.respond = lambda site: site.page(document(site.url), headers=headers)
    clock = Clock()
    documents, start = documents_of(site.origin, clock=clock), clock.now
    await documents.find(site.url)
    if fresh is not None:
        clock.now = start + fresh
        await documents.find(site.url)
        assert len(site.requests) == 1
    clock.now = start + stale
    await documents.find(site.url)
    assert len(site.requests) == 2


def _large(site: Site) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield json.dumps(document(site.url))[:-1].encode()
        for _ in range(160):
            yield b" " * 65_536
        yield b"}"

    return StreamingResponse(parts(), media_type="application/json")


UNFETCHABLE = {
    "10 MB": (_large, "more than 5120 bytes"),
    "not found": (lambda site: site.page(document(site.url), 404), "status 404"),
    "created": (lambda site: site.page(document(site.url), 201), "status 201"),
    "redirect": (lambda site: RedirectResponse(f"{site.origin}/elsewhere"), "status 307"),
    "a page": (lambda site: site.page(document(site.url), media_type="text/html"), "not JSON"),
    "no type": (lambda site: site.page(document(site.url), media_type=""), "not JSON"),
    "compressed": (
        lambda site: site.page(document(site.url), headers={"content-encoding": "gzip"}),
        "compressed",
    ),
    "5121 bytes": (
        lambda site: site.page(json.dumps(document(site.url)).ljust(5121)),
        "more than 5120 bytes",
    ),
}


@pytest.mark.parametrize(("respond", "problem"), UNFETCHABLE.values(), ids=UNFETCHABLE)
async def test_response_that_is_no_small_json_document_is_an_error(
    harness: Harness,
    site: Site,
    caplog: pytest.LogCaptureFixture,
    respond: Callable[[Site], Response],
    problem: str,
) -> None:
    """The page has a fixed text, the log the reason; the error is not cached (section 5.2)."""
    caplog.set_level(logging.WARNING, "demo_api")
    site.respond = respond
    page = await harness.authorize(site.url, redirect_uri=CALLBACK)
    assert (page.status_code, alert(page)) == (400, UNFETCHED)
    assert problem in caplog.text
    site.respond = lambda site: site.page(document(site.url))
    assert (await harness.authorize(site.url, redirect_uri=CALLBACK)).status_code == 200
    assert site.requests == ["/client", "/client"]


@pytest.mark.parametrize("media_type", ["application/cimd+json", "Application/JSON; charset=utf-8"])
async def test_document_of_the_largest_size_and_of_a_json_type_is_read(
    site: Site, media_type: str
) -> None:
    """5 KiB and a more specific media type are within the limits (sections 4 and 8.7)."""
    site.respond = lambda site: site.page(
        json.dumps(document(site.url)).ljust(5120), media_type=media_type
    )
    assert (await documents_of(site.origin).find(site.url)).name == "Notebook"


INVALID: dict[str, Any] = {
    "another client_id": {"client_id": "https://other.example/client"},
    "no client_id": {"client_id": None},
    "client_id with a slash": {"client_id": "{url}/"},
    "a secret": {"client_secret": "s"},
    "a secret's end": {"client_secret_expires_at": 0},
    "a shared secret": {"token_endpoint_auth_method": "client_secret_basic"},
    "authentication by key": {"token_endpoint_auth_method": "private_key_jwt"},
    "a private key": {"jwks": {"keys": [{"kty": "EC", "d": "secret"}]}},
    "a symmetric key": {"jwks": {"keys": [{"kty": "oct", "k": "secret"}]}},
    "no redirect_uris": {"redirect_uris": None},
    "empty redirect_uris": {"redirect_uris": []},
    "a script": {"redirect_uris": ["javascript:alert(1)"]},
    "http elsewhere": {"redirect_uris": ["http://notebook.example.com/callback"]},
    "redirect_uris, no texts": {"redirect_uris": [5]},
    "many redirect_uris": {"redirect_uris": [CALLBACK] * 11},
    "a long name": {"client_name": "n" * 201},
    "a name of controls": {"client_name": "a\u202eb"},
    "an empty name": {"client_name": " "},
    "no code": {"response_types": ["token"]},
    "for itself": {"grant_types": ["client_credentials"]},
}


@pytest.mark.parametrize("changes", INVALID.values(), ids=INVALID)
async def test_document_that_is_not_valid_is_an_error(
    harness: Harness, site: Site, changes: dict[str, Any]
) -> None:
    """The page says what is wrong, and no client is stored."""
    filled = {
        name: value.replace("{url}", site.url) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    site.respond = lambda site: site.page(document(site.url, **filled))
    page = await harness.authorize(site.url, redirect_uri=CALLBACK)
    assert page.status_code == 400
    assert alert(page).startswith("The client's metadata document is not valid: ")
    form = {"grant_type": "authorization_code", "code": "c", "client_id": site.url}
    assert error_of(await harness.post("token", **form)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "null", '"text"', "{", '{"client_id": "{url}"}x', b"\xff{}", "[" * 5000),
        '{"client_id": "https://a.example/", "client_id": "{url}", "redirect_uris": ["{url}"]}',
    ],
)
async def test_body_that_is_no_object_with_unique_members_is_an_error(
    site: Site, body: str | bytes
) -> None:
    """Two readers of one document would otherwise see two clients."""
    text = body.replace("{url}", site.url) if isinstance(body, str) else body
    site.respond = lambda site: site.page(text)
    with pytest.raises(ClientDocumentError, match="no JSON object with unique members"):
        await documents_of(site.origin).find(site.url)


async def test_members_for_other_servers_are_ignored(site: Site) -> None:
    """Grant types and scopes that this server does not know do no harm."""
    site.respond = lambda site: site.page(
        document(
            site.url,
            token_endpoint_auth_method=None,
            grant_types=["authorization_code", "urn:example:grant"],
            scope="read files:read openid",
            jwks=None,
            jwks_uri=5,
        )
    )
    client = await documents_of(site.origin).find(site.url)
    assert client.grant_types == ("authorization_code",)
    assert client.default_scope == "openid read"


PRIVATE = [
    *("http://127.0.0.1:{port}/client", "https://127.0.0.1:{port}/client"),
    *("https://localhost:{port}/client", "https://[::1]:{port}/client"),
    *("https://2130706433:{port}/client", "https://0x7f.1:{port}/client"),
    *("https://[::ffff:127.0.0.1]:{port}/client", "https://0.0.0.0:{port}/client"),
    *("https://10.0.0.1/client", "https://192.168.0.1/client", "https://169.254.169.254/client"),
    *("https://[fd00::1]/client", "https://100.64.0.1/client"),
]


@pytest.mark.parametrize("url", PRIVATE)
async def test_document_at_a_private_address_is_not_fetched(
    site: Site, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    """The same rules as for issuers' keys: every address of the host is public (section 8.6).

    The page is that of every failed fetch, and the log names the rule.
    """
    caplog.set_level(logging.WARNING, "demo_api")
    port = host_and_port(site.origin)[1]
    async with open_harness() as harness:
        page = await harness.authorize(url.format(port=port), redirect_uri=CALLBACK)
    assert page.status_code == 400
    assert site.requests == []
    if url.startswith("https:"):
        assert alert(page) == UNFETCHED
        assert "an address of the host is not public" in caplog.text


async def test_configured_server_permits_no_other_port_of_this_machine(site: Site) -> None:
    """The exception is for one host and one port."""
    documents = documents_of("http://127.0.0.1:1")
    with pytest.raises(ClientDocumentError, match="must be an https URL"):
        await documents.find(site.url)
    with pytest.raises(ClientDocumentError, match="can't be fetched"):
        await documents.find(site.url.replace("http:", "https:"))
    assert site.requests == []


@pytest.mark.parametrize(
    "client_id",
    [
        *("https://a.example", "https://a.example#f", "https://a.example/c#f", "https:///c"),
        *("https://ada@a.example/c", "https://ada:p@a.example/c", "https://A.example/c"),
        *("https://a.example/../c", "https://a.example/./c", "https://a.example/c/.."),
        *("https://a.example/%2e%2E/c", "https://a.example/c/%2E", "http://a.example/c"),
        *("https://a.example:x/c", "https://a.example:99999/c", "https://[::1/c", "HTTPS://a/c"),
        *(
            "https://a.example/c d",
            "https://a.example/\nc",
            "https://ä.example/c",
            "https://a\\b/c",
        ),
        f"https://a.example/{'c' * 500}",
    ],
)
async def test_client_id_that_no_document_can_have_is_rejected(
    harness: Harness, client_id: str
) -> None:
    """The rules of section 3, checked before any request is sent."""
    page = await harness.authorize(client_id, redirect_uri=CALLBACK)
    assert page.status_code == 400
    assert "client_id" in alert(page)


async def test_client_id_of_a_document_is_unknown_at_the_token_endpoint_alone(
    harness: Harness, site: Site
) -> None:
    """Only an authorization request fetches, so a token request causes none."""
    response = await harness.post("token", grant_type="refresh_token", client_id=site.url)
    assert error_of(response) == (401, "invalid_client")
    assert site.requests == []


async def test_slow_host_has_two_fetches_and_a_deadline(
    monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    """A third is 503, and the documents of another host are fetched meanwhile."""
    monkeypatch.setattr("demo_api.authorization_server.client_documents._SECONDS", 0.5)
    waiting: asyncio.Queue[None] = asyncio.Queue()
    ended: asyncio.Queue[None] = asyncio.Queue()

    async def never_respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await waiting.put(None)
        await reader.read()  # until the client disconnects
        writer.close()
        await writer.wait_closed()
        await ended.put(None)

    other = site.url.replace("127.0.0.1", "localhost")
    site.respond = lambda site: site.page(document(other))
    async with (
        asyncio.timeout(20),
        await asyncio.start_server(never_respond, "127.0.0.1", 0) as server,
    ):
        slow = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        documents = documents_of(slow, other)
        fetches = [asyncio.create_task(documents.find(f"{slow}/{number}")) for number in range(2)]
        for _ in fetches:
            await waiting.get()
        with pytest.raises(ClientDocumentError) as busy:
            await documents.find(f"{slow}/3")
        assert busy.value.status == 503
        assert (await documents.find(other)).name == "Notebook"
        outcomes = await asyncio.gather(*fetches, return_exceptions=True)
        assert [str(each) for each in outcomes] == [UNFETCHED] * 2
        with pytest.raises(ClientDocumentError, match="can't be fetched"):
            await documents.find(f"{slow}/4")
        for _ in range(3):
            await ended.get()


@pytest.mark.parametrize("text", ["http://127.0.0.1:9000", "https://localhost", "http://[::1]:1"])
def test_origin_of_this_machine_is_accepted(text: str) -> None:
    """The demo may fetch documents there."""
    assert loopback_origin(text) == text


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:9000/", "http://127.0.0.1/c", "http://10.0.0.1", "http://a?b", ""]
)
def test_other_text_is_no_origin_of_this_machine(text: str) -> None:
    """A path would suggest that only documents below it are read."""
    with pytest.raises(ValueError, match="of this machine"):
        loopback_origin(text)
