"""Each public name of the testing kit is used by a test of the demo, or listed with its reason."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import oauth_guard.testing
from demo_api.app import create_app
from demo_api.database import open_database
from oauth_guard.testing import (
    DPoPKey,
    LocalIssuer,
    LocalWebSocket,
    MovableClock,
    challenge,
    invalid_request,
    invalid_token,
    trusting,
    unavailable,
)
from oauth_guard.testing.identities import guards_of

ORIGIN = "http://127.0.0.1:8000"
HEADCOUNT = f"{ORIGIN}/v1/data/headcount"
NOT_USED = {
    "Challenge": "what challenge() returns",
    "ClientCertificate": "the demo has no TLS, so its guard reads no certificates",
    "LocalDecisionPoint": "the demo has no policies, so its guard requests no decisions",
}


@pytest.fixture
def app(oauth_issuer: LocalIssuer) -> Iterator[Starlette]:
    """Return the demo, whose guard trusts the local issuer."""
    engine = open_database()
    unreachable = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    app = create_app(ORIGIN, engine, http=unreachable)
    guard = next(each for each in guards_of(app) if each.resource == f"{ORIGIN}/v1")
    with trusting(guard, oauth_issuer):
        yield app
    engine.dispose()


@pytest.fixture
def client(app: Starlette) -> TestClient:
    """Return a synchronous client of the demo."""
    return TestClient(app, base_url=ORIGIN)


def test_every_public_name_of_the_kit_is_used() -> None:
    """In one of the files of the demo about the kit."""
    files = Path(__file__).parent.glob("test_testing_kit*.py")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    imported = {line.strip().rstrip(",") for line in text.splitlines() if line.startswith("    ")}
    assert {*oauth_guard.testing.__all__} - imported == NOT_USED.keys()


def test_outage_is_no_fault_of_the_caller(client: TestClient, oauth_issuer: LocalIssuer) -> None:
    """It is 503, and the same token is accepted after it."""
    oauth_issuer.outage = lambda _: httpx.Response(500)
    headers = oauth_issuer.headers("read")
    assert challenge(client.get("/v1/me", headers=headers)) == unavailable()


def test_local_introspection_reports_a_revocation(
    client: TestClient, oauth_issuer: LocalIssuer, oauth_clock: MovableClock
) -> None:
    """The guard asks again when its cached result has ended."""
    token = oauth_issuer.opaque_token("read")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/me", headers=headers).is_success
    assert oauth_issuer.introspection.forms
    oauth_issuer.revoke(token)
    oauth_clock.advance(120)
    assert challenge(client.get("/v1/me", headers=headers)) == invalid_token()


def test_two_tokens_are_an_invalid_request(client: TestClient, oauth_issuer: LocalIssuer) -> None:
    """The challenge says so."""
    field = ("Authorization", oauth_issuer.headers("read")["Authorization"])
    assert challenge(client.get("/v1/me", headers=[field, field])) == invalid_request()


def test_key_proves_its_possession(
    client: TestClient, oauth_issuer: LocalIssuer, oauth_clock: MovableClock
) -> None:
    """Another key is not accepted with the token."""
    key, thief = DPoPKey(clock=oauth_clock), DPoPKey(clock=oauth_clock)
    token = oauth_issuer.token("read", cnf=key.cnf)
    first = client.get(HEADCOUNT, headers=key.headers(token, "GET", HEADCOUNT))
    nonce = first.headers["dpop-nonce"]  # the demo requires one
    status = {
        name: client.get(HEADCOUNT, headers=each.headers(token, "GET", HEADCOUNT, nonce=nonce))
        for name, each in {"key": key, "thief": thief}.items()
    }
    assert {name: response.status_code for name, response in status.items()} == {
        "key": 200,
        "thief": 401,
    }


async def test_websocket_and_asynchronous_client_work(
    app: Starlette, oauth_issuer: LocalIssuer
) -> None:
    """In the event loop of the test."""
    headers = oauth_issuer.headers("read")
    async with LocalWebSocket(app, "/v1/data/live", headers=headers) as socket:
        assert "headcount" in await socket.receive_json()
    async with LocalWebSocket(app, "/v1/data/live") as socket:
        assert socket.response.status_code == 401
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.get("/v1/me", headers=headers)).is_success
