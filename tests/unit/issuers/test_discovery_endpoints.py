"""Discovery of endpoints: configured, cached, found in metadata, and mutual-TLS aliases."""

from typing import Any

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.issuers.discovery import Discovery

ISSUER = "https://as.example.com"
ENDPOINT = f"{ISSUER}/introspect"
ALIAS = "https://mtls.as.example.com/introspect"
JWKS = f"{ISSUER}/jwks"
MEMBER = "introspection_endpoint"


class MetadataServer:
    """Serves metadata documents by the first word of their well-known name."""

    def __init__(self, **documents: dict[str, Any]) -> None:
        self.documents = documents
        self.requests: list[str] = []
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        self.fetcher = Fetcher(ISSUER, http, frozenset())

    def discovery(self, **settings: Any) -> Discovery:
        """Return a discovery that uses this server."""
        defaults = {"metadata_url": None, "insecure_http": False}
        return Discovery(ISSUER, self.fetcher, **{**defaults, **settings})

    def _respond(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2].removeprefix("oauth-").partition("-")[0]
        self.requests.append(name)
        document = self.documents.get(name)
        return httpx.Response(404) if document is None else httpx.Response(200, json=document)


async def test_configured_endpoint_is_used_without_metadata() -> None:
    """`forget` does not drop it."""
    server = MetadataServer()
    discovery = server.discovery(introspection_endpoint=ENDPOINT, jwks_uri=JWKS)
    discovery.forget()
    assert discovery.known(MEMBER) == await discovery.address(MEMBER) == ENDPOINT
    assert await discovery.jwks_uri() == JWKS
    assert server.requests == []


async def test_endpoint_is_cached_until_forget_is_called() -> None:
    """After that the metadata is read again."""
    server = MetadataServer(authorization={"issuer": ISSUER, MEMBER: ENDPOINT})
    discovery = server.discovery()
    assert discovery.known(MEMBER) is None
    assert await discovery.address(MEMBER) == await discovery.address(MEMBER) == ENDPOINT
    assert discovery.known(MEMBER) == ENDPOINT
    discovery.forget()
    assert discovery.known(MEMBER) is None
    assert await discovery.address(MEMBER) == ENDPOINT
    assert server.requests == ["authorization"] * 2


async def test_members_may_be_in_different_documents() -> None:
    """One document may have `jwks_uri`, and another one the endpoint."""
    server = MetadataServer(
        authorization={"issuer": ISSUER, "jwks_uri": JWKS},
        openid={"issuer": ISSUER, MEMBER: ENDPOINT},
    )
    discovery = server.discovery()
    assert await discovery.jwks_uri() == JWKS
    assert await discovery.address(MEMBER) == ENDPOINT


@pytest.mark.parametrize(
    ("aliases", "mtls", "url"),
    [
        pytest.param({MEMBER: ALIAS}, True, ALIAS, id="an alias"),
        pytest.param({MEMBER: ALIAS}, False, ENDPOINT, id="an alias without mtls"),
        pytest.param({"token_endpoint": ALIAS}, True, ENDPOINT, id="an alias of another endpoint"),
        pytest.param([], True, ENDPOINT, id="no aliases"),
    ],
)
async def test_mtls_alias_is_used_with_mtls_only(aliases: object, mtls: bool, url: str) -> None:
    """RFC 8705 §5: it is optional."""
    metadata = {"issuer": ISSUER, MEMBER: ENDPOINT, "mtls_endpoint_aliases": aliases}
    server = MetadataServer(authorization=metadata)
    assert await server.discovery(mtls=mtls).address(MEMBER) == url


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({MEMBER: "http://as.example.com/introspect"}, id="http"),
        pytest.param({MEMBER: 7}, id="a number"),
        pytest.param({MEMBER: None}, id="null"),
        pytest.param({}, id="missing"),
        pytest.param(
            {MEMBER: ENDPOINT, "mtls_endpoint_aliases": {MEMBER: "http://as.example.com/"}},
            id="an alias over http",
        ),
    ],
)
async def test_unusable_endpoint_url_is_an_outage(members: dict[str, Any]) -> None:
    """The issuer is at fault."""
    server = MetadataServer(authorization={"issuer": ISSUER, **members})
    with pytest.raises(IssuerUnavailable, match=Reason.WRONG_METADATA):
        await server.discovery(mtls=True).address(MEMBER)
