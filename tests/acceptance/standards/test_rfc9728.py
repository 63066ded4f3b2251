"""RFC 9728, protected resource metadata: section 18 of the conformance matrix."""

import json
from typing import Any

import pytest
from starlette.applications import Starlette

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from tests.acceptance.standards.answer import Answer, body, http, run
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, bearer
from tests.acceptance.standards.outcome import expect

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def _members(answer: Answer) -> dict[str, Any]:
    """Return the document, once it is seen to be one."""
    assert answer.status == 200
    assert answer.lines("content-type") == ["application/json"]
    members = json.loads(answer.body)
    assert isinstance(members, dict)
    return members


@pytest.mark.conformance("9728-01")
async def test_metadata_is_served_without_a_token(api: Api) -> None:
    """Whoever has no token yet can read where to get one."""
    assert _members(await api.get(WELL_KNOWN))["resource"] == RESOURCE


@pytest.mark.conformance("9728-02")
async def test_the_well_known_part_comes_before_the_path() -> None:
    """The metadata of a resource with a path is at the root of the host, and only there."""
    api = Api(guard={"resource": f"{RESOURCE}/v1"})
    assert _members(await api.get(f"{WELL_KNOWN}/v1"))["resource"] == f"{RESOURCE}/v1"
    expect(await api.get(f"/v1{WELL_KNOWN}"), "401 none")


@pytest.mark.conformance("9728-03")
async def test_a_slash_that_ends_the_host_is_of_the_name_alone() -> None:
    """The URL of the metadata goes without it, the identifier keeps it."""
    api = Api(guard={"resource": f"{RESOURCE}/"})
    answer = await api.get(WELL_KNOWN)
    assert b'"resource": "https://api.example.com/"' in answer.body
    assert _members(answer)["resource"] == f"{RESOURCE}/"


@pytest.mark.conformance("9728-04")
@pytest.mark.parametrize("name", [b"host", b"x-forwarded-host"])
async def test_the_request_has_no_say_in_the_document(api: Api, name: bytes) -> None:
    """Identifiers are the configured ones, whatever host the request says it is for."""
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
async def test_what_has_no_values_is_left_out(scopes: list[str], listed: object) -> None:
    """There is no empty list of scopes."""
    api = Api(guard={"scopes_supported": scopes})
    assert _members(await api.get(WELL_KNOWN)).get("scopes_supported") == listed


@pytest.mark.conformance("9728-06")
@pytest.mark.parametrize(
    "methods", [["header"], ["header", "query"], ["header", "body"], ["header", "body", "query"]]
)
async def test_the_methods_are_those_that_work(methods: list[str]) -> None:
    """Tokens are taken in these ways, and the document says so."""
    api = Api(guard={"bearer_methods": methods})
    assert _members(await api.get(WELL_KNOWN))["bearer_methods_supported"] == methods
    by_query = await api.get(f"/r?access_token={api.token()}")
    expect(by_query, "200" if "query" in methods else "401 none")


@pytest.mark.conformance("9728-06")
async def test_the_header_alone_is_taken_unless_told_otherwise(api: Api) -> None:
    """And the document says so."""
    assert _members(await api.get(WELL_KNOWN))["bearer_methods_supported"] == ["header"]


@pytest.mark.conformance("9728-07")
@pytest.mark.parametrize(
    "resource", ["http://api.example.com", "https://api.example.com#f", "https://api.example.com#"]
)
def test_a_resource_is_https_and_has_no_fragment(api: Api, resource: str) -> None:
    """Another identifier fails when the guard is built."""
    with pytest.raises(ValueError, match="resource must be an absolute https URL"):
        Guard(resource, [api.jwt_issuer()])


@pytest.mark.conformance("9728-07")
def test_the_address_of_keys_is_https() -> None:
    """Keys that travel unprotected are nobody's."""
    with pytest.raises(ValueError, match="jwks_uri= must be an absolute https URL"):
        JWTIssuer(ISSUER, jwks_uri="http://as.example.com/jwks")


@pytest.mark.conformance("9728-07")
async def test_the_address_of_keys_that_the_issuer_names_is_https(api: Api) -> None:
    """An issuer that sends us to http is not followed."""
    api.authority.metadata["jwks_uri"] = "http://as.example.com/jwks"
    expect(await api.get(token=api.token()), "503")
    assert "http://as.example.com/jwks" not in api.authority.requests


@pytest.mark.conformance("9728-08")
async def test_nothing_is_promised_that_is_not_enforced(api: Api) -> None:
    """Bearer tokens alone are taken: there is no member about proofs or certificates."""
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
async def test_a_challenge_says_where_the_metadata_is(
    api: Api, authorization: bytes | None, outcome: str
) -> None:
    """A client that was refused finds its way."""
    headers = [(b"authorization", authorization)] if authorization else []
    answer = await api.send("GET", "/r", headers)
    expect(answer, outcome)
    assert _metadata_urls(answer) == [f"{RESOURCE}{WELL_KNOWN}"]


@pytest.mark.conformance("9728-09")
async def test_a_challenge_for_more_scope_says_so_too(api: Api) -> None:
    """A refusal inside a route names the metadata as well."""
    answer = await api.post(token=api.token())
    expect(answer, "403 insufficient_scope")
    assert _metadata_urls(answer) == [f"{RESOURCE}{WELL_KNOWN}"]


@pytest.mark.conformance("9728-10")
async def test_metadata_is_not_signed(api: Api) -> None:
    """The door is closed: there is no `signed_metadata`."""
    assert "signed_metadata" not in _members(await api.get(WELL_KNOWN))


@pytest.mark.conformance("9728-11")
@pytest.mark.parametrize("name", ["a", "b"])
async def test_each_resource_on_a_host_has_its_own_document(api: Api, name: str) -> None:
    """Two resources in one application have two documents, and refusals name the right one."""
    guards = {
        prefix: Guard(f"{RESOURCE}{prefix}", [api.jwt_issuer()]) for prefix in ("/a", "/b", "/")
    }
    application = OAuthGuardMiddleware(Starlette(), guards)
    document = await run(application, http("GET", f"{WELL_KNOWN}/{name}"), body())
    assert _members(document)["resource"] == f"{RESOURCE}/{name}"
    refused = await run(application, http("GET", f"/{name}/r", bearer("abc")), body())
    expect(refused, "401 invalid_token")
    assert _metadata_urls(refused) == [f"{RESOURCE}{WELL_KNOWN}/{name}"]


@pytest.mark.conformance("9728-12")
async def test_metadata_is_cacheable_and_readable_by_scripts(api: Api) -> None:
    """A browser may keep it for a bounded time, and may show it to scripts of any origin."""
    answer = await api.send("GET", WELL_KNOWN, [(b"origin", b"https://app.example.org")])
    assert answer.lines("cache-control") == ["public, max-age=3600"]
    assert answer.lines("access-control-allow-origin") == ["*"]


def _metadata_urls(answer: Answer) -> list[str | None]:
    return [parameters.get("resource_metadata") for _, parameters in answer.challenges]
