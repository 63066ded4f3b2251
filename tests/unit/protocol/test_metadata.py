"""The metadata document has the configured values, at the URL that RFC 9728 §3.1 derives."""

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
def test_metadata_url_equals_the_example_of_rfc_9728(resource: str, url: str) -> None:
    """Resource and URL are those that the RFC prints."""
    assert metadata_url(resource) == url


@pytest.mark.parametrize(
    ("resource", "below_host"),
    [
        pytest.param("https://a.example/", _WELL_KNOWN, id="the path / is dropped"),
        pytest.param(
            "https://a.example/mcp/", f"{_WELL_KNOWN}/mcp/", id="a trailing slash is kept"
        ),
        pytest.param("https://a.example/a/b", f"{_WELL_KNOWN}/a/b", id="a longer path"),
        pytest.param("https://a.example?x=1", f"{_WELL_KNOWN}?x=1", id="a query"),
        pytest.param("https://a.example/a?x=1", f"{_WELL_KNOWN}/a?x=1", id="path and query"),
        pytest.param("https://a.example/?x=1", f"{_WELL_KNOWN}?x=1", id="slash and query"),
        pytest.param("http://localhost:8000/a", f"{_WELL_KNOWN}/a", id="a port"),
    ],
)
def test_well_known_path_is_inserted_between_host_and_path(resource: str, below_host: str) -> None:
    """Host and port are unchanged; `metadata_path` has no query."""
    host = resource.partition("://")[2].partition("/")[0].partition("?")[0]
    scheme = resource.partition("://")[0]
    assert metadata_url(resource) == f"{scheme}://{host}{below_host}"
    assert metadata_path(resource) == below_host.partition("?")[0]


def test_document_has_the_configured_values() -> None:
    """They are resource, issuers, bearer methods and scopes."""
    document = metadata_document(
        "https://a.example", ["https://as.example"], ["header", "query"], ["read", "write"]
    )
    assert json.loads(document) == {
        "resource": "https://a.example",
        "authorization_servers": ["https://as.example"],
        "bearer_methods_supported": ["header", "query"],
        "scopes_supported": ["read", "write"],
    }


def test_empty_list_is_omitted_from_the_document() -> None:
    """A member without values must be omitted (RFC 9728 §3.2)."""
    document = json.loads(
        metadata_document("https://a.example", ["https://as.example"], ["header"], [])
    )
    assert "scopes_supported" not in document


def test_headers_allow_caching_and_every_origin() -> None:
    """The document contains nothing secret."""
    assert dict(METADATA_HEADERS) == {
        b"content-type": b"application/json",
        b"cache-control": b"public, max-age=3600",
        b"access-control-allow-origin": b"*",
    }


def test_members_about_bound_tokens_are_written_if_they_say_something() -> None:
    """RFC 9728 §2."""
    binding = {
        "dpop_signing_alg_values_supported": ["ES256"],
        "dpop_bound_access_tokens_required": False,
    }
    document = json.loads(
        metadata_document("https://a.example", ["https://as.example"], ["header"], [], binding)
    )
    assert document["dpop_signing_alg_values_supported"] == ["ES256"]
    assert "dpop_bound_access_tokens_required" not in document
