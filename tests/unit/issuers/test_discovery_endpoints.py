"""Any endpoint is found in the metadata, unless it was configured, and found again if it moves."""

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


class Scene:
    """A discovery, and the documents that it finds: one, or one for each path."""

    def __init__(self, **documents: dict[str, Any]) -> None:
        self.documents = documents
        self.asked: list[str] = []
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.fetcher = Fetcher(ISSUER, http, frozenset())

    def discovery(self, **settings: Any) -> Discovery:
        """Return a discovery that knows nothing but *settings*."""
        defaults = {"metadata_url": None, "insecure_http": False}
        return Discovery(ISSUER, self.fetcher, **{**defaults, **settings})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2].removeprefix("oauth-").partition("-")[0]
        self.asked.append(name)
        document = self.documents.get(name)
        return httpx.Response(404) if document is None else httpx.Response(200, json=document)


async def test_what_was_configured_is_not_looked_for() -> None:
    """Nor forgotten."""
    scene = Scene()
    discovery = scene.discovery(introspection_endpoint=ENDPOINT, jwks_uri=JWKS)
    discovery.forget()
    assert discovery.known(MEMBER) == await discovery.address(MEMBER) == ENDPOINT
    assert await discovery.jwks_uri() == JWKS
    assert scene.asked == []


async def test_what_was_found_is_remembered_until_forgotten() -> None:
    """Then it is looked for again."""
    scene = Scene(authorization={"issuer": ISSUER, MEMBER: ENDPOINT})
    discovery = scene.discovery()
    assert discovery.known(MEMBER) is None
    assert await discovery.address(MEMBER) == await discovery.address(MEMBER) == ENDPOINT
    assert discovery.known(MEMBER) == ENDPOINT
    discovery.forget()
    assert discovery.known(MEMBER) is None
    assert await discovery.address(MEMBER) == ENDPOINT
    assert scene.asked == ["authorization"] * 2


async def test_each_member_is_found_where_it_is() -> None:
    """One document may have the keys, and another one the endpoint."""
    scene = Scene(
        authorization={"issuer": ISSUER, "jwks_uri": JWKS},
        openid={"issuer": ISSUER, MEMBER: ENDPOINT},
    )
    discovery = scene.discovery()
    assert await discovery.jwks_uri() == JWKS
    assert await discovery.address(MEMBER) == ENDPOINT


@pytest.mark.parametrize(
    ("aliases", "mtls", "url"),
    [
        pytest.param({MEMBER: ALIAS}, True, ALIAS, id="an alias"),
        pytest.param({MEMBER: ALIAS}, False, ENDPOINT, id="an alias for others"),
        pytest.param({"token_endpoint": ALIAS}, True, ENDPOINT, id="an alias of another"),
        pytest.param([], True, ENDPOINT, id="no aliases"),
    ],
)
async def test_who_shows_a_certificate_may_have_an_address_of_its_own(
    aliases: object, mtls: bool, url: str
) -> None:
    """RFC 8705 §5: used by those clients alone, and only where it is there."""
    metadata = {"issuer": ISSUER, MEMBER: ENDPOINT, "mtls_endpoint_aliases": aliases}
    scene = Scene(authorization=metadata)
    assert await scene.discovery(mtls=mtls).address(MEMBER) == url


@pytest.mark.parametrize(
    "found",
    [
        pytest.param({MEMBER: "http://as.example.com/introspect"}, id="http"),
        pytest.param({MEMBER: 7}, id="a number"),
        pytest.param({MEMBER: None}, id="null"),
        pytest.param({}, id="nothing"),
        pytest.param(
            {MEMBER: ENDPOINT, "mtls_endpoint_aliases": {MEMBER: "http://as.example.com/"}},
            id="an alias over http",
        ),
    ],
)
async def test_an_address_that_can_not_be_used_is_none(found: dict[str, Any]) -> None:
    """It is the issuer's fault, so an outage."""
    scene = Scene(authorization={"issuer": ISSUER, **found})
    with pytest.raises(IssuerUnavailable, match=Reason.WRONG_METADATA):
        await scene.discovery(mtls=True).address(MEMBER)
