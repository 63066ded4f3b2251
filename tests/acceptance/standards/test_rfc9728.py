"""RFC 9728, protected resource metadata: section 18 of the conformance matrix."""

import json
from typing import Any

import pytest
from starlette.applications import Starlette

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse, body, http, run

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def _members(response: RecordedResponse) -> dict[str, Any]:
    """Return the members of the document, after checking that it is valid JSON metadata."""
    assert response.status == 200
    assert response.lines("content-type") == ["application/json"]
    members = json.loads(response.body)
    assert isinstance(members, dict)
    return members


@pytest.mark.conformance("9728-01")
async def test_metadata_is_served_without_a_token(api: Api) -> None:
    """A client without a token reads there where to get one."""
    assert _members(await api.get(WELL_KNOWN))["resource"] == RESOURCE


@pytest.mark.conformance("9728-02")
async def test_metadata_url_has_the_well_known_segment_before_the_path() -> None:
    """It is served at the root of the host only."""
    api = Api(guard={"resource": f"{RESOURCE}/v1"})
    assert _members(await api.get(f"{WELL_KNOWN}/v1"))["resource"] == f"{RESOURCE}/v1"
    expect(await api.get(f"/v1{WELL_KNOWN}"), "401 none")


@pytest.mark.conformance("9728-03")
async def test_metadata_url_omits_the_trailing_slash_of_the_resource() -> None:
    """The identifier in the document keeps it."""
    api = Api(guard={"resource": f"{RESOURCE}/"})
    response = await api.get(WELL_KNOWN)
    assert b'"resource": "https://api.example.com/"' in response.body
    assert _members(response)["resource"] == f"{RESOURCE}/"


@pytest.mark.conformance("9728-04")
@pytest.mark.parametrize("name", [b"host", b"x-forwarded-host"])
async def test_request_does_not_change_the_metadata(api: Api, name: bytes) -> None:
    """Identifiers are the configured ones, whatever the Host header is."""
    request = http("GET", WELL_KNOWN) | {
        "headers": [(name, b"evil.example")],
        "server": ("evil.example", 80),
        "scheme": "http",
    }
    members = _members(await run(api.application, request, body()))
    assert members["resource"] == RESOURCE
    assert members["authorization_servers"] == [ISSUER]


@pytest.mark.conformance("9728-05")
@pytest.mark.parametrize(
    ("scopes", "listed"), [([], None), (["read", "write"], ["read", "write"])], ids=str
)
async def test_metadata_omits_empty_members(scopes: list[str], listed: object) -> None:
    """There is no empty list of scopes."""
    api = Api(guard={"scopes_supported": scopes})
    assert _members(await api.get(WELL_KNOWN)).get("scopes_supported") == listed


@pytest.mark.conformance("9728-06")
@pytest.mark.parametrize(
    "methods", [["header"], ["header", "query"], ["header", "body"], ["header", "body", "query"]]
)
async def test_metadata_lists_the_enabled_bearer_methods(methods: list[str]) -> None:
    """Each listed method is accepted."""
    api = Api(guard={"bearer_methods": methods})
    assert _members(await api.get(WELL_KNOWN))["bearer_methods_supported"] == methods
    by_query = await api.get(f"/r?access_token={api.token()}")
    expect(by_query, "200" if "query" in methods else "401 none")


@pytest.mark.conformance("9728-06")
async def test_metadata_lists_only_the_header_method_by_default(api: Api) -> None:
    """The other methods are not accepted."""
    assert _members(await api.get(WELL_KNOWN))["bearer_methods_supported"] == ["header"]


@pytest.mark.conformance("9728-07")
@pytest.mark.parametrize(
    "resource", ["http://api.example.com", "https://api.example.com#f", "https://api.example.com#"]
)
def test_resource_with_http_or_fragment_is_rejected(api: Api, resource: str) -> None:
    """A ValueError when the guard is built."""
    with pytest.raises(ValueError, match="resource must be an absolute https URL"):
        Guard(resource, [api.jwt_issuer()])


@pytest.mark.conformance("9728-07")
def test_jwks_url_that_is_not_https_is_rejected() -> None:
    """Keys fetched over http could be replaced in transit."""
    with pytest.raises(ValueError, match="jwks_uri= must be an absolute https URL"):
        JWTIssuer(ISSUER, jwks_uri="http://as.example.com/jwks")


@pytest.mark.conformance("9728-07")
async def test_http_jwks_uri_in_metadata_is_rejected(api: Api) -> None:
    """It is not fetched."""
    api.authority.metadata["jwks_uri"] = "http://as.example.com/jwks"
    expect(await api.get(token=api.token()), "503")
    assert "http://as.example.com/jwks" not in api.authority.requests


@pytest.mark.conformance("9728-08")
async def test_metadata_claims_no_unsupported_feature(api: Api) -> None:
    """There is no member about DPoP or mutual TLS."""
    members = _members(await api.get(WELL_KNOWN))
    assert not [name for name in members if "dpop" in name or "tls" in name or "signing" in name]


@pytest.mark.conformance("9728-09")
@pytest.mark.parametrize(
    ("authorization", "outcome"),
    [
        (None, "401 none"),
        (b"Bearer abc", "401 invalid_token"),
        (b"Bearer", "400 invalid_request"),
    ],
    ids=["no token", "bad token", "malformed"],
)
async def test_challenge_names_the_metadata_url(
    api: Api, authorization: bytes | None, outcome: str
) -> None:
    """A rejected client can find the authorization server."""
    headers = [(b"authorization", authorization)] if authorization else []
    response = await api.send("GET", "/r", headers)
    expect(response, outcome)
    assert _metadata_urls(response) == [f"{RESOURCE}{WELL_KNOWN}"]


@pytest.mark.conformance("9728-09")
async def test_insufficient_scope_challenge_names_the_metadata_url(api: Api) -> None:
    """Also if the rejection is raised in a route."""
    response = await api.post(token=api.token())
    expect(response, "403 insufficient_scope")
    assert _metadata_urls(response) == [f"{RESOURCE}{WELL_KNOWN}"]


@pytest.mark.conformance("9728-10")
async def test_metadata_is_not_signed(api: Api) -> None:
    """There is no `signed_metadata` member."""
    assert "signed_metadata" not in _members(await api.get(WELL_KNOWN))


@pytest.mark.conformance("9728-11")
@pytest.mark.parametrize("name", ["a", "b"])
async def test_each_resource_on_a_host_has_its_own_document(api: Api, name: str) -> None:
    """Two resources in one application; challenges name the right document."""
    guards = {
        prefix: Guard(f"{RESOURCE}{prefix}", [api.jwt_issuer()]) for prefix in ("/a", "/b", "/")
    }
    application = OAuthGuardMiddleware(Starlette(), guards)
    document = await run(application, http("GET", f"{WELL_KNOWN}/{name}"), body())
    assert _members(document)["resource"] == f"{RESOURCE}/{name}"
    refused = await run(application, http("GET", f"/{name}/r", bearer("abc")), body())
    expect(refused, "401 invalid_token")
    assert _metadata_urls(refused) == [f"{RESOURCE}{WELL_KNOWN}/{name}"]


@pytest.mark.conformance("9728-02")
async def test_resources_that_differ_by_their_query_have_their_own_documents(api: Api) -> None:
    """The query is part of the metadata's URL; a resource without one has the document else."""
    resources = {"/a": f"{RESOURCE}/t?x=1", "/b": f"{RESOURCE}/t?x=2", "/": f"{RESOURCE}/t"}
    guards = {prefix: Guard(one, [api.jwt_issuer()]) for prefix, one in resources.items()}
    application = OAuthGuardMiddleware(Starlette(), guards)
    for query, resource in (("?x=1", "/a"), ("?x=2", "/b"), ("", "/"), ("?y", "/")):
        response = await run(application, http("GET", f"{WELL_KNOWN}/t{query}"), body())
        assert _members(response)["resource"] == resources[resource]
    refused = await run(application, http("GET", "/a/r"), body())
    assert _metadata_urls(refused) == [f"{RESOURCE}{WELL_KNOWN}/t?x=1"]


@pytest.mark.conformance("9728-02")
async def test_metadata_of_a_resource_with_a_query_is_not_served_without_it() -> None:
    """It would name another resource than the client has asked about (RFC 9728 section 3.3)."""
    api = Api(guard={"resource": f"{RESOURCE}?x=1"})
    assert (await api.get(f"{WELL_KNOWN}?x=1")).status == 200
    for query in ("", "?x=2", "?x=1&y", "?X=1"):
        expect(await api.get(f"{WELL_KNOWN}{query}"), "401 none")


@pytest.mark.conformance("9728-12")
async def test_metadata_is_cacheable_and_readable_by_scripts(api: Api) -> None:
    """For a bounded time, and for scripts of any origin."""
    response = await api.send("GET", WELL_KNOWN, [(b"origin", b"https://app.example.org")])
    assert response.lines("cache-control") == ["public, max-age=3600"]
    assert response.lines("access-control-allow-origin") == ["*"]


def _metadata_urls(response: RecordedResponse) -> list[str | None]:
    return [parameters.get("resource_metadata") for _, parameters in response.challenges]
