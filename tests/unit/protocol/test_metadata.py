"""The resource's metadata says what is guarded, and lives where clients look for it."""

import json

import pytest

from oauth_guard.protocol.metadata import (
    METADATA_HEADERS,
    metadata_document,
    metadata_path,
    metadata_url,
)
from tests.unit.jose.vectors import examples

_WELL_KNOWN = "/.well-known/oauth-protected-resource"


@pytest.mark.parametrize(("resource", "url"), examples("rfc9728", "resource", "metadata_url"))
def test_the_examples_of_rfc_9728_hold(resource: str, url: str) -> None:
    """The addresses that RFC 9728 prints."""
    assert metadata_url(resource) == url


@pytest.mark.parametrize(
    ("resource", "below_host"),
    [
        pytest.param("https://a.example/", _WELL_KNOWN, id="a slash alone is left out"),
        pytest.param("https://a.example/mcp/", f"{_WELL_KNOWN}/mcp/", id="a slash behind stays"),
        pytest.param("https://a.example/a/b", f"{_WELL_KNOWN}/a/b", id="a longer path"),
        pytest.param("https://a.example?x=1", f"{_WELL_KNOWN}?x=1", id="a query"),
        pytest.param("https://a.example/a?x=1", f"{_WELL_KNOWN}/a?x=1", id="path and query"),
        pytest.param("https://a.example/?x=1", f"{_WELL_KNOWN}?x=1", id="slash and query"),
        pytest.param("http://localhost:8000/a", f"{_WELL_KNOWN}/a", id="a port"),
    ],
)
def test_the_well_known_part_comes_before_the_path(resource: str, below_host: str) -> None:
    """Host and port stay; a server sees the path alone."""
    host = resource.partition("://")[2].partition("/")[0].partition("?")[0]
    scheme = resource.partition("://")[0]
    assert metadata_url(resource) == f"{scheme}://{host}{below_host}"
    assert metadata_path(resource) == below_host.partition("?")[0]


def test_the_document_says_what_is_configured() -> None:
    """Resource, issuers, how to send a token, and the scopes."""
    document = metadata_document(
        "https://a.example", ["https://as.example"], ["header", "query"], ["read", "write"]
    )
    assert json.loads(document) == {
        "resource": "https://a.example",
        "authorization_servers": ["https://as.example"],
        "bearer_methods_supported": ["header", "query"],
        "scopes_supported": ["read", "write"],
    }


def test_an_empty_list_is_left_out() -> None:
    """A member without values must not be there (RFC 9728 §3.2)."""
    document = json.loads(
        metadata_document("https://a.example", ["https://as.example"], ["header"], [])
    )
    assert "scopes_supported" not in document


def test_it_may_be_kept_and_read_by_scripts() -> None:
    """JSON, cacheable, open to every origin: there is nothing secret in it."""
    assert dict(METADATA_HEADERS) == {
        b"content-type": b"application/json",
        b"cache-control": b"public, max-age=3600",
        b"access-control-allow-origin": b"*",
    }
