"""The walk through both flows, without scripts: steps, diagram, knowledge and people."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from demo_api.guide import Guide
from demo_api.roster import ROSTER
from tests.acceptance.demo.authorization_server.harness import basic
from tests.acceptance.demo.client_app.visitor import (
    Visitor,
    alert,
    heading,
    known_by,
    links,
    lit,
    organisations,
    visiting,
)
from tests.acceptance.demo.running import running_walk

_TOKEN = re.compile(r"eyJ[\w-]{20,}\.")


@pytest.mark.parametrize(("name", "theirs"), [("ada", "Engineering"), ("grace", "Finance")])
def test_code_flow_shows_people_of_the_owner_who_consented(
    visitor: Visitor, name: str, theirs: str
) -> None:
    """Every message is seen, and the client never knows the password."""
    page = visitor.code(name)
    assert lit(page) == [1, 2, 3, 4, 5]
    page = visitor.people(page)
    assert lit(page) == list(range(1, 10))
    assert organisations(page) == {theirs}
    assert "Password" not in known_by(page, "client")
    assert "Password" in known_by(page, "authorization_server")
    assert "Access token" in known_by(page, "resource_server")


def test_password_flow_shows_all_people_and_that_the_client_knows_the_password(
    visitor: Visitor,
) -> None:
    """It has no page of the authorization server."""
    page = visitor.press(visitor.open("/"), "Walk the password flow")
    assert known_by(page, "client") == ["Client secret", "Password", "Access token"]
    page = visitor.press(page, "Call the API with the token")
    assert lit(page) == [1, 2, 3, 4, 5]
    assert organisations(page) == set(ROSTER)


def test_home_pages_link_to_pages_that_are_served(tmp_path: Path) -> None:
    """Of the client application and of the API; the guide is one of them."""
    (tmp_path / "index.html").write_text("the guide")
    with running_walk(guide=Guide(tmp_path)) as walk, visiting(walk) as visitor:
        for home in (walk.client_origin, walk.origin):
            pages = {each: visitor.open(each) for each in links(visitor.open(f"{home}/"))}
            assert {each.status_code for each in pages.values()} == {200}
            assert pages[f"{walk.origin}/guide/"].text == "the guide"


def test_wrong_password_of_a_service_account_gives_no_token(visitor: Visitor) -> None:
    """The page shows the sentence of the authorization server."""
    page = visitor.press(visitor.open("/"), "Walk the password flow", password="wrong")
    assert "status 400" in alert(page)
    assert "Access token" not in known_by(page, "client")


def test_browser_receives_no_token_and_no_verifier(visitor: Visitor) -> None:
    """Tokens stay on the client's server, in the events too."""
    visitor.people(visitor.code())
    assert not any(_TOKEN.search(text) for text in visitor.received)


def without_flow(path: str) -> Callable[[Any], ASGIApp]:
    """Return a wrapper that removes the flow id from requests whose path ends with *path*."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def blocking(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("path", "").endswith(path):
                kept = [each for each in scope["headers"] if each[0] != b"demo-flow"]
                scope = {**scope, "headers": kept}
            await app(scope, receive, send)

        return blocking

    return wrap


@pytest.mark.parametrize(
    ("path", "dark"),
    [
        pytest.param("/token", 6, id="authorization server"),
        pytest.param("/employees", 8, id="resource server"),
    ],
)
def test_message_stays_dark_when_its_party_reports_nothing(path: str, dark: int) -> None:
    """The client's own events light only the arrows that the client reports."""
    with running_walk(without_flow(path)) as served, visiting(served) as visitor:
        page = visitor.people(visitor.code())
    assert lit(page) == [each for each in range(1, 10) if each != dark]


def test_denied_consent_leaves_the_client_without_a_code(visitor: Visitor) -> None:
    """The page offers no next step."""
    page = visitor.code(decision="Deny")
    assert heading(page) == "Access was denied"
    assert "Exchange" not in page.text
    assert known_by(page, "client") == ["Client secret"]


def test_back_button_after_consent_shows_the_walk_where_it_is(visitor: Visitor) -> None:
    """The authorization response counts once."""
    page = visitor.code()
    response = str(page.history[-1].url)
    assert "/callback?" in response
    done = visitor.people(page)
    assert visitor.open(response).url == done.url
    assert heading(visitor.open(response)) == heading(done)


def test_two_tabs_walk_two_flows(visitor: Visitor) -> None:
    """Each response belongs to the walk whose state it carries."""
    first = visitor.press(visitor.open("/"), "Walk the code flow")
    second = visitor.press(visitor.open("/"), "Walk the code flow")
    second = visitor.consent(second)
    first = visitor.consent(first)
    assert first.url != second.url
    assert organisations(visitor.people(second)) == {"Engineering"}
    assert organisations(visitor.people(first)) == {"Engineering"}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param({"state": "x"}, "not of your session", id="foreign state"),
        pytest.param({"state": None}, "not of your session", id="secret part changed"),
        pytest.param({"iss": "https://evil.example"}, "expected authorization", id="issuer"),
        pytest.param({"iss": ""}, "expected authorization", id="no issuer"),
    ],
)
def test_authorization_response_of_another_walk_is_rejected(
    visitor: Visitor, changed: dict[str, str | None], sentence: str
) -> None:
    """The state has a secret part, and the issuer is checked (RFC 9207)."""
    page = visitor.press(visitor.open("/"), "Walk the code flow")
    flow = page.url.path.rpartition("/")[2]
    query = {"state": f"{flow}.guess", "iss": visitor.at.origin, "code": "stolen"}
    if "iss" in changed:
        form = {"form_value": visitor.form_value(page)}
        sent = visitor.http.post(page.url, data=form, follow_redirects=False)
        query["state"] = httpx.URL(sent.headers["location"]).params["state"]
    query |= {name: value for name, value in changed.items() if value is not None}
    page = visitor.open(f"/callback?{httpx.QueryParams(query)}")
    assert page.status_code == 400
    assert sentence in alert(page)


def test_walk_of_an_ended_session_is_explained(visitor: Visitor) -> None:
    """Another browser doesn't see the walk either."""
    page = visitor.press(visitor.open("/"), "Walk the code flow")
    visitor.http.cookies.clear()
    again = visitor.open(str(page.url))
    assert again.status_code == 404
    assert "the session has ended" in alert(again)


def test_stolen_form_is_rejected(visitor: Visitor) -> None:
    """A form of another session starts nothing."""
    with visiting(visitor.at) as other:
        page = other.open("/")
    visitor.open("/")
    rejected = visitor.press(page, "Walk the code flow")
    assert rejected.status_code == 403
    assert "came from elsewhere" in alert(rejected)


@pytest.mark.parametrize(
    ("body", "status"),
    [("kind=other", 400), ("x=" + "y" * 17_000, 413)],
    ids=["unknown flow", "too large"],
)
def test_form_with_other_content_is_rejected(visitor: Visitor, body: str, status: int) -> None:
    """The error is a page."""
    value = visitor.form_value(visitor.open("/"))
    response = visitor.http.post(
        f"{visitor.at.client_origin}/walks",
        content=f"{body}&form_value={value}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == status
    assert alert(response)


def test_authorization_server_that_stops_in_the_middle_loses_no_walk() -> None:
    """The page explains it, and keeps the step."""
    with running_walk() as served, visiting(served) as visitor:
        page = visitor.code()
        served.stop_demo()
        page = visitor.press(page, "Exchange the code for a token")
    assert "can't be reached" in alert(page)
    assert heading(page) == "Step 3: the token"


def test_each_party_has_a_cookie_name_of_its_own(visitor: Visitor) -> None:
    """Cookies ignore ports, so one name would mix the sessions."""
    visitor.code()
    names = [each.name for each in visitor.http.cookies.jar]
    assert sorted(names) == ["client_session", "demo_device", "demo_session"]


def test_pages_cannot_be_framed_and_load_their_own_files_only(visitor: Visitor) -> None:
    """There is no inline script or style."""
    page = visitor.press(visitor.open("/"), "Walk the code flow")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/walks/x?y=1"])
def test_localhost_redirects_to_the_address_of_the_cookies(visitor: Visitor, path: str) -> None:
    """Path and query stay."""
    response = visitor.http.get(
        visitor.at.client_origin + path,
        headers={"Host": "localhost:8001"},
        follow_redirects=False,
    )
    assert response.status_code == 307
    assert response.headers["location"] == visitor.at.client_origin + path


def test_events_need_their_scope(visitor: Visitor) -> None:
    """A token for reading people reads no events; a malformed flow id has none."""
    for client, status in (("service", 403), ("events", 404)):
        token = visitor.http.post(
            f"{visitor.at.origin}/v1/auth/oauth2/token",
            data={"grant_type": "client_credentials"},
            headers=basic(client),
        ).json()["access_token"]
        response = visitor.http.get(
            f"{visitor.at.origin}/v1/events/short",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert response.status_code == status
