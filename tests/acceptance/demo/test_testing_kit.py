"""The demo is tested with the kit alone: no sign-in, no request to its authorization server."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo_api.app import create_app
from demo_api.database import open_database
from oauth_guard.testing import (
    Attack,
    LocalIssuer,
    MovableClock,
    SigningKey,
    as_identity,
    attacks,
    challenge,
    insufficient_scope,
    invalid_token,
    missing_token,
    trusting,
)
from oauth_guard.testing.identities import guards_of

ORIGIN = "http://127.0.0.1:8000"
EMPLOYEES = "/v1/data/employees"


@pytest.fixture
def app() -> Iterator[Starlette]:
    """Return the demo, whose own authorization server can't be reached."""
    engine = open_database()
    unreachable = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    yield create_app(ORIGIN, engine, http=unreachable)
    engine.dispose()


@pytest.fixture
def client(app: Starlette, oauth_issuer: LocalIssuer) -> Iterator[TestClient]:
    """Return a client of the demo, whose guard of the API trusts the local issuer."""
    guard = next(each for each in guards_of(app) if each.resource == f"{ORIGIN}/v1")
    with trusting(guard, oauth_issuer):
        yield TestClient(app, base_url=ORIGIN)


def test_caller_of_a_test_is_served(app: Starlette) -> None:
    """The demo knows nothing of the test, and requires its scopes."""
    client = TestClient(as_identity(app, "u1", ["read"], name="Ada"), base_url=ORIGIN)
    me = client.get("/v1/me")
    assert (me.status_code, me.json()["subject"]) == (200, "u1")
    rejected = client.post(EMPLOYEES, json={"name": "Charles Babbage", "title": "Mechanic"})
    assert challenge(rejected) == insufficient_scope("write")


def test_rotation_expiry_and_absence_of_a_token(
    client: TestClient, oauth_issuer: LocalIssuer, oauth_clock: MovableClock
) -> None:
    """Each is caused by a line."""
    assert challenge(client.get("/v1/me")) == missing_token()
    headers = oauth_issuer.headers("read")
    assert client.get("/v1/me", headers=headers).is_success
    oauth_issuer.rotate(SigningKey("k2"))
    assert client.get("/v1/me", headers=oauth_issuer.headers("read")).is_success
    oauth_clock.advance(600)
    assert challenge(client.get("/v1/me", headers=headers)) == invalid_token()


@pytest.mark.parametrize("attack", attacks(f"GET {EMPLOYEES}", "read"))
def test_attack_is_rejected(attack: Attack, client: TestClient, oauth_issuer: LocalIssuer) -> None:
    """The demo is an application like a user's own."""
    attack.check(client.request(**attack.request(oauth_issuer)))


def test_request_with_a_good_token_is_served(client: TestClient, oauth_issuer: LocalIssuer) -> None:
    """The attacks above are therefore rejected for what they change."""
    assert client.get(EMPLOYEES, headers=oauth_issuer.headers("read")).is_success
