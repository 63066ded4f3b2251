"""Discovery: the URLs of the metadata, and the checks of the document (RFC 8414)."""

import asyncio
from typing import Any

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.issuers.discovery import Discovery, metadata_urls

ISSUER = "https://as.example.com"
RFC8414 = f"{ISSUER}/.well-known/oauth-authorization-server"
OPENID = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"
METADATA = {"issuer": ISSUER, "jwks_uri": JWKS}


class DocumentServer:
    """Serves documents, responses and errors by URL; other URLs are 404."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.documents = documents
        self.requests: list[str] = []
        self.accepted: list[str] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))

    def discovery(self, issuer: str = ISSUER, **settings: Any) -> Discovery:
        """Return a discovery that uses this server."""
        options = {"metadata_url": None, "jwks_uri": None, "insecure_http": False}
        return Discovery(issuer, Fetcher(issuer, self.http, frozenset()), **{**options, **settings})

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(str(request.url))
        self.accepted.append(request.headers["accept"])
        document = self.documents.get(str(request.url))
        if isinstance(document, BaseException):
            raise document
        if isinstance(document, httpx.Response):
            return document
        return httpx.Response(404) if document is None else httpx.Response(200, json=document)


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        pytest.param(ISSUER, (RFC8414, OPENID), id="no path"),
        pytest.param(f"{ISSUER}/", (RFC8414, OPENID), id="a slash alone"),
        pytest.param(
            f"{ISSUER}/t1",
            (f"{RFC8414}/t1", f"{OPENID}/t1", f"{ISSUER}/t1{OPENID[22:]}"),
            id="path",
        ),
        pytest.param(
            f"{ISSUER}/t1/",
            (f"{RFC8414}/t1", f"{OPENID}/t1", f"{ISSUER}/t1{OPENID[22:]}"),
            id="path with a slash",
        ),
        pytest.param(
            "http://localhost:8080",
            (
                "http://localhost:8080/.well-known/oauth-authorization-server",
                "http://localhost:8080/.well-known/openid-configuration",
            ),
            id="port",
        ),
    ],
)
def test_metadata_urls_are_those_of_rfc_8414_then_openid_connect(
    issuer: str, urls: tuple[str, ...]
) -> None:
    """OpenID Connect's name is first inserted, then appended; no URL occurs twice."""
    assert metadata_urls(issuer) == urls


@pytest.mark.parametrize(
    ("first", "requests"),
    [
        pytest.param(METADATA, [RFC8414], id="good"),
        pytest.param(None, [RFC8414, OPENID], id="missing"),
        pytest.param([], [RFC8414, OPENID], id="array"),
        pytest.param({}, [RFC8414, OPENID], id="no metadata"),
        pytest.param({**METADATA, "issuer": "https://x"}, [RFC8414, OPENID], id="another issuer"),
        pytest.param({"issuer": ISSUER}, [RFC8414, OPENID], id="without keys"),
        pytest.param({**METADATA, "jwks_uri": None}, [RFC8414, OPENID], id="jwks_uri null"),
        pytest.param(httpx.Response(200, text="<p>"), [RFC8414, OPENID], id="HTML"),
        pytest.param(httpx.Response(500), [RFC8414, OPENID], id="status 500"),
        pytest.param(httpx.Response(302), [RFC8414, OPENID], id="redirect"),
    ],
)
async def test_next_metadata_url_is_tried_after_an_unusable_document(
    first: Any, requests: list[str]
) -> None:
    """The next URL may have a document of the issuer."""
    server = DocumentServer({RFC8414: first, OPENID: METADATA})
    assert await server.discovery().jwks_uri() == JWKS
    assert server.requests == requests


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("no"), httpx.ReadTimeout("slow")], ids=["connection", "timeout"]
)
async def test_failed_connection_or_timeout_ends_the_discovery(failure: httpx.HTTPError) -> None:
    """All URLs are on one host, so trying the next would only take longer."""
    server = DocumentServer({RFC8414: failure, OPENID: METADATA})
    with pytest.raises(IssuerUnavailable):
        await server.discovery().jwks_uri()
    assert server.requests == [RFC8414]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        pytest.param(None, Reason.BAD_RESPONSE, id="missing"),
        pytest.param(httpx.Response(200, text="{}"), Reason.BAD_RESPONSE, id="another media type"),
        pytest.param(
            {**METADATA, "issuer": f"{ISSUER}/"}, Reason.WRONG_METADATA, id="issuer with a slash"
        ),
        pytest.param(
            {**METADATA, "issuer": [ISSUER]}, Reason.WRONG_METADATA, id="issuer in an array"
        ),
        pytest.param({**METADATA, "jwks_uri": 5}, Reason.WRONG_METADATA, id="jwks_uri a number"),
        pytest.param({**METADATA, "jwks_uri": ""}, Reason.WRONG_METADATA, id="jwks_uri empty"),
        pytest.param({**METADATA, "jwks_uri": "/jwks"}, Reason.WRONG_METADATA, id="relative"),
        pytest.param(
            {**METADATA, "jwks_uri": "file:///etc/passwd"}, Reason.WRONG_METADATA, id="file URL"
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "http://as.example.com/jwks"}, Reason.WRONG_METADATA, id="http"
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "https://u:p@as.example.com/"},
            Reason.WRONG_METADATA,
            id="URL with a password",
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "https://as.example.com:port/"},
            Reason.WRONG_METADATA,
            id="invalid port",
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "https://as.example.com/\r\n"},
            Reason.WRONG_METADATA,
            id="line breaks",
        ),
    ],
)
async def test_reason_of_a_failed_discovery_is_the_most_specific_one(
    metadata: Any, reason: Reason
) -> None:
    """Wrong metadata is more specific than the 404 of the next URL."""
    with pytest.raises(IssuerUnavailable) as failed:
        await DocumentServer({RFC8414: metadata}).discovery().jwks_uri()
    assert failed.value.reason == reason


async def test_metadata_is_read_once_until_forget_is_called() -> None:
    """`forget` is called after a failure."""
    server = DocumentServer({RFC8414: METADATA})
    discovery = server.discovery()
    for _ in range(3):
        await discovery.jwks_uri()
    assert len(server.requests) == 1
    server.documents[RFC8414] = {**METADATA, "jwks_uri": f"{JWKS}/new"}
    discovery.forget()
    assert await discovery.jwks_uri() == f"{JWKS}/new"


async def test_configured_jwks_uri_is_used_without_metadata() -> None:
    """`forget` does not drop it."""
    server = DocumentServer({})
    discovery = server.discovery(jwks_uri=JWKS)
    discovery.forget()
    assert await discovery.jwks_uri() == JWKS
    assert not server.requests


async def test_configured_metadata_url_is_the_only_one_tried() -> None:
    """Its document must still have the identifier of the issuer."""
    internal = "http://localhost:8080/metadata"
    server = DocumentServer({internal: METADATA})
    assert await server.discovery(metadata_url=internal).jwks_uri() == JWKS
    server.documents[internal] = {**METADATA, "issuer": "http://localhost:8080"}
    with pytest.raises(IssuerUnavailable, match=Reason.WRONG_METADATA):
        await server.discovery(metadata_url=internal).jwks_uri()
    assert server.requests == [internal] * 2


async def test_http_url_in_metadata_is_accepted_with_insecure_http() -> None:
    """The setting is for private networks."""
    server = DocumentServer({RFC8414: {**METADATA, "jwks_uri": "http://keycloak:8080/jwks"}})
    assert await server.discovery(insecure_http=True).jwks_uri() == "http://keycloak:8080/jwks"


async def test_key_set_is_requested_with_both_of_its_media_types() -> None:
    """A server may have it as `application/jwk-set+json` only (RFC 7517 section 8.5)."""
    server = DocumentServer({RFC8414: METADATA, JWKS: {"keys": []}})
    await server.discovery().fetch_keys()
    assert server.accepted == ["application/json", "application/jwk-set+json, application/json"]


async def test_expired_url_is_used_if_the_metadata_cannot_be_read() -> None:
    """One failure must not make an issuer unreachable whose other endpoints work."""
    server = DocumentServer({RFC8414: METADATA})
    discovery = server.discovery()
    assert await discovery.jwks_uri() == JWKS
    server.documents.clear()
    for _ in range(2):
        discovery.expire()
        discovery.expire()  # again, before the metadata was read
        assert await discovery.jwks_uri() == JWKS
    server.documents[RFC8414] = {**METADATA, "jwks_uri": f"{JWKS}/new"}
    discovery.expire()
    assert await discovery.jwks_uri() == f"{JWKS}/new"
    discovery.forget()
    server.documents.clear()
    with pytest.raises(IssuerUnavailable):
        await discovery.jwks_uri()


@pytest.mark.parametrize("known", [True, False], ids=["known before", "not known"])
async def test_cancelled_discovery_keeps_the_url_that_was_known(known: bool) -> None:
    """The caller's deadline ended it, so the next attempt goes without the metadata."""
    server = DocumentServer({RFC8414: METADATA})
    discovery = server.discovery()
    if known:
        await discovery.jwks_uri()
    discovery.expire()
    server.documents[RFC8414] = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await discovery.jwks_uri()
    server.documents.clear()
    if known:
        assert await discovery.jwks_uri() == JWKS
    else:
        with pytest.raises(IssuerUnavailable):
            await discovery.jwks_uri()
