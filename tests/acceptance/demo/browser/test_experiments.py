"""Every button that breaks something: what it shows, and that the walk goes on."""

import re
import time

import pytest
from playwright.sync_api import Browser, expect

from demo_api.authorization_server_controls import OUTAGE_SECONDS
from demo_api.client_app.buttons import EXPERIMENTS
from tests.acceptance.demo.authorization_server.harness import Clock
from tests.acceptance.demo.browser.visit import Visit, visiting
from tests.acceptance.demo.running import running_walk

SECONDS = 20
pytestmark = pytest.mark.needs("chromium")


def broken(visit: Visit, name: str) -> tuple[list[int], str]:
    """Press the button of the experiment *name*; return the statuses and the whole result."""
    label = EXPERIMENTS[name].label
    visit.press(label)
    result = visit.page.locator("#result")
    expect(result.get_by_role("heading", level=3)).to_have_text(label)
    expect(result).to_contain_text(EXPERIMENTS[name].about)
    expect(result).to_contain_text(EXPERIMENTS[name].advice)
    expect(result).to_be_in_viewport()
    expect(visit.alert()).to_have_count(0)
    statuses = [int(each) for each in result.locator(".status").all_inner_texts()]
    return statuses, result.inner_text()


def test_every_button_shows_status_challenge_and_advice(visit: Visit) -> None:
    """In one walk, whose token works afterwards; all but those that make it useless."""
    visit.token()
    others = {"outage", "signed-out", "socket"}
    shown = {name: broken(visit, name) for name in EXPERIMENTS if name not in others}
    assert {name: statuses for name, (statuses, _) in shown.items()} == {
        "no-token": [401],
        "expired": [401],
        "audience": [401],
        "forged": [401],
        "none": [401],
        "id-token": [401],
        "scope": [403],
        "record": [404],
        "revoked": [200, 401],
        "stolen": [200],
        "bound": [200, 401, 401],
        "rotation": [200, 200, 200],
    }
    for name, (statuses, text) in shown.items():
        assert ("WWW-Authenticate: " in text) == bool({401, 403} & set(statuses)), name
    assert 'scope="write"' in shown["scope"][1]
    visit.press("Call the API with the token")
    visit.sees("The people that Ada Lovelace may see")


def test_each_button_says_what_it_does(visit: Visit) -> None:
    """Beside it, and to a screen reader with its name."""
    visit.token()
    for experiment in EXPERIMENTS.values():
        button = visit.page.get_by_role("button", name=experiment.label, exact=True)
        expect(button).to_have_accessible_description(experiment.about)


def test_stolen_bearer_token_works_and_a_bound_one_does_not(visit: Visit) -> None:
    """The page shows both, one after the other."""
    visit.token()
    statuses, text = broken(visit, "stolen")
    assert statuses == [200]
    assert "Engineering" in text
    statuses, text = broken(visit, "bound")
    assert statuses == [200, 401, 401]
    assert "A thief sends it as a bearer token: 401" in text
    assert "A thief repeats the proof: 401" in text


def test_outage_ends_by_itself(chromium: Browser) -> None:
    """Meanwhile a signed token works and an opaque one gets 503; afterwards both work."""
    clock = Clock(time.time())
    with running_walk(clock=clock) as own, visiting(chromium, own) as visit:
        visit.token()
        statuses, text = broken(visit, "outage")
        assert statuses == [200, 200, 503]
        assert "Retry-After" in text
        clock.now += OUTAGE_SECONDS + 1
        for _ in range(SECONDS):
            statuses, _ = broken(visit, "revoked")
            if statuses == [200, 401]:
                break
            assert statuses == [200, 503]  # the guard waits a little before it tries again
            visit.page.wait_for_timeout(1000)
        else:
            pytest.fail("the guard does not introspect again")
        visit.press("Call the API with the token")
        visit.sees("The people that Ada Lovelace may see")


def test_tokens_of_a_signed_out_person_stop_at_the_api(chromium: Browser) -> None:
    """The page shows the response before and after, and why the guard rejects it."""
    with running_walk() as own, visiting(chromium, own) as visit:
        visit.token()
        statuses, text = broken(visit, "signed-out")
        assert statuses == [200, 200, 401]
        assert 'error="invalid_token"' in text
        assert "revoked" in text


def test_open_socket_of_a_signed_out_person_is_closed_immediately(chromium: Browser) -> None:
    """The page shows the code of the close, and after how many milliseconds it came."""
    with running_walk() as own, visiting(chromium, own) as visit:
        visit.token()
        statuses, text = broken(visit, "socket")
        assert statuses == [200, 3003]
        assert "access token revoked" in text
        assert re.search(r"The WebSocket is closed \d{1,3} ms later: 3003", text)
