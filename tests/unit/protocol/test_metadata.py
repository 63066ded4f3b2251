"""The metadata document has the configured values, at the URL that RFC 9728 §3.1 derives."""

import json
import re
from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.metadata import (
    METADATA_HEADERS,
    ResourceMetadata,
    metadata_document,
    metadata_path,
    metadata_query,
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


_FURTHER = {
    "resource_name": "Shop",
    "resource_name#de-CH": "Laden",
    "resource_documentation": "https://a.example/docs",
    "resource_policy_uri": "https://a.example/policy",
    "resource_tos_uri#fr": "https://a.example/tos/fr",
    "jwks_uri": "https://a.example/jwks",
    "resource_signing_alg_values_supported": ["ES256"],
    "authorization_details_types_supported": ["payment"],
    "example.com/region": {"name": "eu", "zones": [1, 2]},
}


def test_document_has_the_further_members_of_the_operator() -> None:
    """All of RFC 9728 that no other setting decides, and members of the operator's own."""
    published = ResourceMetadata("https://a.example", _FURTHER, ["read"], {"dpop_x": False})
    document = json.loads(published.document(["https://as.example"], ["header"]))
    assert document == {
        "resource": "https://a.example",
        "authorization_servers": ["https://as.example"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["read"],
        **_FURTHER,
    }


@pytest.mark.conformance("9728-10")
@pytest.mark.parametrize(
    ("members", "advice"),
    [
        ("resource_name", "metadata= is True, False, or further members"),
        (None, "metadata= is True, False, or further members"),
        ({5: "x"}, "can't have the member 5"),
        ({"signed_metadata": "x"}, "can't have the member 'signed_metadata'"),
        ({"resource": "https://b.example"}, "which the first argument of Guard decides"),
        ({"authorization_servers": []}, "which issuers decides"),
        ({"bearer_methods_supported": ["body"]}, "which bearer_methods= decides"),
        ({"scopes_supported": ["a"]}, "which scopes_supported= decides"),
        ({"dpop_bound_access_tokens_required": True}, "which binding= decides"),
        ({"dpop_signing_alg_values_supported": ["ES256"]}, "which dpop= decides"),
        ({"tls_client_certificate_bound_access_tokens": True}, "which certificates= decides"),
        ({"resource_nam": "Shop"}, "write 'resource_name'"),
        ({"resource_names": "Shop"}, "write 'resource_name'"),
        ({"resource_name": ""}, "'resource_name', which takes text"),
        ({"resource_name": ["Shop"]}, "'resource_name', which takes text"),
        ({"resource_name#": "Shop"}, "'resource_name#': a language"),
        ({"resource_name#de CH": "Shop"}, "a language"),
        ({"jwks_uri#de": "https://a.example"}, "a language"),
        ({"jwks_uri": "http://a.example"}, "metadata= jwks_uri must be an absolute https URL"),
        ({"resource_tos_uri": "tos"}, "metadata= resource_tos_uri must be an absolute https"),
        ({"resource_signing_alg_values_supported": "ES256"}, "which takes a list"),
        ({"resource_signing_alg_values_supported": []}, "which takes a list"),
        ({"authorization_details_types_supported": [5]}, "which takes a list"),
        ({"resource_signing_alg_values_supported": ["none"]}, "never contains none"),
        ({"example.com/x": {1, 2}}, "is not JSON"),
        ({"example.com/x": float("nan")}, "is not JSON"),
    ],
)
def test_wrong_member_is_rejected_with_an_advice(members: Any, advice: str) -> None:
    """It fails when the guard is built."""
    with pytest.raises(ConfigurationError, match=re.escape(advice)):
        ResourceMetadata("https://a.example", members, (), {})


def test_metadata_that_is_not_served_has_no_path() -> None:
    """An empty mapping of further members does not switch it off."""
    for setting, path in ((False, None), (True, _WELL_KNOWN), ({}, _WELL_KNOWN)):
        assert ResourceMetadata("https://a.example", setting, (), {}).path == path


def test_query_of_the_metadata_url_is_that_of_the_resource() -> None:
    """As an ASGI application receives it."""
    assert metadata_query("https://a.example/a?x=%20&y") == b"x=%20&y"
    assert metadata_query("https://a.example/a") == b""


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
