"""Copy buttons: they copy a sample, an id and a secret, and are not there without a script."""

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.demo.browser.visit import Visit, visiting
from tests.acceptance.demo.running import Walk

pytestmark = pytest.mark.needs("chromium")
_CLIPBOARD = ["clipboard-read", "clipboard-write"]


def clipboard(visit: Visit) -> str:
    """Return the text of the clipboard."""
    return str(visit.page.evaluate("navigator.clipboard.readText()"))


def test_sample_is_copied_as_it_is_shown(visit: Visit) -> None:
    """By the keyboard; the button says that it was done."""
    visit.page.context.grant_permissions(_CLIPBOARD)
    visit.people()
    visit.page.get_by_text("Python with httpx", exact=True).click()
    button = visit.page.get_by_role("button", name="Copy code-httpx.py")
    button.press("Enter")
    expect(visit.page.get_by_role("button", name="Copied")).to_be_visible()
    expect(visit.page.get_by_role("status").last).to_have_text("Copied")
    assert clipboard(visit) == visit.page.locator("#sample-2").text_content()
    expect(button).to_be_visible()  # with its name again


def test_id_and_secret_of_an_own_client_are_copied(visit: Visit) -> None:
    """The secret is shown once, so copying it must be easy."""
    visit.page.context.grant_permissions(_CLIPBOARD)
    visit.open("/clients")
    visit.page.get_by_label("Name").fill("Mine")
    visit.press("Register")
    for name, place in (("Copy the id", ".client-id"), ("Copy the secret", ".client-secret")):
        visit.press(name)
        expect(visit.page.get_by_role("status")).to_have_text("Copied")
        assert clipboard(visit) == visit.page.locator(place).text_content()


def test_refused_clipboard_is_explained(chromium: Browser, walk: Walk) -> None:
    """The text can be selected."""
    with visiting(chromium, walk) as visit:
        visit.page.add_init_script(
            "navigator.clipboard.writeText = () => Promise.reject(new Error('refused'))"
        )
        visit.open("/clients")
        visit.page.get_by_label("Name").fill("Mine")
        visit.press("Register")
        visit.press("Copy the id")
        expect(visit.page.get_by_role("button", name="select the text")).to_be_visible()


def test_page_without_javascript_has_no_copy_button(chromium: Browser, walk: Walk) -> None:
    """The samples are there, and can be selected."""
    with visiting(chromium, walk, java_script_enabled=False) as visit:
        visit.people()
        visit.page.get_by_text("Python with httpx", exact=True).click()
        expect(visit.page.locator("#sample-2")).to_be_visible()
        expect(visit.page.locator("button.copy").first).to_be_hidden()
