"""Sign-in and consent pages: their content, their headers and what they reject."""

import re
from typing import Any

import httpx
import pytest

from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    OAUTH,
    Harness,
    alert,
    redirect_parameters,
    soup,
)


async def sign_in_page(harness: Harness) -> httpx.Response:
    """Open the sign-in page."""
    return await harness.authorize()


async def consent_page(harness: Harness) -> httpx.Response:
    """Sign in and open the consent page."""
    return await harness.sign_in(await harness.authorize(scope="read write"))


async def error_page(harness: Harness) -> httpx.Response:
    """Open the authorization endpoint as a client that does not exist."""
    return await harness.authorize("nobody")


async def new_client_page(harness: Harness) -> httpx.Response:
    """Open the registration form."""
    return await harness.http.get("/v1/auth/clients/new")


async def registered_page(harness: Harness) -> httpx.Response:
    """Register a service."""
    page = await new_client_page(harness)
    return await harness.submit(page, client_name="Mine", kind="service", scope="read")


EVERY_PAGE = pytest.mark.parametrize(
    "open_page", [sign_in_page, consent_page, error_page, new_client_page, registered_page]
)


@EVERY_PAGE
async def test_page_forbids_framing_caching_and_scripts(harness: Harness, open_page: Any) -> None:
    """The headers say so, and the page loads nothing from anywhere."""
    page = await open_page(harness)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action" not in policy  # Chromium would apply it to the client's redirects
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not soup(page).select("script, link, img, [src], [style], [onclick]")


@EVERY_PAGE
async def test_page_is_accessible(harness: Harness, open_page: Any) -> None:
    """It has a language, a title, one heading, and a label for each field."""
    tree = soup(await open_page(harness))
    assert tree.html is not None
    assert tree.html["lang"] == "en"
    assert tree.title is not None
    assert tree.title.get_text(strip=True)
    assert len(tree.select("h1")) == 1
    for one in tree.select("input:not([type=hidden]), textarea"):
        assert one.find_parent("label") or tree.find("label", attrs={"for": one["id"]})
    for note in tree.select("[aria-describedby]"):
        assert tree.find(id=str(note["aria-describedby"]))


async def test_consent_page_names_client_scopes_destination_and_account(harness: Harness) -> None:
    """Each scope is described in a sentence."""
    text = soup(await consent_page(harness)).get_text(" ", strip=True)
    assert "Demo web application asks for access" in text
    assert "See who you are and the people of your organisation" in text
    assert "Add people to your organisation and remove them" in text
    assert "localhost:5000" in text
    assert "Signed in as Ada Lovelace" in text


async def test_client_name_with_markup_is_escaped(harness: Harness) -> None:
    """Registration is open, so a name may hold any text."""
    metadata = {"client_name": "<b>Bank</b>", "redirect_uris": ["com.example.app:/cb"]}
    client = (await harness.http.post(f"{OAUTH}/register", json=metadata)).json()
    page = await harness.sign_in(await harness.authorize(client["client_id"]))
    assert "&lt;b&gt;Bank&lt;/b&gt; asks" in page.text
    assert "the app com.example.app" in soup(page).get_text()


async def test_denied_consent_is_redirected_with_access_denied(harness: Harness) -> None:
    """The redirect carries the state and no code."""
    page = await harness.sign_in(await harness.authorize(state="xyz"))
    parameters = redirect_parameters(await harness.submit(page, action="deny"))
    assert parameters["error"] == "access_denied"
    assert parameters["state"] == "xyz"
    assert "code" not in parameters


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("ada", "wrong", id="wrong password"),
        pytest.param("nobody", "wrong", id="unknown name"),
        pytest.param(
            "ada", CREDENTIALS["resource_owners"]["grace"]["password"], id="somebody else's"
        ),
        pytest.param(
            "svc-etl", CREDENTIALS["service_accounts"]["svc-etl"]["password"], id="a service"
        ),
        pytest.param("", "", id="nothing"),
        pytest.param("ad\0a", "é" * 500, id="unusual characters"),
    ],
)
async def test_failed_sign_in_gets_the_same_page_for_every_reason(
    harness: Harness, name: str, password: str
) -> None:
    """The page keeps the name and drops the password."""
    page = await harness.submit(
        await harness.authorize(), username=name, password=password, action="sign-in"
    )
    assert page.status_code == 200
    assert alert(page) == "That name and password do not go together. Please try again."
    field = soup(page).find(id="password")
    assert field is not None
    assert "value" not in field.attrs


async def test_signed_in_person_goes_to_consent_for_one_hour(harness: Harness) -> None:
    """auth_time stays the time of the real sign-in."""
    signed_in_at = int(harness.clock.now)
    await harness.consent()
    harness.clock.now += 1800
    page = await harness.authorize()
    token = await harness.redeem(
        redirect_parameters(await harness.submit(page, action="allow"))["code"]
    )
    claims = await harness.claims(token.json()["access_token"])
    assert claims["auth_time"] == signed_in_at
    harness.clock.now += 1800
    assert soup(await harness.authorize()).find(id="password")


async def test_switching_the_account_keeps_the_request(harness: Harness) -> None:
    """Signing out leads to the sign-in page of the same authorization request."""
    page = await harness.submit(await consent_page(harness), action="switch")
    page = await harness.sign_in(page, "grace")
    text = soup(page).get_text(" ", strip=True)
    assert "Signed in as Grace Hopper" in text
    assert "write" in text


@pytest.mark.parametrize(
    "value", ["", "0" * 64, "é"], ids=["none", "made up", "unusual characters"]
)
@pytest.mark.parametrize("action", ["sign-in", "allow", "deny", "switch"])
async def test_form_without_the_anti_forgery_value_is_rejected(
    harness: Harness, action: str, value: str
) -> None:
    """Another site can't send a form in the person's name."""
    page = await consent_page(harness)
    fields = {"username": "grace", "password": CREDENTIALS["resource_owners"]["grace"]["password"]}
    response = await harness.submit(page, anti_forgery=value, action=action, **fields)
    assert response.status_code == 403
    assert "location" not in response.headers
    assert "Signed in as Ada Lovelace" in soup(response).get_text(" ", strip=True)


async def test_form_of_another_authorization_request_is_rejected(harness: Harness) -> None:
    """Consent to `read` can't be changed into consent to `write`."""
    page = await harness.sign_in(await harness.authorize(scope="read"))
    turned = page.text.replace("scope=read", "scope=read+write")
    response = await harness.submit(httpx.Response(200, text=turned), action="allow")
    assert response.status_code == 403


async def test_form_of_another_browser_is_rejected(harness: Harness) -> None:
    """The anti-forgery value is bound to the cookie."""
    page = await consent_page(harness)
    harness.http.cookies.clear()
    response = await harness.submit(page, action="allow")
    assert response.status_code == 403
    assert soup(response).find(id="password")


async def test_client_scope_and_redirect_uri_in_the_form_are_ignored(harness: Harness) -> None:
    """The request is validated again from the query string."""
    page = await harness.sign_in(await harness.authorize(scope="read"))
    redirect = await harness.submit(
        page, action="allow", client_id="demo-cli", scope="write", redirect_uri="https://evil.test"
    )
    assert redirect.headers["location"].startswith("http://localhost:5000/oauth2/callback?")
    token = (await harness.redeem(redirect_parameters(redirect)["code"])).json()
    assert token["scope"] == "read"


async def test_consent_before_sign_in_shows_the_sign_in_page(harness: Harness) -> None:
    """The sign-in page's anti-forgery value does not give consent."""
    page = await harness.submit(await harness.authorize(), action="allow")
    assert soup(page).find(id="password")


async def test_session_cookie_is_http_only_and_renewed_at_sign_in(harness: Harness) -> None:
    """A cookie that was planted before the sign-in does not share the session."""
    page = await harness.authorize()
    assert re.fullmatch(
        r"demo_session=[\w-]{43}; HttpOnly; Path=/v1/auth; SameSite=lax",
        page.headers["set-cookie"],
    )
    planted = harness.http.cookies["demo_session"]
    await harness.sign_in(page)
    assert harness.http.cookies["demo_session"] != planted
    harness.http.cookies.clear()
    harness.http.cookies.set("demo_session", planted, path="/v1/auth")
    assert soup(await harness.authorize()).find(id="password")
