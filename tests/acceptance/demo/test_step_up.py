"""Step-up: an employee is removed only for a person who signed in recently (RFC 9470)."""

from collections.abc import AsyncIterator

import httpx
import pytest

from demo_api.people_api import RECENT_SECONDS
from oauth_guard.testing.challenges import challenge
from tests.acceptance.demo.authorization_server.harness import (
    Harness,
    alert,
    ok_json,
    redirect_parameters,
    soup,
)
from tests.acceptance.demo.callers import bearer, person, service_account
from tests.acceptance.demo.running import demo_in_process

EMPLOYEES = "/v1/data/employees"
BOTH = "read write"


@pytest.fixture(params=[False, True], ids=["signed", "opaque"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    """Yield a demo with signed and one with opaque tokens."""
    async with demo_in_process(opaque=request.param) as harness:
        yield harness


async def add(demo: Harness, headers: dict[str, str]) -> str:
    """Add an employee; return the path."""
    new = {"name": "Charles Babbage", "title": "Mechanic", "organisation": "Engineering"}
    added = await demo.http.post(EMPLOYEES, json=new, headers=headers)
    assert added.status_code == 201
    return str(added.headers["location"])


def wants_password(page: httpx.Response) -> bool:
    """Return whether *page* is the login page."""
    assert page.status_code == 200, page.text
    return soup(page).find(id="password") is not None


@pytest.mark.conformance("9470-02")
async def test_employee_is_removed_after_the_login_page_was_shown_again(either: Harness) -> None:
    """The challenge has the max_age that the client sends to the authorization endpoint."""
    first = await either.tokens(scope=BOTH)
    where = await add(either, bearer(first["access_token"]))
    either.clock.now += RECENT_SECONDS + 1
    refreshed = ok_json(await either.refresh(first["refresh_token"]))
    for token in (first["access_token"], refreshed["access_token"]):
        rejected = await either.http.delete(where, headers=bearer(token))
        assert rejected.status_code == 401
        found = challenge(rejected)
        assert found.error == "insufficient_user_authentication"
        assert found.parameters["max_age"] == str(RECENT_SECONDS)
    page = await either.authorize(scope=BOTH, max_age=found.parameters["max_age"])
    assert wants_password(page)
    page = await either.sign_in(page)
    code = redirect_parameters(await either.submit(page, action="allow"))["code"]
    renewed = bearer(ok_json(await either.redeem(code))["access_token"])
    assert (await either.http.delete(where, headers=renewed)).status_code == 204


async def test_service_account_removes_no_employee(demo: Harness) -> None:
    """It never signs in."""
    headers = await service_account(demo, BOTH)
    where = await add(demo, headers)
    assert (await demo.http.delete(where, headers=headers)).status_code == 401
    assert (await demo.http.get(where, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("sent", "again"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"max_age": "10"}, False, id="as old as allowed"),
        pytest.param({"max_age": "9"}, True, id="older"),
        pytest.param({"max_age": "0"}, True, id="max_age 0"),
        pytest.param({"prompt": "login"}, True, id="login"),
        pytest.param({"prompt": "consent login"}, True, id="login and consent"),
        pytest.param({"prompt": "consent"}, False, id="consent"),
        pytest.param({"acr_values": "mfa password"}, False, id="acr"),
    ],
)
async def test_login_page_is_shown_again_when_the_request_demands_it(
    demo: Harness, sent: dict[str, str], again: bool
) -> None:
    """The sign-in of this very request counts; it counts until the request has its response."""
    await person(demo, "ada")
    demo.clock.now += 10
    page = await demo.authorize(**sent)
    assert wants_password(page) == again
    if again:
        page = await demo.sign_in(page)
        assert not wants_password(page)
        assert not wants_password(await demo.authorize(**sent))
    signed_in_at = int(demo.clock.now) - (0 if again else 10)
    code = redirect_parameters(await demo.submit(page, action="allow"))["code"]
    claims = await demo.claims(ok_json(await demo.redeem(code))["access_token"])
    assert (claims["auth_time"], claims["acr"]) == (signed_in_at, "password")


@pytest.mark.parametrize("sent", [{"max_age": "0"}, {"prompt": "login"}], ids=str)
async def test_sign_in_for_one_request_does_not_count_for_another(
    demo: Harness, sent: dict[str, str]
) -> None:
    """Neither for a later copy of the request that has its response already."""
    page = await demo.sign_in(await demo.authorize(state="one", **sent))
    assert wants_password(await demo.authorize(state="two", **sent))
    redirect_parameters(await demo.submit(page, action="allow"))
    assert wants_password(await demo.authorize(state="one", **sent))
    assert wants_password(await demo.submit(page, action="allow"))


@pytest.mark.parametrize("max_age", ["-1", "1.5", "x", "1" * 10, "\u0661"])
async def test_invalid_max_age_is_redirected_as_an_error(demo: Harness, max_age: str) -> None:
    """It is not taken for no max_age."""
    sent = redirect_parameters(await demo.authorize(max_age=max_age, state="s"))
    assert (sent["error"], sent["state"]) == ("invalid_request", "s")


async def test_unknown_acr_values_are_redirected_as_an_error(demo: Harness) -> None:
    """No sign-in could fulfil them (RFC 9470 §5)."""
    sent = redirect_parameters(await demo.authorize(acr_values="mfa hardware", state="s"))
    assert (sent["error"], sent["state"]) == ("unmet_authentication_requirements", "s")


async def test_stale_form_does_not_allow_a_request_that_demands_a_sign_in(demo: Harness) -> None:
    """The consent page of an old sign-in leads to the login page."""
    page = await demo.sign_in(await demo.authorize(max_age="30"))
    demo.clock.now += 31
    onward = await demo.submit(page, action="allow")
    assert wants_password(onward)
    assert not alert(onward)
