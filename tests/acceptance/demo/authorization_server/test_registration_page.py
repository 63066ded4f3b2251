"""Client registration by people: the form, the secret shown once, and the next step."""

from typing import Any

import pytest
from bs4 import Tag

from tests.acceptance.demo.authorization_server.harness import (
    CHALLENGE,
    Harness,
    alert,
    basic,
    ok_json,
    soup,
)

PAGE = "/v1/auth/clients/new"


def shown(page: Any, name: str) -> str:
    """Return what *page* shows under the id *name*."""
    found = soup(page).find(id=name)
    assert isinstance(found, Tag)
    return found.get_text()


async def test_registered_service_gets_a_token_with_the_shown_secret(harness: Harness) -> None:
    """The page shows id and secret, and a command that uses them."""
    form = await harness.http.get(PAGE)
    page = await harness.submit(form, client_name="Nightly", kind="service", scope="read")
    assert page.status_code == 201
    client_id, secret = shown(page, "client-id"), shown(page, "client-secret")
    assert f"curl -u '{client_id}:{secret}'" in soup(page).text
    headers = basic(client_id, secret)
    ok_json(await harness.post("token", headers, grant_type="client_credentials"))


async def test_registered_app_gets_no_secret_and_completes_the_code_flow(harness: Harness) -> None:
    """The page shows how its code is redeemed."""
    form = await harness.http.get(PAGE)
    uris = "http://127.0.0.1/cb\r\ncom.example.app:/cb\r\n"
    page = await harness.submit(form, client_name="App", kind="native", redirect_uris=uris)
    assert soup(page).find(id="client-secret") is None
    assert f"-d client_id={shown(page, 'client-id')}" in soup(page).text
    consent = await harness.consent(
        shown(page, "client-id"), redirect_uri="http://127.0.0.1:5555/cb"
    )
    assert consent["code"]


async def test_registered_web_application_gets_a_secret(harness: Harness) -> None:
    """It completes the code flow."""
    form = await harness.http.get(PAGE)
    uri = "https://client.example/cb"
    page = await harness.submit(form, client_name="Web", kind="web", redirect_uris=uri)
    assert f":{shown(page, 'client-secret')}' \\" in soup(page).text
    assert (await harness.consent(shown(page, "client-id")))["code"]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        pytest.param({"client_name": " "}, "client_name", "Name: write how", id="no name"),
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
async def test_invalid_field_is_reported_beside_the_filled_form(
    harness: Harness, fields: dict[str, str], field: str, message: str
) -> None:
    """The form keeps its values, focuses the invalid field and names its label in the message."""
    form = await harness.http.get(PAGE)
    filled = {"client_name": "<Mine>", "kind": "web", "redirect_uris": "https://a.test/"} | fields
    page = await harness.submit(form, **filled)
    assert page.status_code == 400
    assert message in alert(page)
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
async def test_values_that_the_form_does_not_offer_register_no_client(
    harness: Harness, sent: dict[str, str]
) -> None:
    """The status is 400, with a message."""
    form = await harness.http.get(PAGE)
    page = await harness.submit(form, **({"client_name": "Mine", "kind": "service"} | sent))
    assert page.status_code == 400
    assert alert(page)


async def test_shown_authorization_address_opens_the_sign_in_page(harness: Harness) -> None:
    """The reader only fills in the challenge."""
    form = await harness.http.get(PAGE)
    fields = {"client_name": "App", "kind": "web", "redirect_uris": "https://a.test/cb?x=1"}
    page = await harness.submit(form, **fields)
    address = shown(page, "authorization-address").replace("CHALLENGE", CHALLENGE)
    assert soup(await harness.http.get(address)).find(id="password")
    assert soup(page).find("a", href="/")


async def test_registration_form_without_the_anti_forgery_value_is_rejected(
    harness: Harness,
) -> None:
    """No client is registered."""
    form = await harness.http.get(PAGE)
    page = await harness.submit(form, anti_forgery="", client_name="Mine", kind="service")
    assert page.status_code == 403
    assert soup(page).find(id="client-id") is None
