"""Registration by people: the form, the secret shown once, and the next step."""

from typing import Any

import pytest
from bs4 import Tag

from tests.acceptance.demo.authorization_server.stage import (
    CHALLENGE,
    Stage,
    accepted,
    alert,
    basic,
    soup,
)

PAGE = "/v1/auth/clients/new"


def shown(page: Any, name: str) -> str:
    """Return what *page* shows under the id *name*."""
    found = soup(page).find(id=name)
    assert isinstance(found, Tag)
    return found.get_text()


async def test_a_person_registers_a_service_and_it_works(stage: Stage) -> None:
    """The page shows id and secret, and a command that uses them."""
    form = await stage.http.get(PAGE)
    page = await stage.submit(form, client_name="Nightly", kind="service", scope="read")
    assert page.status_code == 201
    client_id, secret = shown(page, "client-id"), shown(page, "client-secret")
    assert f"curl -u '{client_id}:{secret}'" in soup(page).text
    headers = basic(client_id, secret)
    accepted(await stage.post("token", headers, grant_type="client_credentials"))


async def test_a_person_registers_an_app_without_a_secret(stage: Stage) -> None:
    """The page tells how its code is redeemed."""
    form = await stage.http.get(PAGE)
    uris = "http://127.0.0.1/cb\r\ncom.example.app:/cb\r\n"
    page = await stage.submit(form, client_name="App", kind="native", redirect_uris=uris)
    assert soup(page).find(id="client-secret") is None
    assert f"-d client_id={shown(page, 'client-id')}" in soup(page).text
    consent = await stage.consent(shown(page, "client-id"), redirect_uri="http://127.0.0.1:5555/cb")
    assert consent["code"]


async def test_a_person_registers_a_web_application(stage: Stage) -> None:
    """It gets a secret, and may refresh."""
    form = await stage.http.get(PAGE)
    uri = "https://client.example/cb"
    page = await stage.submit(form, client_name="Web", kind="web", redirect_uris=uri)
    assert f":{shown(page, 'client-secret')}' \\" in soup(page).text
    assert (await stage.consent(shown(page, "client-id")))["code"]


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        pytest.param({"client_name": " "}, "client_name", "Name: write what", id="no name"),
        pytest.param(
            {"client_name": "é" * 201}, "client_name", "Name: at most 200", id="long name"
        ),
        pytest.param({"client_name": "a\nb"}, "client_name", "Name: at most 200", id="two lines"),
        pytest.param({"redirect_uris": " \r\n"}, "redirect_uris", "at least one", id="no address"),
        pytest.param(
            {"redirect_uris": "http://a.test/"}, "redirect_uris", "line 1 can't", id="http"
        ),
        pytest.param(
            {"redirect_uris": "https://a.test/\r\n\r\nhttps://a.test/#b"},
            "redirect_uris",
            "line 3 can't",
            id="third line",
        ),
        pytest.param(
            {"redirect_uris": "https://a.test/ https://b.test/"},
            "redirect_uris",
            "line 1 can't",
            id="two on one line",
        ),
        pytest.param(
            {"redirect_uris": "https://a.test/\n" * 11}, "redirect_uris", "at most 10", id="eleven"
        ),
    ],
)
async def test_a_mistake_is_said_in_the_words_of_the_form(
    stage: Stage, typed: dict[str, str], field: str, words: str
) -> None:
    """The form comes back filled in, with the field at fault in focus and the mistake beside it."""
    form = await stage.http.get(PAGE)
    filled = {"client_name": "<Mine>", "kind": "web", "redirect_uris": "https://a.test/"} | typed
    page = await stage.submit(form, **filled)
    assert page.status_code == 400
    assert words in alert(page)
    (wrong,) = soup(page).select("[aria-invalid]")
    assert wrong["name"] == field
    assert [wrong] == soup(page).select("[autofocus]")
    for note in str(wrong["aria-describedby"]).split():
        assert soup(page).find(id=note)
    name = soup(page).find(id="client_name")
    assert isinstance(name, Tag)
    assert name["value"] == filled["client_name"]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"kind": "other"}, id="unknown kind"),
        pytest.param({"scope": "admin"}, id="unknown scope"),
    ],
)
async def test_what_no_browser_sends_registers_nothing(stage: Stage, sent: dict[str, str]) -> None:
    """The form offers no such choice."""
    form = await stage.http.get(PAGE)
    page = await stage.submit(form, **({"client_name": "Mine", "kind": "service"} | sent))
    assert page.status_code == 400
    assert alert(page)


async def test_the_next_step_begins_at_the_address_it_shows(stage: Stage) -> None:
    """With a challenge filled in it opens the sign-in page."""
    form = await stage.http.get(PAGE)
    typed = {"client_name": "App", "kind": "web", "redirect_uris": "https://a.test/cb?x=1"}
    page = await stage.submit(form, **typed)
    address = shown(page, "authorization-address").replace("CHALLENGE", CHALLENGE)
    assert soup(await stage.http.get(address)).find(id="password")
    assert soup(page).find("a", href="/")


async def test_a_form_from_elsewhere_registers_nothing(stage: Stage) -> None:
    """It lacks our value."""
    form = await stage.http.get(PAGE)
    page = await stage.submit(form, anti_forgery="", client_name="Mine", kind="service")
    assert page.status_code == 403
    assert soup(page).find(id="client-id") is None
