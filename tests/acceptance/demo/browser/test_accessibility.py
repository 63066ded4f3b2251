"""Every page of the demo has no violation that axe-core finds, in light and in dark."""

from typing import Any, Literal, get_args

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.demo.browser.visit import Visit
from tests.needs import NODE_PACKAGES

Scheme = Literal["light", "dark"]
pytestmark = pytest.mark.needs("chromium", "axe-core")
_AXE = NODE_PACKAGES / "node_modules" / "axe-core" / "axe.min.js"
#: Shows each violation with the elements that have it.
_RUN = """async () => (await axe.run()).violations.map(
    (each) => [each.id, each.help, ...each.nodes.map((node) => node.html)]
)"""


def violations(page: Page, scheme: Scheme) -> list[Any]:
    """Return what axe-core finds on *page* in the colours of *scheme*."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(_RUN)
    return [[scheme, page.url, *each] for each in found]


def check(visit: Visit) -> None:
    """Check the page that is open, in both schemes."""
    found = [each for scheme in get_args(Scheme) for each in violations(visit.page, scheme)]
    assert not found


def test_every_step_of_the_code_flow_is_accessible(visit: Visit) -> None:
    """From the first page to the data, with an opened message and a result."""
    visit.open()
    check(visit)
    visit.press("Walk the code flow")
    visit.lit(1)
    check(visit)
    visit.press("Go to the authorization server")
    visit.sees("Sign in")
    check(visit)
    visit.sign_in()
    visit.sees("People Explorer asks for access")
    check(visit)
    visit.press("Allow")
    visit.lit(*range(1, 6))
    check(visit)
    visit.press("Exchange the code for a token")
    visit.press("Steal a token that is bound to a key")
    visit.page.locator("#message-6 summary").click()
    expect(visit.page.locator("#result")).to_be_visible()
    check(visit)
    visit.press("Call the API with the token")
    visit.sees("The people that")
    check(visit)


def test_every_step_of_the_password_flow_is_accessible(visit: Visit) -> None:
    """With its code samples, and with a rejected password."""
    visit.start("password")
    check(visit)
    visit.press("Call the API with the token")
    visit.sees("The people that")
    check(visit)
    visit.open()
    visit.page.get_by_label("Its password").fill("wrong")
    visit.press("Walk the password flow")
    expect(visit.alert()).to_be_visible()
    check(visit)


def test_denied_consent_is_accessible(visit: Visit) -> None:
    """It is the shortest page of a walk."""
    visit.start()
    visit.consent(decision="Deny")
    visit.sees("Access was denied")
    check(visit)


def test_registration_is_accessible(visit: Visit) -> None:
    """Before and after a client is registered, at the client application."""
    visit.open("/clients")
    check(visit)
    visit.page.get_by_label("Name").fill("Mine")
    visit.press("Register")
    visit.sees("Mine")
    check(visit)


@pytest.mark.parametrize("path", ["/", "/v1/auth/clients/new", "/v1/auth/oauth2/authorize"])
def test_page_of_the_authorization_server_is_accessible(visit: Visit, path: str) -> None:
    """The last one shows an error, since the request is empty."""
    visit.page.goto(visit.at.origin + path)
    check(visit)
    visit.errors.clear()  # the status of the error


def test_registration_at_the_authorization_server_is_accessible(visit: Visit) -> None:
    """With a mistake, and after it is corrected."""
    visit.page.goto(f"{visit.at.origin}/v1/auth/clients/new")
    visit.page.get_by_label("Name").fill("Mine")
    visit.page.get_by_label("Redirect addresses").fill("javascript:alert(1)")
    visit.press("Register")
    check(visit)
    visit.errors.clear()  # the status of the mistake
    visit.page.get_by_label("Redirect addresses").fill("https://mine.example/callback")
    visit.press("Register")
    visit.sees("Mine is registered")
    check(visit)


def test_error_page_is_accessible(visit: Visit) -> None:
    """Here for a walk that is not of this session."""
    visit.open("/walks/unknown")
    check(visit)
    visit.errors.clear()  # the status of the page
