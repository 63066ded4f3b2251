"""health_app: alive, ready and degraded, without the name of an issuer."""

import json
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError
from oauth_guard.telemetry.health import health_app
from tests.acceptance.standards.api import ISSUER, Api
from tests.acceptance.standards.recorded_response import body, http, run, visit, websocket


def _down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("closed", request=request)


async def _state(api: Api, path: str, method: str = "GET") -> tuple[int, object]:
    response = await run(health_app(api.guard), http(method, path), body())
    assert ISSUER.encode() not in response.body
    return response.status, json.loads(response.body)["status"] if response.body else None


async def test_guard_is_ready_once_its_keys_are_fetched() -> None:
    """And it is alive before that."""
    api = Api()
    assert await _state(api, "/live") == (200, "alive")
    assert await _state(api, "/ready") == (503, "not ready")
    await api.get("/r", api.token())
    assert await _state(api, "/ready") == (200, "ready")


async def test_outage_after_the_start_is_degraded_and_still_ready() -> None:
    """Taking this process out of service would make the outage worse."""
    api = Api()
    await api.get("/r", api.token())
    api.authority.outage = _down
    api.now += 100_000
    await api.get("/r", api.token())
    assert await _state(api, "/ready") == (200, "degraded")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", (404, "not found")),
        ("POST", "/live", (405, "method not allowed")),
        ("HEAD", "/live", (200, None)),
    ],
)
async def test_other_requests_are_rejected(
    method: str, path: str, expected: tuple[int, object]
) -> None:
    """HEAD is a GET without a body."""
    assert await _state(Api(), path, method) == expected


async def test_web_socket_is_closed() -> None:
    """There is nothing to say over one."""
    response = await run(health_app(Api().guard), websocket("/live", denial=False), visit())
    assert [each["type"] for each in response.messages] == ["websocket.close"]


async def test_lifespan_is_completed() -> None:
    """So that a server can serve it on a port of its own."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await health_app(Api().guard)({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("guards", [(), ("guard",)])
def test_health_of_no_guard_is_rejected(guards: Any) -> None:
    """It would always be ready."""
    with pytest.raises(ConfigurationError, match="health_app"):
        health_app(*guards)
