"""Sign-in and consent: what the pages say, what they bring along, what they refuse."""

import re
from typing import Any

import httpx
import pytest

from tests.acceptance.demo.authorization_server.stage import (
    CAST,
    OAUTH,
    Stage,
    alert,
    answer_in,
    soup,
)


async def sign_in_page(stage: Stage) -> httpx.Response:
    """Open the page that comes first."""
    return await stage.authorize()


async def consent_page(stage: Stage) -> httpx.Response:
    """Sign in and open the page that comes second."""
    return await stage.sign_in(await stage.authorize(scope="read write"))


async def error_page(stage: Stage) -> httpx.Response:
    """Ask as a client that does not exist."""
    return await stage.authorize("nobody")


async def new_client_page(stage: Stage) -> httpx.Response:
    """Open the registration form."""
    return await stage.http.get("/v1/auth/clients/new")


async def registered_page(stage: Stage) -> httpx.Response:
    """Register a service."""
    page = await new_client_page(stage)
    return await stage.submit(page, client_name="Mine", kind="service", scope="read")


EVERY_PAGE = pytest.mark.parametrize(
    "visit", [sign_in_page, consent_page, error_page, new_client_page, registered_page]
)


@EVERY_PAGE
async def test_a_page_cannot_be_framed_stored_or_made_to_run_a_script(
    stage: Stage, visit: Any
) -> None:
    """The headers say so, and nothing is loaded from anywhere."""
    page = await visit(stage)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action" not in policy  # Chromium would hold the client's own redirects to it
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not soup(page).select("script, link, img, [src], [style], [onclick]")


@EVERY_PAGE
async def test_a_page_can_be_read_by_everyone(stage: Stage, visit: Any) -> None:
    """It has a language, a title, one heading, and a label for each field."""
    tree = soup(await visit(stage))
    assert tree.html is not None
    assert tree.html["lang"] == "en"
    assert tree.title is not None
    assert tree.title.get_text(strip=True)
    assert len(tree.select("h1")) == 1
    for one in tree.select("input:not([type=hidden]), textarea"):
        assert one.find_parent("label") or tree.find("label", attrs={"for": one["id"]})
    for note in tree.select("[aria-describedby]"):
        assert tree.find(id=str(note["aria-describedby"]))


async def test_the_consent_page_names_the_client_and_the_scopes(stage: Stage) -> None:
    """In words, with the place where the browser goes next and the one who is signed in."""
    text = soup(await consent_page(stage)).get_text(" ", strip=True)
    assert "Demo web application asks for access" in text
    assert "See who you are and the people of your organisation" in text
    assert "Add people to your organisation and remove them" in text
    assert "localhost:5000" in text
    assert "Signed in as Ada Lovelace" in text


async def test_a_client_name_is_text_and_never_markup(stage: Stage) -> None:
    """Registration is open, so a name may be anything."""
    metadata = {"client_name": "<b>Bank</b>", "redirect_uris": ["com.example.app:/cb"]}
    client = (await stage.http.post(f"{OAUTH}/register", json=metadata)).json()
    page = await stage.sign_in(await stage.authorize(client["client_id"]))
    assert "&lt;b&gt;Bank&lt;/b&gt; asks" in page.text
    assert "the app com.example.app" in soup(page).get_text()


async def test_denial_goes_back_to_the_client(stage: Stage) -> None:
    """With access_denied and the state."""
    page = await stage.sign_in(await stage.authorize(state="xyz"))
    answer = answer_in(await stage.submit(page, action="deny"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "xyz"
    assert "code" not in answer


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("ada", "wrong", id="wrong password"),
        pytest.param("nobody", "wrong", id="unknown name"),
        pytest.param("ada", CAST["resource_owners"]["grace"]["password"], id="somebody else's"),
        pytest.param("svc-etl", CAST["service_accounts"]["svc-etl"]["password"], id="a service"),
        pytest.param("", "", id="nothing"),
        pytest.param("ad\0a", "é" * 500, id="odd letters"),
    ],
)
async def test_a_wrong_sign_in_says_the_same_whatever_was_wrong(
    stage: Stage, name: str, password: str
) -> None:
    """The same page again, with the name kept and the password not."""
    page = await stage.submit(
        await stage.authorize(), username=name, password=password, action="sign-in"
    )
    assert page.status_code == 200
    assert alert(page) == "That name and password do not go together. Please try again."
    field = soup(page).find(id="password")
    assert field is not None
    assert "value" not in field.attrs


async def test_who_is_signed_in_goes_straight_to_consent(stage: Stage) -> None:
    """For an hour; auth_time stays when the person really signed in."""
    signed_in_at = int(stage.clock.now)
    await stage.consent()
    stage.clock.now += 1800
    page = await stage.authorize()
    token = await stage.redeem(answer_in(await stage.submit(page, action="allow"))["code"])
    claims = await stage.claims(token.json()["access_token"])
    assert claims["auth_time"] == signed_in_at
    stage.clock.now += 1800
    assert soup(await stage.authorize()).find(id="password")


async def test_another_account_can_be_used(stage: Stage) -> None:
    """Signing out leads back to the sign-in page, for the same request."""
    page = await stage.submit(await consent_page(stage), action="switch")
    page = await stage.sign_in(page, "grace")
    text = soup(page).get_text(" ", strip=True)
    assert "Signed in as Grace Hopper" in text
    assert "write" in text


@pytest.mark.parametrize("value", ["", "0" * 64, "é"], ids=["none", "made up", "odd letters"])
@pytest.mark.parametrize("action", ["sign-in", "allow", "deny", "switch"])
async def test_a_form_without_our_value_does_nothing(stage: Stage, action: str, value: str) -> None:
    """Another site cannot send a form in the person's name."""
    page = await consent_page(stage)
    typed = {"username": "grace", "password": CAST["resource_owners"]["grace"]["password"]}
    response = await stage.submit(page, anti_forgery=value, action=action, **typed)
    assert response.status_code == 403
    assert "location" not in response.headers
    assert "Signed in as Ada Lovelace" in soup(response).get_text(" ", strip=True)


async def test_a_form_counts_for_its_own_request_alone(stage: Stage) -> None:
    """Consent to `read` cannot be turned into consent to `write` on the way."""
    page = await stage.sign_in(await stage.authorize(scope="read"))
    turned = page.text.replace("scope=read", "scope=read+write")
    response = await stage.submit(httpx.Response(200, text=turned), action="allow")
    assert response.status_code == 403


async def test_a_form_counts_for_its_own_browser_alone(stage: Stage) -> None:
    """A value that one browser got is worth nothing in another."""
    page = await consent_page(stage)
    stage.http.cookies.clear()
    response = await stage.submit(page, action="allow")
    assert response.status_code == 403
    assert soup(response).find(id="password")


async def test_client_and_scope_never_come_from_the_form(stage: Stage) -> None:
    """Fields of that name are ignored; the request is judged anew from the address."""
    page = await stage.sign_in(await stage.authorize(scope="read"))
    redirect = await stage.submit(
        page, action="allow", client_id="demo-cli", scope="write", redirect_uri="https://evil.test"
    )
    assert redirect.headers["location"].startswith("http://localhost:5000/oauth2/callback?")
    token = (await stage.redeem(answer_in(redirect)["code"])).json()
    assert token["scope"] == "read"


async def test_nobody_consents_before_signing_in(stage: Stage) -> None:
    """The sign-in page's own value does not open the consent."""
    page = await stage.submit(await stage.authorize(), action="allow")
    assert soup(page).find(id="password")


async def test_the_cookie_is_out_of_reach_and_renewed_at_sign_in(stage: Stage) -> None:
    """Who planted a cookie before does not share the session after."""
    page = await stage.authorize()
    assert re.fullmatch(
        r"demo_session=[\w-]{43}; HttpOnly; Path=/v1/auth; SameSite=lax",
        page.headers["set-cookie"],
    )
    planted = stage.http.cookies["demo_session"]
    await stage.sign_in(page)
    assert stage.http.cookies["demo_session"] != planted
    stage.http.cookies.clear()
    stage.http.cookies.set("demo_session", planted, path="/v1/auth")
    assert soup(await stage.authorize()).find(id="password")
