"""The demo as uvicorn serves it: every grant, and the API with its tokens."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from demo_api.roster import ROSTER
from tests.acceptance.demo.authorization_server.harness import (
    VERIFIER,
    Harness,
    basic,
    error_of,
    ok_json,
    redirect_parameters,
    soup,
)
from tests.acceptance.demo.callers import bearer, client_itself, person, service_account

EMPLOYEES = "/v1/data/employees"


async def people_seen(live_demo: Harness, headers: dict[str, str]) -> set[str]:
    """Return the organisations of the employees that a caller sees."""
    employees = ok_json(await live_demo.http.get(EMPLOYEES, headers=headers))["employees"]
    return {each["organisation"] for each in employees}


async def test_ada_and_grace_see_different_employees(live_demo: Harness) -> None:
    """Each signs in through the code flow, with the forms of the pages."""
    ada = await person(live_demo, "ada")
    live_demo.http.cookies.clear()  # the next person uses another browser
    grace = await person(live_demo, "grace")
    assert await people_seen(live_demo, ada) == {"Engineering"}
    assert await people_seen(live_demo, grace) == {"Finance"}


async def test_login_page_is_shown_again_for_prompt_login(live_demo: Harness) -> None:
    """The new sign-in removes an employee that the person added."""
    ada = await person(live_demo, "ada", "read write")
    new = {"name": "Charles Babbage", "title": "Mechanic"}
    added = await live_demo.http.post(EMPLOYEES, json=new, headers=ada)
    page = await live_demo.authorize(scope="read write", prompt="login")
    assert soup(page).find(id="password")
    redirect = await live_demo.submit(await live_demo.sign_in(page), action="allow")
    token = ok_json(await live_demo.redeem(redirect_parameters(redirect)["code"]))["access_token"]
    gone = await live_demo.http.delete(added.headers["location"], headers=bearer(token))
    assert gone.status_code == 204


async def test_service_account_sees_every_employee(live_demo: Harness) -> None:
    """It uses the password grant, with a client secret that must be encoded."""
    assert await people_seen(live_demo, await service_account(live_demo)) == set(ROSTER)


async def test_client_for_itself_sees_no_employee(live_demo: Harness) -> None:
    """The client is authenticated and belongs to no organisation."""
    headers = await client_itself(live_demo)
    assert ok_json(await live_demo.http.get("/v1/me", headers=headers))["subject"] == "demo-service"
    assert await people_seen(live_demo, headers) == set()


async def test_client_registered_by_a_program_signs_a_person_in(live_demo: Harness) -> None:
    """The code flow works with the id and secret of the response (RFC 7591)."""
    home = "https://app.example/callback"
    form = {"client_name": "New", "redirect_uris": [home]}
    client = ok_json(await live_demo.http.post("/v1/auth/oauth2/register", json=form))
    page = await live_demo.sign_in(await live_demo.authorize(client["client_id"]))
    assert "New" in page.text
    redirect = await live_demo.submit(page, action="allow")
    assert redirect.headers["location"].startswith(home)
    response = await live_demo.post(
        "token",
        basic(client["client_id"], client["client_secret"]),
        grant_type="authorization_code",
        code=redirect_parameters(redirect)["code"],
        code_verifier=VERIFIER,
    )
    me = await live_demo.http.get("/v1/me", headers=bearer(ok_json(response)["access_token"]))
    assert ok_json(me)["client"] == client["client_id"]
    assert ok_json(me)["display_name"] == "Ada Lovelace"


async def test_client_registered_on_the_page_gets_a_token(live_demo: Harness) -> None:
    """The page shows id and secret, and both work."""
    page = await live_demo.http.get("/v1/auth/clients/new")
    shown = soup(await live_demo.submit(page, client_name="Night", kind="service", scope="read"))
    client_id, secret = (one.get_text() for one in shown.select("#client-id, #client-secret"))
    form = {"grant_type": "client_credentials"}
    response = ok_json(await live_demo.post("token", basic(client_id, secret), **form))
    me = await live_demo.http.get("/v1/me", headers=bearer(response["access_token"]))
    assert ok_json(me)["subject"] == client_id


async def test_refresh_token_works_once(live_demo: Harness) -> None:
    """A second use revokes the family."""
    first = await live_demo.tokens()
    second = ok_json(await live_demo.refresh(first["refresh_token"]))
    response = await live_demo.http.get("/v1/me", headers=bearer(second["access_token"]))
    assert ok_json(response)["display_name"] == "Ada Lovelace"
    for spent in (first, second):
        assert error_of(await live_demo.refresh(spent["refresh_token"])) == (400, "invalid_grant")


async def test_revoked_refresh_token_is_rejected_and_its_jwt_lives_on(live_demo: Harness) -> None:
    """A JWT access token works until it expires."""
    tokens = await live_demo.tokens()
    form = {"token": tokens["refresh_token"]}
    assert (await live_demo.post("revoke", basic("demo-web"), **form)).status_code == 200
    assert error_of(await live_demo.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    ok_json(await live_demo.http.get("/v1/me", headers=bearer(tokens["access_token"])))


@asynccontextmanager
async def listening(live_demo: Harness, headers: dict[str, str]) -> AsyncIterator[ClientConnection]:
    """Open the live socket as the caller with *headers*."""
    address = str(live_demo.http.base_url.copy_with(scheme="ws", path="/v1/data/live"))
    connection = connect(address, additional_headers=headers, proxy=None, open_timeout=10)
    async with connection as socket:
        yield socket


async def test_websocket_sends_the_headcount_of_own_organisations(live_demo: Harness) -> None:
    """It sends one message immediately and one per second, and follows changes."""
    ada = await person(live_demo, "ada", "read write")
    async with listening(live_demo, ada) as socket:
        before = json.loads(await socket.recv())["headcount"]
        assert list(before) == ["Engineering"]
        new = {"name": "Charles Babbage", "title": "Mechanic"}
        added = await live_demo.http.post(EMPLOYEES, json=new, headers=ada)
        assert json.loads(await socket.recv())["headcount"]["Engineering"] == (
            before["Engineering"] + 1
        )
    await live_demo.http.delete(added.headers["location"], headers=ada)


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        pytest.param(None, 401, id="no token"),
        pytest.param("write", 403, id="insufficient scope"),
    ],
)
async def test_websocket_is_rejected_before_the_handshake(
    live_demo: Harness, scope: str | None, status: int
) -> None:
    """Status and challenge are those of any other path."""
    headers = await client_itself(live_demo, scope) if scope else {}
    with pytest.raises(InvalidStatus) as refusal:
        async with listening(live_demo, headers):
            pass
    response = refusal.value.response
    assert response.status_code == status
    bearer, dpop = response.headers.get_all("www-authenticate")
    assert bearer.startswith("Bearer ")
    assert dpop.startswith("DPoP ")
