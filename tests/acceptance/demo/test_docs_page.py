"""FastAPI's docs page in a real browser: authorize, sign in, consent, try it out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import element_to_be_clickable
from selenium.webdriver.support.wait import WebDriverWait
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.acceptance.demo.authorization_server.harness import CREDENTIALS
from tests.acceptance.demo.chromium import chromium, requested_addresses
from tests.acceptance.demo.running import running
from tests.acceptance.documents import ROOT, python_blocks

SECONDS = 30


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """Yield a browser with an empty profile."""
    with chromium(tmp_path) as opened:
        yield opened


def find(browser: Chrome, selector: str) -> WebElement:
    """Return the element of *selector* once it can be clicked."""
    found = element_to_be_clickable((By.CSS_SELECTOR, selector))
    return WebDriverWait(browser, SECONDS).until(found)


@pytest.mark.needs("chromium", "chromedriver")
def test_authorize_button_obtains_a_token_that_works(browser: Chrome, origin: str) -> None:
    """It uses the public client with code flow and PKCE, and no request goes to another host."""
    browser.get(f"{origin}/v1/fastapi/docs")
    authorize(browser)
    response = call(browser)
    assert response.startswith("200")
    assert "Ada Lovelace" in response

    requested = requested_addresses(browser)
    assert any("/v1/auth/oauth2/authorize" in each for each in requested)
    assert {urlsplit(each).netloc for each in requested} == {urlsplit(origin).netloc}


@pytest.mark.needs("chromium", "chromedriver")
def test_fastapi_example_accepts_tokens_of_the_demo(browser: Chrome, origin: str) -> None:
    """It runs at another origin, with the changes that the page of the demo names."""
    with running(lambda own: fastapi_example(own, origin)) as own:
        browser.get(f"{own}/docs")
        authorize(browser)
        response = call(browser)
    assert response.startswith("200")
    assert "u-ada-" in response


def fastapi_example(own: str, demo: str) -> Starlette:
    """Return the application of docs/fastapi.md at *own*, with its issuer at *demo*."""
    (example,) = python_blocks(ROOT / "docs/fastapi.md")
    block = example.text
    for printed, instead in {
        '"https://api.example.com"': f'"{own}"',
        '"https://login.example.com"': f'"{demo}", audience="{demo}/v1"',
        "docs-page": "demo-cli",
        "https://login.example.com/": f"{demo}/v1/auth/oauth2/",
    }.items():
        assert printed in block
        block = block.replace(printed, instead)
    names: dict[str, Any] = {}
    exec(compile(block, example.page, "exec"), names)  # noqa: S102 - our own text
    return with_assets_at_hand(own, names["app"])


def with_assets_at_hand(own: str, app: Any) -> Starlette:
    """Serve what the docs page of *app* loads, which is on a CDN, from here."""
    transport = httpx.ASGITransport(app)

    async def docs(_: Request) -> HTMLResponse:
        async with httpx.AsyncClient(transport=transport, base_url=own) as client:
            page = (await client.get("/docs")).raise_for_status().text
        return HTMLResponse(re.sub(r'https://[^"]+/', "/assets/", page))

    assets = StaticFiles(packages=[("fastapi_offline", "static")])
    return Starlette(routes=[Route("/docs", docs), Mount("/assets", assets), Mount("/", app)])


def authorize(browser: Chrome) -> None:
    """Press Authorize, sign ada in on the page that opens, and consent."""
    find(browser, ".scheme-container .btn.authorize").click()
    find(browser, ".modal-ux .btn.authorize").click()
    docs = browser.current_window_handle
    (pages,) = set(_windows(browser, 2)) - {docs}
    browser.switch_to.window(pages)
    find(browser, "#username").send_keys("ada")
    find(browser, "#password").send_keys(CREDENTIALS["resource_owners"]["ada"]["password"])
    find(browser, "button[value=sign-in]").click()
    find(browser, "button[value=allow]").click()
    _windows(browser, 1)
    browser.switch_to.window(docs)
    find(browser, ".modal-ux .btn-done").click()


def call(browser: Chrome) -> str:
    """Try the first operation out; return the response that the page shows."""
    find(browser, ".opblock-summary-control").click()
    find(browser, ".try-out__btn").click()
    find(browser, ".execute").click()
    return find(browser, ".live-responses-table .response").text


def _windows(browser: Chrome, number: int) -> list[str]:
    """Return the windows once their number is *number*."""
    WebDriverWait(browser, SECONDS).until(lambda one: len(one.window_handles) == number)
    return browser.window_handles
