"""RFC 8414 and OpenID Connect Discovery: the issuer's metadata (section 17 of the matrix)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from oauth_guard import JWTIssuer
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import ISSUER, Api, handler, signing_keys
from tests.acceptance.standards.outcome import expect

RFC8414 = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"
TENANT = f"{ISSUER}/t1"


def serve(api: Api, responses: dict[str, Any]) -> None:
    """Make the authorization server serve these documents and its keys, and nothing else."""
    documents = {JWKS: api.authority.jwks} | {ISSUER + path: a for path, a in responses.items()}

    def response(request: httpx.Request) -> httpx.Response:
        document = documents.get(str(request.url))
        if isinstance(document, httpx.Response):
            return document
        return httpx.Response(404) if document is None else httpx.Response(200, json=document)

    api.authority.outage = response


def tenant(issuer: str) -> tuple[Api, LocalIssuer]:
    """Return an API that trusts an issuer with a path, and that issuer."""
    authority = LocalIssuer(issuer, key=signing_keys()[0])
    authority.metadata["jwks_uri"] = JWKS
    return Api(guard={"issuers": [JWTIssuer(issuer, leeway=0, http=authority.http)]}), authority


@pytest.mark.conformance("8414-01")
@pytest.mark.parametrize(
    "issuer",
    [
        pytest.param(f"{ISSUER}/", id="trailing slash"),
        pytest.param("https://AS.example.com", id="other case"),
    ],
)
async def test_metadata_of_another_issuer_is_rejected(api: Api, issuer: str) -> None:
    """The issuer is compared code point by code point; the keys are not fetched."""
    api.authority.metadata["issuer"] = issuer
    expect(await api.get("/r", api.token()), "503")
    assert JWKS not in api.authority.requests


@pytest.mark.conformance("8414-02")
async def test_well_known_segment_is_inserted_before_the_path() -> None:
    """A trailing slash is removed for the URL, and stays part of the issuer."""
    api, authority = tenant(f"{TENANT}/")
    expect(await api.get("/r", api.token(iss=f"{TENANT}/")), "200")
    assert authority.requests == [f"{ISSUER}{RFC8414}/t1", JWKS]


@pytest.mark.conformance("8414-02")
async def test_metadata_without_the_trailing_slash_of_the_issuer_is_rejected() -> None:
    """Although the document is at the right URL."""
    api, authority = tenant(f"{TENANT}/")
    authority.metadata["issuer"] = TENANT
    assert (await api.get("/r", api.token(iss=f"{TENANT}/"))).status == 503
    assert JWKS not in authority.requests


@pytest.mark.conformance("8414-03")
async def test_openid_discovery_is_the_fallback() -> None:
    """If the first URL has no metadata, OpenID Connect's is tried, inserted alike."""
    api, authority = tenant(TENANT)
    authority.metadata_url = f"{ISSUER}{OPENID}/t1"
    expect(await api.get("/r", api.token(iss=TENANT)), "200")
    assert authority.requests[:2] == [f"{ISSUER}{RFC8414}/t1", f"{ISSUER}{OPENID}/t1"]


@pytest.mark.conformance("8414-04")
@pytest.mark.parametrize(
    "issuer", ["http://as.example.com", f"{ISSUER}?x=1", f"{ISSUER}#f", f"{ISSUER}?", f"{ISSUER}#"]
)
def test_issuer_with_http_query_or_fragment_is_rejected(issuer: str) -> None:
    """A ValueError when the issuer is built."""
    with pytest.raises(ValueError, match="issuer must"):
        JWTIssuer(issuer)


NO_METADATA = [
    pytest.param(httpx.Response(200, html="<p>"), id="200 text/html"),
    pytest.param(httpx.Response(204), id="204"),
    pytest.param([{"issuer": ISSUER, "jwks_uri": JWKS}], id="JSON array"),
]


@pytest.mark.conformance("8414-05")
@pytest.mark.parametrize("document", NO_METADATA)
async def test_invalid_metadata_without_another_source_gets_503(api: Api, document: object) -> None:
    """No token can be validated."""
    serve(api, {RFC8414: document})
    expect(await api.get("/r", api.token()), "503")
    assert JWKS not in api.authority.requests


@pytest.mark.conformance("8414-05")
@pytest.mark.parametrize("document", NO_METADATA)
async def test_invalid_metadata_falls_back_to_the_next_source(api: Api, document: object) -> None:
    """The next source decides."""
    serve(api, {RFC8414: document, OPENID: api.authority.metadata})
    expect(await api.get("/r", api.token()), "200")


@pytest.mark.conformance("8414-06")
async def test_keys_are_not_fetched_over_http(api: Api) -> None:
    """Metadata with an http `jwks_uri` is rejected."""
    api.authority.metadata["jwks_uri"] = "http://as.example.com/jwks"
    expect(await api.get("/r", api.token()), "503")
    assert all(url.startswith("https://") for url in api.authority.requests)


@pytest.mark.conformance("8414-07")
async def test_signed_metadata_is_ignored(api: Api) -> None:
    """It can't be verified, so the plain members are used."""
    api.authority.metadata["signed_metadata"] = "eyJhbGciOiJub25lIn0.e30."
    expect(await api.get("/r", api.token()), "200")


@pytest.mark.conformance("8414-08")
async def test_application_starts_during_an_outage() -> None:
    """Public routes work; the others work once the issuer does, without a restart."""
    api = Api(routes=[Route("/open", handler)], middleware={"public": ["/open"]})
    api.authority.outage = lambda _: httpx.Response(502)
    async with asyncio.timeout(10), running(api):
        expect(await api.get("/open"), "200 anonymous")
        expect(await api.get("/r", api.token()), "503")
        api.authority.outage = None
        api.now += 60
        expect(await api.get("/r", api.token()), "200")


@asynccontextmanager
async def running(api: Api) -> AsyncIterator[None]:
    """Run the application with its lifespan, as a server would."""
    received: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    connection = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    serving = asyncio.create_task(api.application(connection, received.get, sent.put))
    received.put_nowait({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    yield
    received.put_nowait({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await serving
