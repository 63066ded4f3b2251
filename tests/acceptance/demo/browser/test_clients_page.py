"""Registration in a browser: an id and a secret, shown once, which work immediately."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.demo.browser.visit import Visit

pytestmark = pytest.mark.needs("chromium")


def test_registered_client_is_used_and_its_secret_is_shown_once(visit: Visit) -> None:
    """A reload registers no second client."""
    visit.open()
    visit.press("Register your own client", "link")
    visit.page.get_by_label("Name").fill("My first client")
    visit.press("Register")
    card = visit.page.get_by_role("region", name="My first client")
    expect(card).to_contain_text("Copy it now")
    expect(card.locator(".client-secret")).not_to_be_empty()
    visit.page.reload()
    expect(card).to_have_count(1)
    expect(card).to_contain_text("The secret was shown once")
    expect(card.locator(".client-secret")).to_have_count(0)
    visit.press("Walk the code flow with it")
    visit.press("Go to the authorization server")
    visit.sign_in("grace")
    visit.sees("My first client asks for access")
    visit.press("Allow")
    visit.press("Exchange the code for a token")
    visit.press("Call the API with the token")
    visit.sees("The people that Grace Hopper may see")


def test_name_of_ten_thousand_characters_registers_no_client(visit: Visit) -> None:
    """The field takes 200; a form without this limit gets a sentence."""
    visit.open("/clients")
    field = visit.page.get_by_label("Name")
    field.fill("x" * 10_000)
    field.evaluate("each => { each.removeAttribute('maxlength'); }")
    field.fill("x" * 10_000)
    visit.press("Register")
    expect(visit.alert()).to_contain_text("1 to 200 characters")
    expect(visit.page.locator(".client-id")).to_have_count(0)


def test_javascript_redirect_is_rejected_by_the_registration_page(visit: Visit) -> None:
    """The message names the line and what to write instead."""
    visit.page.goto(f"{visit.at.origin}/v1/auth/clients/new")
    visit.page.get_by_label("Name").fill("Trick")
    visit.page.get_by_label("Redirect addresses").fill("javascript:alert(document.cookie)")
    visit.press("Register")
    expect(visit.alert()).to_contain_text("line 1 can't be used")
    expect(visit.page.get_by_label("Name")).to_have_value("Trick")
    visit.errors.clear()  # the status of the page
