"""StatusLists: its settings, its lifecycle, and tokens that it does not concern."""

import asyncio
import base64
import logging
import zlib
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError, Identity, JWTIssuer
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.issuers.status_lists import StatusLists
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.claims import ClaimRules
from tests.acceptance.standards.api import ISSUER, NOW
from tests.acceptance.standards.outcome import expect
from tests.builders.clock import FakeClock
from tests.builders.status_api import URI, StatusApi

DAY = 86_400
RULES = ClaimRules.of(ISSUER, required_claims=())


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
    response = await StatusApi(http=http).at(1)
    assert response.status == 503
    assert "timed_out" in response.log


async def test_failure_is_logged_with_its_cause() -> None:
    """So that the operator can correct it."""
    api = StatusApi()
    api.respond = lambda: httpx.Response(404)
    response = await api.at(1)
    assert "a status list can't be used: the response is no status list token" in response.log


@pytest.mark.parametrize(
    ("changes", "headers", "seconds"),
    [
        ({"ttl": 10 * DAY}, {}, DAY),
        ({"ttl": 10 * DAY, "exp": NOW + 100}, {}, 100),
        ({"ttl": 100, "exp": NOW + DAY}, {}, 100),
        ({"ttl": None, "exp": NOW + 10 * DAY}, {}, DAY),
        ({"ttl": None}, {"cache-control": f"max-age={10 * DAY}"}, DAY),
        ({"ttl": None}, {"cache-control": "max-age=100"}, 100),
        ({"ttl": None}, {}, 300),
    ],
    ids=str,
)
async def test_list_is_cached_for_a_day_at_most(
    changes: dict[str, Any], headers: dict[str, str], seconds: int
) -> None:
    """And never past its `exp`, even if its `ttl` is longer."""
    monotonic = FakeClock(5)
    lists = StatusApi(monotonic=monotonic)
    lists.respond = lambda: lists.response(lists.list_token(**changes), **headers)
    status = {"status_list": {"idx": 1, "uri": URI}}
    claims = AccessToken.from_claims({"iss": ISSUER, "status": status}, RULES)
    validated = ValidatedToken(Identity.from_token(claims), Validation(claims, None))
    for age, requests in ((0, 1), (seconds - 1, 1), (seconds, 2)):
        monotonic.now = 5 + age
        if (waiting := lists.lists.check(validated, NOW)) is not None:
            await waiting
        assert len(lists.requests) == requests


async def test_expired_list_is_not_used_although_its_time_in_the_cache_is_left() -> None:
    """The wall clock was set forward: `exp` is a time of it, and its first second is too late."""
    api = StatusApi(monotonic=FakeClock(5))
    api.respond = lambda: api.response(api.list_token(exp=NOW + 200, ttl=200))
    expect(await api.at(1, exp=NOW + 900), "200")
    api.now += 199
    expect(await api.at(1, exp=NOW + 900), "200")
    assert len(api.requests) == 1
    api.now += 1
    assert (await api.at(1, exp=NOW + 900)).status == 503
    assert len(api.requests) == 2


async def test_lists_take_64_mebibytes_at_most() -> None:
    """The oldest is fetched again, so an issuer with many large lists fills no memory."""
    api = StatusApi()
    large = base64.urlsafe_b64encode(zlib.compress(bytes(4_000_000))).decode().rstrip("=")
    uris = [f"{ISSUER}/{number}" for number in range(18)]

    def respond() -> httpx.Response:
        return api.response(api.list_token(lst=large, sub=str(api.requests[-1].url)))

    api.respond = respond
    for uri in (*uris, uris[-1], uris[0]):
        expect(await api.at(1, uri), "200")
    assert [str(each.url) for each in api.requests] == [*uris, uris[0]]


async def test_requests_share_a_fetch_that_takes_some_time() -> None:
    """They wait for it together."""
    requests: list[httpx.Request] = []

    async def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        await asyncio.sleep(0.05)
        return api.response(api.list_token())

    api = StatusApi(http=httpx.AsyncClient(transport=httpx.MockTransport(respond)))
    expect(await api.get("/r", api.token()), "200")  # has the keys fetched
    responses = await asyncio.gather(*(api.at(1) for _ in range(20)))
    assert {response.status for response in responses} == {200}
    assert len(requests) == 1
