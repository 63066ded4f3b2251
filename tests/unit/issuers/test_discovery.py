"""Where the metadata of an issuer is looked for, and whether it speaks for the issuer."""

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


class Web:
    """Documents, answers and failures by their URLs; everything else is 404."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.documents = documents
        self.requests: list[str] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def discovery(self, issuer: str = ISSUER, **settings: Any) -> Discovery:
        """Return a discovery that looks here."""
        options = {"metadata_url": None, "jwks_uri": None, "insecure_http": False}
        return Discovery(issuer, Fetcher(issuer, self.http, frozenset()), **{**options, **settings})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(str(request.url))
        document = self.documents.get(str(request.url))
        if isinstance(document, Exception):
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
def test_metadata_is_looked_for_at_the_well_known_addresses(
    issuer: str, urls: tuple[str, ...]
) -> None:
    """RFC 8414 first, then OpenID Connect inserted, then appended; each once."""
    assert metadata_urls(issuer) == urls


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        pytest.param(METADATA, [RFC8414], id="good"),
        pytest.param(None, [RFC8414, OPENID], id="missing"),
        pytest.param([], [RFC8414, OPENID], id="no object"),
        pytest.param({}, [RFC8414, OPENID], id="no metadata"),
        pytest.param({**METADATA, "issuer": "https://x"}, [RFC8414, OPENID], id="for another"),
        pytest.param({"issuer": ISSUER}, [RFC8414, OPENID], id="without keys"),
        pytest.param({**METADATA, "jwks_uri": None}, [RFC8414, OPENID], id="keys nowhere"),
        pytest.param(httpx.Response(200, text="<p>"), [RFC8414, OPENID], id="a page"),
        pytest.param(httpx.Response(500), [RFC8414, OPENID], id="failing"),
        pytest.param(httpx.Response(302), [RFC8414, OPENID], id="elsewhere"),
    ],
)
async def test_what_is_no_usable_document_sends_us_on(first: Any, asked: list[str]) -> None:
    """The next address may have a document that speaks for the issuer."""
    web = Web({RFC8414: first, OPENID: METADATA})
    assert await web.discovery().jwks_uri() == JWKS
    assert web.requests == asked


@pytest.mark.parametrize("failure", [httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
async def test_silence_does_not_send_us_on(failure: httpx.HTTPError) -> None:
    """All addresses are on one host, so waiting for each would only take longer."""
    web = Web({RFC8414: failure, OPENID: METADATA})
    with pytest.raises(IssuerUnavailable):
        await web.discovery().jwks_uri()
    assert web.requests == [RFC8414]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        pytest.param(None, Reason.BAD_RESPONSE, id="none"),
        pytest.param(httpx.Response(200, text="{}"), Reason.BAD_RESPONSE, id="another media type"),
        pytest.param({**METADATA, "issuer": f"{ISSUER}/"}, Reason.WRONG_METADATA, id="a slash"),
        pytest.param({**METADATA, "issuer": [ISSUER]}, Reason.WRONG_METADATA, id="an array"),
        pytest.param({**METADATA, "jwks_uri": 5}, Reason.WRONG_METADATA, id="a number"),
        pytest.param({**METADATA, "jwks_uri": ""}, Reason.WRONG_METADATA, id="nothing"),
        pytest.param({**METADATA, "jwks_uri": "/jwks"}, Reason.WRONG_METADATA, id="relative"),
        pytest.param(
            {**METADATA, "jwks_uri": "file:///etc/passwd"}, Reason.WRONG_METADATA, id="a file"
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "http://as.example.com/jwks"}, Reason.WRONG_METADATA, id="http"
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "https://u:p@as.example.com/"},
            Reason.WRONG_METADATA,
            id="a password",
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "https://as.example.com:port/"},
            Reason.WRONG_METADATA,
            id="no port",
        ),
        pytest.param(
            {**METADATA, "jwks_uri": "https://as.example.com/\r\n"},
            Reason.WRONG_METADATA,
            id="line breaks",
        ),
    ],
)
async def test_the_most_telling_failure_is_the_reason(metadata: Any, reason: Reason) -> None:
    """A document that does not speak for the issuer tells more than the 404 after it."""
    with pytest.raises(IssuerUnavailable) as failed:
        await Web({RFC8414: metadata}).discovery().jwks_uri()
    assert failed.value.reason == reason


async def test_the_address_is_remembered_until_forgotten() -> None:
    """Metadata is read once, and again only after a failure."""
    web = Web({RFC8414: METADATA})
    discovery = web.discovery()
    for _ in range(3):
        await discovery.jwks_uri()
    assert len(web.requests) == 1
    web.documents[RFC8414] = {**METADATA, "jwks_uri": f"{JWKS}/new"}
    discovery.forget()
    assert await discovery.jwks_uri() == f"{JWKS}/new"


async def test_a_configured_address_of_the_keys_needs_no_metadata() -> None:
    """It is never asked for, and never forgotten."""
    web = Web({})
    discovery = web.discovery(jwks_uri=JWKS)
    discovery.forget()
    assert await discovery.jwks_uri() == JWKS
    assert not web.requests


async def test_a_configured_address_of_the_metadata_is_the_only_one() -> None:
    """Where the issuer is reached under another address, its document must name it all the same."""
    inside = "http://localhost:8080/metadata"
    web = Web({inside: METADATA})
    assert await web.discovery(metadata_url=inside).jwks_uri() == JWKS
    web.documents[inside] = {**METADATA, "issuer": "http://localhost:8080"}
    with pytest.raises(IssuerUnavailable, match=Reason.WRONG_METADATA):
        await web.discovery(metadata_url=inside).jwks_uri()
    assert web.requests == [inside] * 2


async def test_plain_http_is_for_those_who_ask_for_it() -> None:
    """Inside a private network `insecure_http` covers the address in the metadata too."""
    web = Web({RFC8414: {**METADATA, "jwks_uri": "http://keycloak:8080/jwks"}})
    assert await web.discovery(insecure_http=True).jwks_uri() == "http://keycloak:8080/jwks"
