"""PolicyMetadata: where the evaluation endpoint is found, and which metadata is not used."""

from typing import Any

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher
from oauth_guard.issuers.policy_metadata import EVALUATION, PolicyMetadata, policy_metadata_url

PDP = "https://pdp.example.com"
WELL_KNOWN = f"{PDP}/.well-known/authzen-configuration"
ENDPOINT = f"{PDP}/authorize/v1"
METADATA = {"policy_decision_point": PDP, "access_evaluation_endpoint": ENDPOINT}


class Metadata:
    """A server with one response, and the requests that it received."""

    def __init__(
        self, response: httpx.Response | Exception, url: str = PDP, *, insecure_http: bool = False
    ) -> None:
        self.response = response
        self.requests: list[str] = []
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        fetcher = Fetcher(url, http, frozenset())
        self.found = PolicyMetadata(url, fetcher, None, insecure_http=insecure_http)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url}")
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


@pytest.mark.parametrize(
    ("identifier", "url"),
    [
        pytest.param(PDP, WELL_KNOWN, id="no path"),
        pytest.param(f"{PDP}/", WELL_KNOWN, id="a slash alone"),
        pytest.param(f"{PDP}/t1", f"{WELL_KNOWN}/t1", id="path"),
        pytest.param(f"{PDP}:8443/t1/", f"{PDP}:8443{WELL_KNOWN[23:]}/t1", id="port and slash"),
    ],
)
@pytest.mark.conformance("AZ-16")
def test_metadata_url_has_the_well_known_path_before_the_path(identifier: str, url: str) -> None:
    """As RFC 8414 does it."""
    assert policy_metadata_url(identifier) == url


@pytest.mark.conformance("AZ-16")
async def test_endpoint_is_found_in_metadata_and_cached_until_it_is_forgotten() -> None:
    """Unknown members are ignored."""
    server = Metadata(httpx.Response(200, json={**METADATA, "signed_metadata": 1, "x": []}))
    assert server.found.known(EVALUATION) is None
    for _ in range(2):
        assert await server.found.address(EVALUATION) == ENDPOINT
    assert server.requests == [f"GET {WELL_KNOWN}"]
    assert server.found.known(EVALUATION) == ENDPOINT
    server.found.forget()
    assert server.found.known(EVALUATION) is None


async def test_configured_endpoint_is_never_looked_up() -> None:
    """Nor forgotten."""
    found = PolicyMetadata(PDP, Fetcher(PDP, None, frozenset()), ENDPOINT, insecure_http=False)
    found.forget()
    assert found.known(EVALUATION) == await found.address(EVALUATION) == ENDPOINT


@pytest.mark.parametrize("identifier", [PDP, f"{PDP}/", f"{PDP}/t1"])
@pytest.mark.conformance("AZ-18")
async def test_endpoint_without_metadata_is_at_the_default_path(identifier: str) -> None:
    """Below the identifier."""
    server = Metadata(httpx.Response(404), identifier)
    base = identifier.removesuffix("/")
    assert await server.found.address(EVALUATION) == f"{base}/access/v1/evaluation"


def changed(**changes: Any) -> httpx.Response:
    """Return a response with *changes* of the metadata; a member of None is removed."""
    members = {name: value for name, value in {**METADATA, **changes}.items() if value is not None}
    return httpx.Response(200, json=members)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        pytest.param(changed(policy_decision_point=f"{PDP}/"), Reason.WRONG_METADATA, id="slash"),
        pytest.param(changed(policy_decision_point=None), Reason.WRONG_METADATA, id="no name"),
        pytest.param(
            changed(policy_decision_point="https://evil.test"), Reason.WRONG_METADATA, id="another"
        ),
        pytest.param(
            changed(access_evaluation_endpoint=None), Reason.WRONG_METADATA, id="no endpoint"
        ),
        pytest.param(
            changed(access_evaluation_endpoint="http://pdp.example.com/v1"),
            Reason.WRONG_METADATA,
            id="no TLS",
        ),
        pytest.param(
            changed(access_evaluation_endpoint="/access/v1/evaluation"),
            Reason.WRONG_METADATA,
            id="relative",
        ),
        pytest.param(changed(access_evaluation_endpoint=7), Reason.WRONG_METADATA, id="a number"),
        pytest.param(httpx.Response(500), Reason.BAD_RESPONSE, id="500"),
        pytest.param(httpx.Response(301, headers={"location": PDP}), Reason.BAD_RESPONSE, id="301"),
        pytest.param(
            httpx.Response(
                200, content=b'{"a": 1, "a": 2}', headers={"content-type": "application/json"}
            ),
            Reason.BAD_RESPONSE,
            id="a duplicate member",
        ),
        pytest.param(httpx.Response(200, text="{}"), Reason.BAD_RESPONSE, id="media type"),
        pytest.param(httpx.ConnectError("refused"), Reason.UNREACHABLE, id="unreachable"),
    ],
)
@pytest.mark.conformance("AZ-17", "AZ-22")
async def test_metadata_that_is_not_that_of_the_decision_point_is_not_used(
    response: httpx.Response | Exception, reason: Reason
) -> None:
    """And the default path is not used instead."""
    server = Metadata(response)
    with pytest.raises(IssuerUnavailable) as caught:
        await server.found.address(EVALUATION)
    assert (caught.value.issuer, caught.value.reason) == (PDP, reason)
    assert server.found.known(EVALUATION) is None


async def test_metadata_may_name_http_where_that_is_configured() -> None:
    """Inside a private network."""
    response = changed(access_evaluation_endpoint="http://pdp.example.com/v1")
    server = Metadata(response, insecure_http=True)
    assert await server.found.address(EVALUATION) == "http://pdp.example.com/v1"
