"""RFC 9396: authorization details, as a resource server enforces them."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.routing import Route

from oauth_guard.starlette import requires
from tests.acceptance.standards.api import RESOURCE, Api, handler
from tests.acceptance.standards.opaque import OpaqueApi
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse

INVALID, FORBIDDEN = "401 invalid_token", "403 insufficient_scope"
WRITE = {"type": "a", "actions": ["write"]}
ROUTE = Route("/s", requires(details=WRITE)(handler))


async def _signed(details: Any) -> RecordedResponse:
    api = Api(routes=[ROUTE])
    return await api.get("/s", api.token(authorization_details=details))


async def _opaque(details: Any) -> RecordedResponse:
    api = OpaqueApi(routes=[ROUTE])
    return await api.get("/s", api.opaque(authorization_details=details))


SOURCES = [
    pytest.param(_signed, id="signed"),
    pytest.param(_opaque, marks=pytest.mark.conformance("9396-04"), id="introspected"),
]


@pytest.mark.conformance("9396-01")
@pytest.mark.parametrize("send", SOURCES)
@pytest.mark.parametrize("details", [{}, ["x"], [{"actions": ["read"]}]], ids=str)
async def test_details_of_another_shape_are_invalid(send: Callable[..., Any], details: Any) -> None:
    """Each is an object with a string `type`."""
    expect(await send(details), INVALID)


@pytest.mark.conformance("9396-02")
@pytest.mark.parametrize("send", SOURCES)
async def test_need_is_met_by_one_object(send: Callable[..., Any]) -> None:
    """Two together do not meet it, and an unknown type grants nothing."""
    mixed = [{"type": "a", "actions": ["read"]}, {"type": "b", "actions": ["write"]}]
    expect(await send(mixed), FORBIDDEN)
    expect(await send([]), FORBIDDEN)
    assert (await send([{"type": "unknown"}, WRITE])).status == 200


@pytest.mark.conformance("9396-03")
@pytest.mark.parametrize("send", SOURCES)
async def test_locations_must_include_this_resource(send: Callable[..., Any]) -> None:
    """If there are any."""
    expect(await send([{**WRITE, "locations": ["https://other.example"]}]), FORBIDDEN)
    assert (await send([{**WRITE, "locations": [RESOURCE]}])).status == 200
