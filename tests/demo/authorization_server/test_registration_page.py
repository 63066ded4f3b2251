"""Registration by people: the form, the secret shown once, and the next step."""

from typing import Any

import pytest
from bs4 import Tag

from tests.demo.authorization_server.stage import Stage, accepted, alert, basic, soup

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
    "typed",
    [
        pytest.param({"kind": "web", "redirect_uris": ""}, id="no address"),
        pytest.param({"kind": "web", "redirect_uris": "http://a.test/"}, id="bad address"),
        pytest.param({"kind": "other", "redirect_uris": "https://a.test/"}, id="unknown kind"),
        pytest.param({"kind": "service", "client_name": ""}, id="no name"),
        pytest.param({"kind": "service", "scope": "admin"}, id="unknown scope"),
    ],
)
async def test_a_mistake_is_said_and_nothing_typed_is_lost(
    stage: Stage, typed: dict[str, str]
) -> None:
    """The form comes back filled in."""
    form = await stage.http.get(PAGE)
    page = await stage.submit(form, **({"client_name": "<Mine>", "scope": "write"} | typed))
    assert page.status_code == 400
    assert alert(page)
    name = soup(page).find(id="client_name")
    assert isinstance(name, Tag)
    assert name["value"] == typed.get("client_name", "<Mine>")


async def test_a_form_from_elsewhere_registers_nothing(stage: Stage) -> None:
    """It lacks our value."""
    form = await stage.http.get(PAGE)
    page = await stage.submit(form, anti_forgery="", client_name="Mine", kind="service")
    assert page.status_code == 403
    assert soup(page).find(id="client-id") is None
