"""StatusLists: its settings, its lifecycle, and tokens that it does not concern."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError, JWTIssuer
from oauth_guard.issuers.status_lists import StatusLists
from tests.acceptance.standards.outcome import expect
from tests.builders.status_api import StatusApi


@pytest.mark.parametrize(
    ("issuer", "settings", "message"),
    [
        ("https://as.example.com", {}, "JWTIssuer"),
        (JWTIssuer("https://as.example.com"), {"origins": ["http://status.example.com"]}, "https"),
        (JWTIssuer("https://as.example.com"), {"origins": "https://status.example.com"}, "list"),
    ],
    ids=["issuer", "http", "no list"],
)
def test_wrong_setting_is_refused(issuer: Any, settings: dict[str, Any], message: str) -> None:
    """With a sentence that says what to write."""
    with pytest.raises(ConfigurationError, match=message):
        StatusLists(issuer, **settings)


@pytest.fixture(autouse=True)
def quiet_client(caplog: pytest.LogCaptureFixture) -> None:
    """Leave out the URLs that httpx logs, since they are in tokens."""
    caplog.set_level(logging.WARNING, "httpx")


async def test_token_of_another_issuer_is_not_checked() -> None:
    """Its status lists would be signed by other keys."""
    api = StatusApi()
    other = StatusLists(JWTIssuer("https://other.example.com"), required=True)
    vars(api.guard)["_checks"] = (other.check,)
    expect(await api.at(0), "200")
    await other.load()
    await other.aclose()


async def test_guard_starts_and_closes_its_status_lists() -> None:
    """They are opened again by the next request."""
    api = StatusApi()
    async with api.guard:
        expect(await api.at(1), "200")
    api.now += 61
    expect(await api.at(1), "200")


async def test_list_that_arrives_too_late_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller waits for five seconds at most."""
    monkeypatch.setattr("oauth_guard.issuers.status_lists._DEADLINE", 0)

    async def respond(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        raise AssertionError

    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    assert (await StatusApi(http=http).at(1)).status == 503


async def test_failure_is_logged_with_its_cause() -> None:
    """So that the operator can correct it."""
    api = StatusApi()
    api.respond = lambda: httpx.Response(404)
    response = await api.at(1)
    assert "a status list can't be used: the response is no status list token" in response.log
