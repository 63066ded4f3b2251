"""The demo as uvicorn serves it: every grant, and what the API makes of the tokens."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from demo_api.roster import ROSTER
from tests.acceptance.demo.authorization_server.stage import (
    VERIFIER,
    Stage,
    accepted,
    answer_in,
    basic,
    refused,
    soup,
)
from tests.acceptance.demo.callers import bearer, client_itself, person, service_account

EMPLOYEES = "/v1/data/employees"


async def people_seen(visit: Stage, headers: dict[str, str]) -> set[str]:
    """Return the organisations of the people whom a caller sees."""
    employees = accepted(await visit.http.get(EMPLOYEES, headers=headers))["employees"]
    return {each["organisation"] for each in employees}


async def test_ada_and_grace_see_different_people(visit: Stage) -> None:
    """The code flow, by the forms of the pages: whoever signs in sees their own."""
    ada = await person(visit, "ada")
    visit.http.cookies.clear()  # the next one has a browser of her own
    grace = await person(visit, "grace")
    assert await people_seen(visit, ada) == {"Engineering"}
    assert await people_seen(visit, grace) == {"Finance"}


async def test_the_service_account_sees_everyone(visit: Stage) -> None:
    """The password flow, with a secret that must be encoded."""
    assert await people_seen(visit, await service_account(visit)) == set(ROSTER)


async def test_a_client_for_itself_sees_nobody(visit: Stage) -> None:
    """Client credentials: the client is known, and belongs nowhere."""
    headers = await client_itself(visit)
    assert accepted(await visit.http.get("/v1/me", headers=headers))["subject"] == "demo-service"
    assert await people_seen(visit, headers) == set()


async def test_a_client_registers_and_signs_people_in(visit: Stage) -> None:
    """RFC 7591: id and secret come back, and the code flow works with them."""
    home = "https://app.example/callback"
    asked = {"client_name": "New", "redirect_uris": [home]}
    client = accepted(await visit.http.post("/v1/auth/oauth2/register", json=asked))
    page = await visit.sign_in(await visit.authorize(client["client_id"]))
    assert "New" in page.text
    redirect = await visit.submit(page, action="allow")
    assert redirect.headers["location"].startswith(home)
    answer = await visit.post(
        "token",
        basic(client["client_id"], client["client_secret"]),
        grant_type="authorization_code",
        code=answer_in(redirect)["code"],
        code_verifier=VERIFIER,
    )
    me = await visit.http.get("/v1/me", headers=bearer(accepted(answer)["access_token"]))
    assert accepted(me)["client"] == client["client_id"]
    assert accepted(me)["display_name"] == "Ada Lovelace"


async def test_a_person_registers_a_client_on_the_page(visit: Stage) -> None:
    """The page shows id and secret, and both work."""
    page = await visit.http.get("/v1/auth/clients/new")
    shown = soup(await visit.submit(page, client_name="Night", kind="service", scope="read"))
    client_id, secret = (one.get_text() for one in shown.select("#client-id, #client-secret"))
    asked = {"grant_type": "client_credentials"}
    answer = accepted(await visit.post("token", basic(client_id, secret), **asked))
    me = await visit.http.get("/v1/me", headers=bearer(answer["access_token"]))
    assert accepted(me)["subject"] == client_id


async def test_a_refresh_token_works_once(visit: Stage) -> None:
    """It brings a token that is good, and a second use of it ends the family."""
    first = await visit.tokens()
    second = accepted(await visit.refresh(first["refresh_token"]))
    answer = await visit.http.get("/v1/me", headers=bearer(second["access_token"]))
    assert accepted(answer)["display_name"] == "Ada Lovelace"
    for spent in (first, second):
        assert refused(await visit.refresh(spent["refresh_token"])) == (400, "invalid_grant")


async def test_revocation_ends_the_refresh_token(visit: Stage) -> None:
    """The access token is a JWT and keeps working until it expires."""
    tokens = await visit.tokens()
    asked = {"token": tokens["refresh_token"]}
    assert (await visit.post("revoke", basic("demo-web"), **asked)).status_code == 200
    assert refused(await visit.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    accepted(await visit.http.get("/v1/me", headers=bearer(tokens["access_token"])))


@asynccontextmanager
async def listening(visit: Stage, headers: dict[str, str]) -> AsyncIterator[ClientConnection]:
    """Open the live socket as the caller with *headers*."""
    address = str(visit.http.base_url.copy_with(scheme="ws", path="/v1/data/live"))
    connection = connect(address, additional_headers=headers, proxy=None, open_timeout=10)
    async with connection as socket:
        yield socket


async def test_the_socket_tells_the_callers_own_headcount(visit: Stage) -> None:
    """It ticks at once and again, and follows who comes and goes."""
    ada = await person(visit, "ada", "read write")
    async with listening(visit, ada) as socket:
        before = json.loads(await socket.recv())["headcount"]
        assert list(before) == ["Engineering"]
        new = {"name": "Charles Babbage", "title": "Mechanic"}
        added = await visit.http.post(EMPLOYEES, json=new, headers=ada)
        assert json.loads(await socket.recv())["headcount"]["Engineering"] == (
            before["Engineering"] + 1
        )
    await visit.http.delete(added.headers["location"], headers=ada)


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        pytest.param(None, 401, id="no token"),
        pytest.param("write", 403, id="too little scope"),
    ],
)
async def test_the_socket_is_denied_before_it_opens(
    visit: Stage, scope: str | None, status: int
) -> None:
    """With the same status and challenge as any other path."""
    headers = await client_itself(visit, scope) if scope else {}
    with pytest.raises(InvalidStatus) as refusal:
        async with listening(visit, headers):
            pass
    response = refusal.value.response
    assert response.status_code == status
    assert response.headers["www-authenticate"].startswith("Bearer ")
