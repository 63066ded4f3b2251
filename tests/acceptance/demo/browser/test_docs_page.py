"""FastAPI's docs page in a real browser: authorize, sign in, consent, try it out."""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.acceptance.demo.authorization_server.harness import CREDENTIALS
from tests.acceptance.demo.browser.visit import Visit
from tests.acceptance.demo.running import running
from tests.acceptance.documents import ROOT, python_blocks


@pytest.mark.needs("chromium")
def test_authorize_button_obtains_a_token_that_works(visit: Visit, origin: str) -> None:
    """It uses the public client with code flow and PKCE, and no request goes to another host."""
    visit.page.goto(f"{origin}/v1/fastapi/docs")
    authorize(visit.page)
    response = call(visit.page)
    assert response.startswith("200")
    assert "Ada Lovelace" in response
    assert visit.hosts == {urlsplit(origin).netloc}


@pytest.mark.needs("chromium")
def test_fastapi_example_accepts_tokens_of_the_demo(visit: Visit, origin: str) -> None:
    """It runs at another origin, with the changes that the page of the demo names."""
    with running(lambda own: fastapi_example(own, origin)) as own:
        visit.page.goto(f"{own}/docs")
        authorize(visit.page)
        response = call(visit.page)
    assert response.startswith("200")
    assert "u-ada-" in response
    visit.errors.clear()  # this page names no icon


def fastapi_example(own: str, demo: str) -> Starlette:
    """Return the application of docs/fastapi.md at *own*, with its issuer at *demo*."""
    example = next(
        block for block in python_blocks(ROOT / "docs/fastapi.md") if block.file_name == "orders.py"
    )
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


def authorize(page: Page) -> None:
    """Press Authorize, sign ada in on the page that opens, and consent."""
    page.locator(".scheme-container .btn.authorize").click()
    with page.expect_popup() as opened:
        page.locator(".modal-ux .btn.authorize").click()
    login = opened.value
    login.get_by_label("Name").fill("ada")
    login.get_by_label("Password").fill(CREDENTIALS["resource_owners"]["ada"]["password"])
    login.get_by_role("button", name="Sign in").click()
    with login.expect_event("close"):
        login.get_by_role("button", name="Allow").click()
    page.locator(".modal-ux .btn-done").click()


def call(page: Page) -> str:
    """Try the first operation out; return the response that the page shows."""
    page.locator(".opblock-summary-control").first.click()
    page.locator(".try-out__btn").click()
    page.locator(".execute").click()
    return page.locator(".live-responses-table .response").inner_text()
