"""RFC 8707, resource indicators: section 25 of the conformance matrix."""

import logging

import pytest

from tests.acceptance.standards.api import RESOURCE, Api
from tests.acceptance.standards.outcome import expect


@pytest.mark.conformance("8707-01")
@pytest.mark.parametrize(
    "resource",
    [
        "api.example.com",
        "/r",
        "https://api.example.com#f",
        "https://api.example.com/#",
        "",
        "urn:x",
    ],
)
def test_resource_that_is_no_absolute_uri_is_rejected(resource: str) -> None:
    """A ValueError when the guard is built; a fragment is not allowed either."""
    with pytest.raises(ValueError, match="resource must be an absolute https URL"):
        Api(guard={"resource": resource})


@pytest.mark.conformance("8707-01")
async def test_resource_with_a_query_is_accepted_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The query is part of the identifier."""
    resource = f"{RESOURCE}?x=1"
    with caplog.at_level(logging.WARNING, "oauth_guard"):
        api = Api(guard={"resource": resource})
    assert "a resource should have no query" in caplog.text
    expect(await api.get(token=api.token(aud=resource)), "200")
    expect(await api.get(token=api.token(aud=RESOURCE)), "401 invalid_token")


@pytest.mark.conformance("8707-02")
@pytest.mark.parametrize(
    ("aud", "by_default", "where_single"),
    [
        ([RESOURCE, "https://other.example"], "200", "401 invalid_token"),
        (["https://other.example", RESOURCE], "200", "401 invalid_token"),
        ([RESOURCE], "200", "200"),
        (RESOURCE, "200", "200"),
    ],
    ids=str,
)
async def test_token_for_several_resources_can_be_rejected(
    aud: object, by_default: str, where_single: str
) -> None:
    """Each of them could replay it at the others."""
    api, single = Api(), Api(issuer={"single_audience": True})
    expect(await api.get(token=api.token(aud=aud)), by_default)
    expect(await single.get(token=single.token(aud=aud)), where_single)
