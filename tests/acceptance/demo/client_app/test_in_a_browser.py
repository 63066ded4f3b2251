"""The client application in a real browser: arrows light up while the messages travel."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.acceptance.demo.authorization_server.harness import CREDENTIALS
from tests.acceptance.demo.chromium import chromium, requested_addresses
from tests.acceptance.demo.running import Walk

SECONDS = 30
pytestmark = pytest.mark.needs("chromium", "chromedriver")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """Yield a browser with an empty profile; check that no page logged an error."""
    with chromium(tmp_path) as opened:
        yield opened
        severe = [
            each
            for each in opened.get_log("browser")  # type: ignore[no-untyped-call]  # selenium leaves it so
            if each["level"] == "SEVERE"
        ]
        assert not severe


def press(browser: Chrome, name: str) -> None:
    """Press the button or link *name* once it is there."""
    path = f"//*[self::button or self::a][normalize-space()='{name}']"

    def pressed(one: Chrome) -> bool:
        one.find_element(By.XPATH, path).click()
        return True

    _wait(browser, pressed)


def lit(browser: Chrome) -> list[str]:
    """Return the ids of the arrows that are lit."""
    script = "return [...document.querySelectorAll('.lit.arrow')].map((each) => each.id)"
    found: list[str] = browser.execute_script(script)
    return found


def sign_in(browser: Chrome, name: str = "ada") -> None:
    """Sign *name* in on the page of the authorization server, by the keyboard, and consent."""
    password = CREDENTIALS["resource_owners"][name]["password"]

    def signed_in(one: Chrome) -> bool:
        one.find_element(By.ID, "username").send_keys(name)
        one.find_element(By.ID, "password").send_keys(password, Keys.ENTER)
        return True

    _wait(browser, signed_in)
    press(browser, "Allow")


def _wait(browser: Chrome, done: Callable[[Chrome], bool]) -> None:
    """Wait until *done* returns true; a page that is just loading counts as not done."""
    WebDriverWait(browser, SECONDS, ignored_exceptions=[WebDriverException]).until(done)


def test_arrows_light_up_and_open_to_their_requests(browser: Chrome, walk: Walk) -> None:
    """Nothing is loaded from another host, and each arrow leads to its message."""
    browser.get(walk.client_origin.replace("127.0.0.1", "localhost"))
    assert browser.current_url == f"{walk.client_origin}/"
    press(browser, "Walk the code flow")
    press(browser, "Go to the authorization server")
    sign_in(browser)
    press(browser, "Exchange the code for a token")
    press(browser, "Call the API with the token")
    _wait(browser, lambda one: len(lit(one)) == 9)
    browser.find_element(By.ID, "arrow-6").send_keys(Keys.ENTER)

    def shown(one: Chrome) -> bool:
        text = one.find_element(By.CSS_SELECTOR, "#message-6[open]").text
        return "grant_type=authorization_code" in text and "access_token" in text

    _wait(browser, shown)
    hosts = {urlsplit(each).netloc for each in requested_addresses(browser)}
    assert {host.partition(":")[0] for host in hosts} == {"127.0.0.1", "localhost"}


def test_arrow_lights_up_on_the_open_page(browser: Chrome, walk: Walk) -> None:
    """Another tab performs the step; the script of this page shows it without a reload."""
    browser.get(walk.client_origin)
    press(browser, "Walk the code flow")
    _wait(browser, lambda one: lit(one) == ["arrow-1"])
    page, address = browser.current_window_handle, browser.current_url
    browser.switch_to.new_window("tab")
    browser.get(address)
    press(browser, "Go to the authorization server")
    sign_in(browser)
    _wait(browser, lambda one: len(lit(one)) == 5)
    browser.switch_to.window(page)
    assert "Step 1" in browser.find_element(By.ID, "next").text
    _wait(browser, lambda one: len(lit(one)) == 5)


@pytest.mark.parametrize(
    ("width", "tall"), [(360, 740), (740, 360)], ids=["upright", "on its side"]
)
def test_page_fits_a_phone(browser: Chrome, walk: Walk, width: int, tall: int) -> None:
    """Nothing is wider than the screen."""
    size = {"width": width, "height": tall, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(walk.client_origin)
    press(browser, "Walk the password flow")
    press(browser, "Call the API with the token")
    _wait(browser, lambda one: len(lit(one)) == 5)
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide == width
