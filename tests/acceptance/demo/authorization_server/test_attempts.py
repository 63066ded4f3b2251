"""Wrong passwords and client secrets are limited, for each name and each caller."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    ORIGIN,
    Harness,
    alert,
    basic,
    error_of,
    redirect_parameters,
    soup,
)

FREE = 5
SERVICE = {"grant_type": "client_credentials"}
PASSWORD_CLIENT = "demo-service"


async def wrong_secret(harness: Harness, client_id: str = "demo-service") -> httpx.Response:
    """Send a wrong client secret."""
    return await harness.post("token", basic(client_id, "wrong"), **SERVICE)


async def right_secret(harness: Harness) -> httpx.Response:
    """Send the right client secret."""
    return await harness.post("token", basic("demo-service"), **SERVICE)


async def wrong_password(harness: Harness, name: str = "ada") -> httpx.Response:
    """Send a wrong password with the form of the sign-in page."""
    page = await harness.authorize()
    return await harness.submit(page, username=name, password="wrong", action="sign-in")


def stranger(harness: Harness, address: str = "192.0.2.7") -> Harness:
    """Return a harness for another browser, at another *address*, of the same server."""
    transport = harness.http._transport  # noqa: SLF001 - the client has no other way to its application
    assert isinstance(transport, httpx.ASGITransport)
    elsewhere = httpx.ASGITransport(transport.app, client=(address, 1))
    return Harness(httpx.AsyncClient(transport=elsewhere, base_url=ORIGIN), harness.clock)


@pytest.mark.parametrize("client_id", ["demo-service", "demo-web", "nobody"])
async def test_client_secret_is_not_checked_after_five_wrong_ones(
    harness: Harness, client_id: str
) -> None:
    """An unknown client gets the same responses, so they do not show which clients exist."""
    for _ in range(FREE):
        assert error_of(await wrong_secret(harness, client_id)) == (401, "invalid_client")
    paused = await wrong_secret(harness, client_id)
    assert error_of(paused) == (429, "temporarily_unavailable")
    assert paused.headers["retry-after"] == "1"
    assert paused.headers["cache-control"] == "no-store"


async def test_right_secret_is_accepted_after_the_pause_and_ends_the_series(
    harness: Harness,
) -> None:
    """The right secret is not checked during the pause: it would show that it is right."""
    for _ in range(FREE):
        await wrong_secret(harness)
    assert (await right_secret(harness)).status_code == 429
    harness.clock.now += 1
    assert (await right_secret(harness)).status_code == 200
    for _ in range(FREE):
        assert (await wrong_secret(harness)).status_code == 401


async def test_pauses_double_up_to_a_minute(harness: Harness) -> None:
    """An attempt during a pause does not make it longer."""
    pauses = []
    for _ in range(FREE):
        await wrong_secret(harness)
    for _ in range(8):
        pauses.append(int((await right_secret(harness)).headers["retry-after"]))
        harness.clock.now += pauses[-1]
        await wrong_secret(harness)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_series_ends_fifteen_minutes_after_the_last_attempt(harness: Harness) -> None:
    """Its record is deleted by the next failure of anyone."""
    for _ in range(FREE):
        await wrong_secret(harness)
    harness.clock.now += 15 * 60
    for _ in range(FREE):
        assert (await wrong_secret(harness)).status_code == 401
    assert (await wrong_secret(harness)).status_code == 429


@pytest.mark.parametrize(
    ("endpoint", "data"),
    [("introspect", {"token": "x"}), ("revoke", {"token": "x"}), ("token", SERVICE)],
)
async def test_secrets_are_limited_at_every_endpoint_together(
    harness: Harness, endpoint: str, data: dict[str, Any]
) -> None:
    """Both methods of client authentication count."""
    secret = {"client_id": "demo-api", "client_secret": "wrong"}
    for _ in range(FREE - 1):
        await wrong_secret(harness, "demo-api")
    assert (await harness.post(endpoint, **data, **secret)).status_code == 401
    assert (await harness.post(endpoint, **data, **secret)).status_code == 429
    assert (await harness.post(endpoint, basic("demo-api"), **data)).status_code == 429


async def test_wrong_secrets_of_a_stranger_do_not_count_against_the_client(
    harness: Harness,
) -> None:
    """Each address has its own limit."""
    other = stranger(harness)
    for _ in range(20):
        await wrong_secret(other)
    assert (await right_secret(other)).status_code == 429
    assert (await right_secret(harness)).status_code == 200
    await other.http.aclose()


async def test_parallel_attempts_are_counted_one_by_one(harness: Harness) -> None:
    """Check and count are one transaction."""
    responses = await asyncio.gather(*(wrong_secret(harness) for _ in range(20)))
    codes = sorted(each.status_code for each in responses)
    assert codes == [401] * FREE + [429] * (20 - FREE)


@pytest.mark.parametrize("name", ["svc-etl", "nobody"])
async def test_passwords_of_service_accounts_are_limited(harness: Harness, name: str) -> None:
    """The client authenticates correctly each time, and is not limited."""
    data = {"grant_type": "password", "username": name, "password": "wrong"}
    for _ in range(FREE):
        assert error_of(await harness.post("token", basic(PASSWORD_CLIENT), **data))[0] == 400
    assert error_of(await harness.post("token", basic(PASSWORD_CLIENT), **data))[0] == 429
    assert (await right_secret(harness)).status_code == 200


@pytest.mark.parametrize("name", ["ada", "nobody"])
async def test_passwords_of_people_are_limited(harness: Harness, name: str) -> None:
    """The page says how long to wait, and the password of the account is not checked."""
    for _ in range(FREE):
        assert "do not go together" in alert(await wrong_password(harness, name))
    page = await harness.authorize()
    password = CREDENTIALS["resource_owners"]["ada"]["password"]
    paused = await harness.submit(page, username=name, password=password, action="sign-in")
    assert (paused.status_code, paused.headers["retry-after"]) == (429, "1")
    assert alert(paused) == "Too many attempts failed. Please wait 1 seconds and try again."
    assert soup(paused).find(id="password")
    harness.clock.now += 1
    if name == "ada":
        await harness.sign_in(await harness.authorize())


async def test_browser_that_has_signed_in_before_is_not_paused_by_others_at_its_address(
    harness: Harness,
) -> None:
    """Its own wrong passwords are limited too."""
    await harness.consent()
    other = stranger(harness, "127.0.0.1")
    for _ in range(20):
        await wrong_password(other)
    page = await harness.authorize(prompt="login")
    await harness.sign_in(page)
    for _ in range(FREE):
        page = await harness.authorize(prompt="login")
        await harness.submit(page, username="ada", password="wrong", action="sign-in")
    page = await harness.authorize(prompt="login")
    password = CREDENTIALS["resource_owners"]["ada"]["password"]
    paused = await harness.submit(page, username="ada", password=password, action="sign-in")
    assert paused.status_code == 429
    await other.http.aclose()


async def test_cookie_of_a_known_browser_is_for_one_name_and_can_not_be_made_up(
    harness: Harness,
) -> None:
    """With a cookie for another name, the address is limited."""
    await harness.consent()
    other = stranger(harness, "127.0.0.1")
    for _ in range(FREE):
        await wrong_password(other, "grace")
    for cookie in (harness.http.cookies["demo_device"], "0" * 64):
        another = stranger(harness, "127.0.0.1")
        another.http.cookies.set("demo_device", cookie, path="/v1/auth")
        assert (await wrong_password(another, "grace")).status_code == 429
        await another.http.aclose()
    await other.http.aclose()


async def test_code_is_spent_by_three_attempts_to_redeem_it(harness: Harness) -> None:
    """A wrong verifier may be corrected once or twice, but not guessed."""
    code = (await harness.consent())["code"]
    for _ in range(3):
        wrong = await harness.redeem(code, code_verifier="w" * 43)
        assert error_of(wrong) == (400, "invalid_grant")
    assert error_of(await harness.redeem(code)) == (400, "invalid_grant")
    page = await harness.authorize()
    other = redirect_parameters(await harness.submit(page, action="allow"))["code"]
    await harness.redeem(other, code_verifier="w" * 43)
    assert (await harness.redeem(other)).status_code == 200
