"""The walk in a browser: both flows, two owners, a denial, tabs, the back button and phones."""

from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.demo.browser.visit import Visit, visiting
from tests.acceptance.demo.running import Walk

ALL = range(1, 10)
pytestmark = pytest.mark.needs("chromium")


def test_code_flow_lights_each_message_and_opens_it(visit: Visit) -> None:
    """The client never knows the password; an arrow leads to its request and response."""
    visit.start()
    visit.sees("Step 1: the request")
    visit.lit(1)
    visit.press("Go to the authorization server")
    visit.sees("Sign in")
    for shown in ("Authorization server", "ada with engine-no-1843"):
        expect(visit.page.get_by_role("main")).to_contain_text(shown)
    visit.sign_in()
    visit.sees("People Explorer asks for access")
    expect(visit.page.get_by_role("main")).to_contain_text("See who you are")
    visit.press("Allow")
    visit.sees("Step 3: the token")
    visit.lit(*range(1, 6))
    visit.press("Exchange the code for a token")
    visit.sees("Step 4: the resource")
    visit.press("Call the API with the token")
    visit.sees("The people that Ada Lovelace may see")
    visit.lit(*ALL)
    assert "Password" in visit.known_by("Authorization server")
    assert "Password" not in visit.known_by("Client")
    assert "Access token" in visit.known_by("Resource server")

    visit.page.get_by_role("link", name="6 Code, verifier").press("Enter")
    message = visit.page.locator("#message-6[open]")
    expect(message).to_contain_text("grant_type=authorization_code")
    expect(message).to_contain_text("access_token")


def test_password_flow_says_that_the_client_sees_the_password(visit: Visit) -> None:
    """It has no page of the authorization server, and the page says whom it is for."""
    visit.open()
    expect(visit.page.get_by_text("RFC 9700 therefore forbids this flow")).to_be_visible()
    visit.press("Walk the password flow")
    assert "Password" in visit.known_by("Client")
    visit.press("Call the API with the token")
    visit.sees("The people that Nightly ETL may see")
    visit.lit(*range(1, 6))
    assert len(set(visit.page.locator("tbody td:last-child").all_inner_texts())) > 1


def test_second_owner_sees_other_people(visit: Visit, chromium: Browser, walk: Walk) -> None:
    """Each signs in with a browser of their own."""
    visit.people("ada")
    with visiting(chromium, walk) as other:
        other.people("grace")
        theirs = set(other.page.locator("tbody td:last-child").all_inner_texts())
    assert set(visit.page.locator("tbody td:last-child").all_inner_texts()) == {"Engineering"}
    assert theirs == {"Finance"}


def test_denied_consent_leaves_the_client_without_a_code(visit: Visit) -> None:
    """The page says so, and offers no next step."""
    visit.start()
    visit.consent(decision="Deny")
    visit.sees("Access was denied")
    expect(visit.page.get_by_role("button")).to_have_count(0)
    assert "Authorization code" not in visit.known_by("Client")


def test_wrong_password_is_explained_on_the_sign_in_page(visit: Visit, walk: Walk) -> None:
    """The person stays there and can try again; Chromium reports the status as an error."""
    visit.start()
    visit.press("Go to the authorization server")
    visit.page.get_by_label("Name").fill("ada")
    visit.page.get_by_label("Password").fill("wrong")
    visit.press("Sign in")
    expect(visit.alert()).to_be_visible()
    assert visit.page.url.startswith(walk.origin)
    visit.errors.clear()
    visit.sign_in()
    visit.sees("People Explorer asks for access")


def test_message_lights_up_on_the_open_page(visit: Visit) -> None:
    """Another tab performs the step; the script of this page shows it without a reload."""
    visit.start()
    visit.lit(1)
    other = Visit(visit.page.context.new_page(), visit.at)
    other.page.goto(visit.page.url)
    other.consent()
    other.sees("Step 3: the token")
    visit.lit(*range(1, 6))
    visit.sees("Step 1: the request")
    expect(visit.page.get_by_role("status").first).to_contain_text("was seen")


def test_two_tabs_walk_two_flows(visit: Visit) -> None:
    """Each response belongs to the walk whose state it carries."""
    visit.start()
    second = Visit(visit.page.context.new_page(), visit.at)
    second.start()
    second.consent()
    second.sees("Step 3: the token")
    visit.press("Go to the authorization server")
    visit.press("Allow")
    visit.sees("Step 3: the token")
    assert visit.page.url != second.page.url
    for tab in (visit, second):
        tab.press("Exchange the code for a token")
        tab.press("Call the API with the token")
        tab.sees("The people that Ada Lovelace may see")


def test_back_button_after_consent_changes_nothing(visit: Visit) -> None:
    """The form of the consent can be sent again; the walk stays where it is."""
    visit.token()
    address = visit.page.url
    while "Allow access" not in visit.page.title():
        visit.page.go_back()
    visit.press("Allow")
    visit.sees("Step 4: the resource")
    assert visit.page.url == address


def test_localhost_leads_to_the_address_of_the_cookies(visit: Visit) -> None:
    """The walk then works."""
    visit.page.goto(visit.at.client_origin.replace("127.0.0.1", "localhost"))
    assert visit.page.url == f"{visit.at.client_origin}/"
    visit.press("Walk the code flow")
    visit.consent()
    visit.sees("Step 3: the token")


def test_localhost_of_the_authorization_server_leads_to_its_address(visit: Visit) -> None:
    """Its sign-in works from there too."""
    visit.page.goto(visit.at.origin.replace("127.0.0.1", "localhost"))
    assert visit.page.url == f"{visit.at.origin}/"


@pytest.mark.parametrize("flow", ["code", "password"])
def test_walk_works_without_javascript(
    chromium: Browser, walk: Walk, flow: Literal["code", "password"]
) -> None:
    """The messages are a list, which opens to requests and responses."""
    with visiting(chromium, walk, java_script_enabled=False) as visit:
        if flow == "code":
            visit.people()
        else:
            visit.start("password")
            visit.press("Call the API with the token")
        visit.sees("The people that")
        assert visit.page.locator("details.lit").count() == (9 if flow == "code" else 5)
        visit.page.locator("#message-4 summary").click()
        expect(visit.page.locator("#message-4")).to_contain_text("Request")


@pytest.mark.parametrize(
    ("width", "tall"), [(360, 740), (740, 360)], ids=["upright", "on its side"]
)
def test_pages_fit_a_phone(chromium: Browser, walk: Walk, width: int, tall: int) -> None:
    """Nothing is wider than the screen, at any step and with a result."""
    size = {"width": width, "height": tall}
    with visiting(chromium, walk, viewport=size, is_mobile=True, has_touch=True) as visit:

        def fits() -> None:
            visit.page.wait_for_load_state()
            wide = visit.page.evaluate("document.documentElement.scrollWidth")
            assert wide == width, visit.page.url

        visit.open()
        fits()
        visit.press("Walk the code flow")
        fits()
        visit.press("Go to the authorization server")
        fits()
        visit.sign_in()
        fits()
        visit.press("Allow")
        visit.press("Exchange the code for a token")
        visit.press("Call the API with the token")
        visit.press("Steal a token that is bound to a key")
        expect(visit.page.locator("#result")).to_be_visible()
        fits()
        visit.open("/clients")
        fits()
        for path in ("/", "/v1/auth/clients/new"):
            visit.page.goto(walk.origin + path)
            fits()


def test_walk_by_the_keyboard_alone(visit: Visit) -> None:
    """Tab reaches the button of each step; Enter presses it."""
    visit.open()

    def tab_to(name: str) -> None:
        for _ in range(40):
            visit.page.keyboard.press("Tab")
            focused = visit.page.evaluate("document.activeElement.textContent.trim()")
            if focused == name:
                visit.page.keyboard.press("Enter")
                return
        raise AssertionError(f"Tab does not reach {name}")

    tab_to("Walk the code flow")
    visit.sees("Step 1: the request")
    tab_to("Go to the authorization server")
    visit.sees("Sign in")
    visit.page.keyboard.type("ada")  # the field has the focus
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.type("engine-no-1843")
    visit.page.keyboard.press("Enter")
    visit.sees("People Explorer asks for access")
    tab_to("Allow")
    visit.sees("Step 3: the token")
    tab_to("Exchange the code for a token")
    visit.sees("Step 4: the resource")
    tab_to("Call the API with the token")
    visit.sees("The people that Ada Lovelace may see")


def test_redirect_of_localhost_keeps_path_and_query(walk: Walk) -> None:
    """So the authorization request is not lost."""
    response = httpx.get(
        f"{walk.origin}/v1/auth/oauth2/authorize?client_id=web",
        headers={"Host": "localhost:8000"},
        trust_env=False,
    )
    assert response.status_code == 307
    assert response.headers["location"] == f"{walk.origin}/v1/auth/oauth2/authorize?client_id=web"
