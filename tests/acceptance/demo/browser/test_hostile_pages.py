"""Stolen forms, frames, ended sessions and a stopped server, as a browser shows them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Error, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.acceptance.demo.browser.visit import Visit, visiting
from tests.acceptance.demo.running import Walk, running, running_walk

pytestmark = pytest.mark.needs("chromium")


def site(html: str) -> Callable[[str], Starlette]:
    """Return what serves *html* as the page of another origin."""

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(
            f"<!DOCTYPE html><title>Another site</title><link rel=icon href=data:,>{html}"
        )

    return lambda _: Starlette(routes=[Route("/", page)])


def test_form_of_another_site_starts_no_walk(visit: Visit) -> None:
    """The value that proves a form is missing; the page says what to do."""
    visit.open()
    form = f"""
        <form method="post" action="{visit.at.client_origin}/walks">
        <button name="kind" value="code">Win a prize</button></form>"""
    with running(site(form)) as elsewhere:
        visit.page.goto(elsewhere)
        visit.press("Win a prize")
        expect(visit.alert()).to_contain_text("came from elsewhere")
    visit.open()
    expect(visit.heading("Your walks")).to_have_count(0)
    assert "403" in " ".join(visit.errors)
    visit.errors.clear()


def test_stolen_consent_form_allows_nothing(visit: Visit) -> None:
    """Its anti-forgery value belongs to another browser, and to another request."""
    visit.start()
    visit.press("Go to the authorization server")
    visit.sign_in()
    visit.sees("People Explorer asks for access")
    form = f"""
        <form method="post" action="{visit.page.url.replace("&", "&amp;")}">
        <input type="hidden" name="anti_forgery" value="guessed">
        <button name="action" value="allow">Win a prize</button></form>"""
    with running(site(form)) as elsewhere:
        visit.page.goto(elsewhere)
        visit.press("Win a prize")
        visit.page.wait_for_url(f"{visit.at.origin}/**")
        expect(visit.alert()).to_be_visible()
    assert "/callback" not in visit.page.url
    visit.errors.clear()  # the status of the page


@pytest.mark.parametrize("framed", ["sign-in", "walk"])
def test_page_is_not_shown_in_a_frame(visit: Visit, framed: str) -> None:
    """Another site could place its own buttons over it."""
    visit.start()
    if framed == "sign-in":
        visit.press("Go to the authorization server")
        visit.sees("Sign in")
    address = visit.page.url.replace("&", "&amp;")
    with running(site(f'<h1>Framing</h1><iframe src="{address}"></iframe>')) as elsewhere:
        visit.page.goto(elsewhere)
        visit.sees("Framing")
        frame = visit.page.frames[1]
        frame.wait_for_load_state()
        expect(frame.get_by_role("button")).to_have_count(0)
        assert frame.url.startswith("chrome-error:")
    assert all("frame" in each for each in visit.errors)
    assert visit.errors
    visit.errors.clear()


def test_ended_session_is_explained(visit: Visit) -> None:
    """The page leads back to the first one, from where a new walk works."""
    visit.start()
    visit.page.context.clear_cookies()
    visit.page.reload()
    expect(visit.alert()).to_contain_text("the session has ended")
    visit.errors.clear()  # the status of the page
    visit.press("Back to the first page", "link")
    visit.press("Walk the code flow")
    visit.sees("Step 1: the request")


def test_session_that_ends_before_the_next_step_is_explained(visit: Visit) -> None:
    """The form is then of no session."""
    visit.code()
    visit.page.context.clear_cookies()
    visit.press("Exchange the code for a token")
    expect(visit.alert()).to_contain_text("open for too long")
    visit.errors.clear()  # the status of the page


def test_server_that_stops_during_the_consent_loses_no_walk(chromium: Browser) -> None:
    """The browser says that it can't connect; the walk is still in step 2."""
    with running_walk() as own, visiting(chromium, own) as visit:
        visit.start()
        address = visit.page.url
        visit.press("Go to the authorization server")
        visit.sign_in()
        visit.sees("People Explorer asks for access")
        own.stop_demo()
        with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
            visit.page.goto(visit.page.url)
        visit.errors.clear()
        other = Visit(visit.page.context.new_page(), own)
        other.page.goto(address)
        other.sees("Step 2: your consent")


def test_server_that_stops_before_the_token_is_explained(chromium: Browser) -> None:
    """The walk keeps its step."""
    with running_walk() as own, visiting(chromium, own) as visit:
        visit.code()
        own.stop_demo()
        visit.press("Exchange the code for a token")
        expect(visit.alert()).to_contain_text("can't be reached")
        visit.sees("Step 3: the token")


def test_consent_shows_a_name_of_html_as_text(visit: Visit, walk: Walk) -> None:
    """It runs no script."""
    visit.open("/clients")
    name = "<img src=x onerror=alert(1)>"
    visit.page.get_by_label("Name").fill(name)
    visit.press("Register")
    visit.sees(name)
    visit.press("Walk the code flow with it")
    visit.press("Go to the authorization server")
    visit.sign_in()
    visit.sees(f"{name} asks for access")
    assert visit.page.url.startswith(walk.origin)
