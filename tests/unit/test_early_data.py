"""RejectEarlyData: only a safe method may be in early data."""

import pytest

from oauth_guard.early_data import RejectEarlyData
from tests.acceptance.standards.api import Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse


@pytest.fixture
def api() -> Api:
    """Return an application behind a proxy that accepts early data."""
    api = Api(middleware={"public": ["POST /r"]})
    api.application = RejectEarlyData(api.application)  # type: ignore[assignment]
    return api


@pytest.mark.conformance("8470-01")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "QUERY", "get"])
@pytest.mark.parametrize(
    "fields",
    [
        [(b"early-data", b"1")],
        [(b"Early-Data", b"1")],
        [(b"early-data", b"0")],
        [(b"early-data", b"1"), (b"early-data", b"1")],
    ],
    ids=["1", "upper case", "0", "two"],
)
async def test_unsafe_method_in_early_data_is_sent_425(
    api: Api, method: str, fields: list[tuple[bytes, bytes]]
) -> None:
    """Whatever the token, on public paths too; an invalid value counts as 1 (RFC 8470 §5.1)."""
    headers = [*fields, *bearer(api.token(scope="write"))]
    for target in ("/w", "/r"):
        response: RecordedResponse = await api.send(method, target, headers)
        assert (response.status, response.body, response.seen) == (425, b"", [])
        assert (b"cache-control", b"no-store") in response.start["headers"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_safe_method_in_early_data_is_served(api: Api, method: str) -> None:
    """A replay of it changes nothing."""
    headers = [(b"early-data", b"1"), *bearer(api.token())]
    expect(await api.send(method, "/r", headers), "200")


async def test_unsafe_method_outside_early_data_is_served(api: Api) -> None:
    """The proxy does not mark it."""
    expect(await api.post("/w", api.token(scope="write")), "200")


async def test_websocket_in_early_data_is_served(api: Api) -> None:
    """Its handshake is a GET."""
    headers = [(b"early-data", b"1"), *bearer(api.token())]
    response = await api.connect("/ws", headers)
    assert response.messages[0]["type"] == "websocket.accept"
