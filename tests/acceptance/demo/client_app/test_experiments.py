"""The buttons that break something: each shows status, challenge and one sentence of advice."""

import re
import time

import httpx
import pytest
from bs4 import BeautifulSoup

from demo_api.client_app.buttons import EXPERIMENTS
from tests.acceptance.demo.authorization_server.harness import Clock, basic
from tests.acceptance.demo.client_app.visitor import Visitor, alert, visiting
from tests.acceptance.demo.running import running_walk


def broken(visitor: Visitor, page: httpx.Response, name: str) -> tuple[list[int], str]:
    """Press the button of the experiment *name*; return the statuses and the text of the result."""
    shown = visitor.press(page, EXPERIMENTS[name].label)
    assert alert(shown) == ""
    result = BeautifulSoup(shown.text, "html.parser").select("#result")[0]
    text = result.get_text(" ", strip=True)
    assert EXPERIMENTS[name].advice in text
    return [int(each.get_text()) for each in result.select(".status")], text


@pytest.mark.parametrize(
    ("name", "statuses", "shown"),
    [
        ("no-token", [401], "resource_metadata="),
        ("expired", [401], 'error="invalid_token"'),
        ("audience", [401], 'error="invalid_token"'),
        ("forged", [401], 'error="invalid_token"'),
        ("none", [401], 'error="invalid_token"'),
        ("id-token", [401], 'error="invalid_token"'),
        ("scope", [403], 'scope="write"'),
        ("record", [404], "none that you may see"),
        ("revoked", [200, 401], 'error="invalid_token"'),
        ("stolen", [200], "Engineering"),
        ("bound", [200, 401, 401], "DPoP"),
        ("rotation", [200, 200, 200], "published"),
    ],
)
def test_experiment_shows_response_challenge_and_advice(
    visitor: Visitor, name: str, statuses: list[int], shown: str
) -> None:
    """The walk goes on afterwards."""
    page = visitor.press(visitor.code(), "Exchange the code for a token")
    found, text = broken(visitor, page, name)
    assert found == statuses
    assert shown in text
    visitor.press(visitor.open(str(page.url)), "Call the API with the token")


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("no-token", ["Read the credentials: refused here. … no_credentials"]),
        ("expired", ["Check the claims: refused here. expired"]),
        ("audience", ["Check the claims: refused here. wrong_audience … Found https://payroll"]),
        ("none", ["token at its issuer: refused here. algorithm_not_allowed"]),
        (
            "scope",
            ["requires: refused here. insufficient_scope … Expected scope write."],
        ),
        (
            "bound",
            [
                "proof of possession: refused here. bound_token",
                "proof of possession: refused here. replayed_proof",
            ],
        ),
        ("stolen", []),
    ],
)
def test_experiment_shows_which_step_of_the_guard_refused(
    visitor: Visitor, name: str, refused: list[str]
) -> None:
    """It names the reason, and what was expected and found; later steps are not reached."""
    page = visitor.press(visitor.code(), "Exchange the code for a token")
    shown = visitor.press(page, EXPERIMENTS[name].label)
    steps = BeautifulSoup(shown.text, "html.parser").select("#result .decision li")
    texts = [each.get_text(" ", strip=True).replace(" :", ":") for each in steps]
    found = [text for text in texts if "refused here" in text]
    assert len(found) == len(refused)
    for text, expected in zip(found, refused, strict=True):
        assert all(part in text for part in expected.split(" … ")), text
    assert any("not reached" in text for text in texts) == any(
        "requires" not in one for one in refused
    )


def test_second_call_finds_its_token_in_the_cache(visitor: Visitor) -> None:
    """The message of the first call says that it was not, with the time that each step took."""
    page = visitor.people(visitor.code())
    first = BeautifulSoup(page.text, "html.parser").select("#message-8 .decision")[0]
    assert "Found not cached." in first.get_text()
    assert " µs." in first.get_text()
    again = visitor.press(page, EXPERIMENTS["stolen"].label)
    second = BeautifulSoup(again.text, "html.parser").select("#result .decision")[0]
    assert "Found cached." in second.get_text()
    assert "Check the claims: not needed." in " ".join(second.get_text(" ").split()).replace(
        " :", ":"
    )


def test_outage_rejects_no_signed_token_and_no_opaque_one_for_good() -> None:
    """A signed token works, an opaque one gets 503 with Retry-After."""
    with running_walk() as served, visiting(served) as visitor:
        page = visitor.people(visitor.code())
        found, text = broken(visitor, page, "outage")
    assert found == [200, 200, 503]
    assert "Retry-After" in text


def test_signed_out_person_has_no_token_that_works() -> None:
    """The next request is rejected with the reason; a token from after the sign-out works."""
    clock = Clock(time.time())
    with running_walk(clock=clock) as served, visiting(served) as visitor:
        page = visitor.people(visitor.code())
        found, text = broken(visitor, page, "signed-out")
        assert found == [200, 200, 401]
        assert '"status_of_the_api": 200' in text
        assert "revoked" in text
        clock.now += 10
        assert "Ada Lovelace" in visitor.people(visitor.code()).text


def test_open_socket_ends_when_its_person_signs_out() -> None:
    """Without waiting for its token to expire."""
    with running_walk() as served, visiting(served) as visitor:
        page = visitor.people(visitor.code())
        found, text = broken(visitor, page, "socket")
    assert found == [200, 3003]
    assert "access token revoked" in text
    milliseconds = re.search(r"closed (\d+) ms later", text)
    assert milliseconds is not None
    assert int(milliseconds[1]) < 1000


def test_unknown_experiment_is_rejected(visitor: Visitor) -> None:
    """So is every experiment of a walk without a token."""
    page = visitor.code()
    for name in ("unknown", "expired"):
        form = {"name": name, "form_value": visitor.form_value(page)}
        response = visitor.http.post(f"{page.url}/experiments", data=form)
        assert response.status_code == 400


@pytest.mark.parametrize("path", ["outage", "rotation", "sign-out/u-ada"])
def test_controls_need_their_scope(visitor: Visitor, path: str) -> None:
    """No client that people can use gets it."""
    token = visitor.http.post(
        f"{visitor.at.origin}/v1/auth/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers=basic("service"),
    ).json()["access_token"]
    response = visitor.http.post(
        f"{visitor.at.origin}/v1/demo/{path}", headers={"Authorization": f"Bearer {token}"}
    )
    assert response.status_code == 403


@pytest.mark.parametrize(("client", "seconds", "dots"), [("short", 75, 2), ("opaque", 300, 0)])
def test_client_gets_the_tokens_that_its_name_shows(
    visitor: Visitor, client: str, seconds: int, dots: int
) -> None:
    """The API accepts both kinds."""
    issued = visitor.http.post(
        f"{visitor.at.origin}/v1/auth/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers=basic(client),
    ).json()
    assert issued["expires_in"] == seconds
    assert issued["access_token"].count(".") == dots
    me = visitor.http.get(
        f"{visitor.at.origin}/v1/me", headers={"Authorization": f"Bearer {issued['access_token']}"}
    )
    assert me.json()["client"] == client
