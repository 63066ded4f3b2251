"""The FastAPI docs page in a real browser: authorize, sign in, consent, try it out."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.wait import WebDriverWait

from tests.demo.authorization_server.stage import CAST
from tests.demo.chromium import addresses_asked, chromium

SECONDS = 30


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """Give a browser that was never used."""
    with chromium(tmp_path) as opened:
        yield opened


def find(browser: Chrome, selector: str) -> WebElement:
    """Return what *selector* names, once it can be clicked."""
    found = element_to_be_clickable((By.CSS_SELECTOR, selector))
    return WebDriverWait(browser, SECONDS).until(found)


@pytest.mark.needs("chromium", "chromedriver")
def test_its_authorize_button_brings_a_token_that_works(browser: Chrome, origin: str) -> None:
    """With the public client, by code flow and PKCE, and without a request to any other host."""
    browser.get(f"{origin}/v1/fastapi/docs")
    find(browser, ".scheme-container .btn.authorize").click()
    find(browser, ".modal-ux .btn.authorize").click()
    docs = browser.current_window_handle
    (pages,) = set(_windows(browser, 2)) - {docs}
    browser.switch_to.window(pages)
    find(browser, "#username").send_keys("ada")
    find(browser, "#password").send_keys(CAST["resource_owners"]["ada"]["password"])
    find(browser, "button[value=sign-in]").click()
    find(browser, "button[value=allow]").click()
    _windows(browser, 1)
    browser.switch_to.window(docs)
    find(browser, ".modal-ux .btn-done").click()

    find(browser, ".opblock-summary-control").click()
    find(browser, ".try-out__btn").click()
    find(browser, ".execute").click()
    answer = find(browser, ".live-responses-table .response").text
    assert answer.startswith("200")
    assert "Ada Lovelace" in answer

    asked = addresses_asked(browser)
    assert any("/v1/auth/oauth2/authorize" in each for each in asked)
    assert {urlsplit(each).netloc for each in asked} == {urlsplit(origin).netloc}


def _windows(browser: Chrome, number: int) -> list[str]:
    """Return the windows, once there are so many."""
    WebDriverWait(browser, SECONDS).until(lambda one: len(one.window_handles) == number)
    return browser.window_handles
