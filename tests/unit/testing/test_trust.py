"""trusting(): a built guard and its application trust a local issuer inside the `with` alone."""

import httpx
import pytest
from starlette.testclient import TestClient

from oauth_guard import (
    ConfigurationError,
    Guard,
)
from oauth_guard.testing import (
    LocalIssuer,
    MovableClock,
    challenge,
    insufficient_scope,
    invalid_token,
    missing_token,
    trusting,
    unavailable,
)
from oauth_guard.testing.trust import acquire, release, restore_leftovers
from tests.unit.testing.applications import REMOTE, RESOURCE, remote_guard, shop


@pytest.fixture
def guard() -> Guard:
    """Return a guard whose issuer can't be reached."""
    return remote_guard()


@pytest.fixture
def client(guard: Guard) -> TestClient:
    """Return a synchronous client of the application that carries the guard."""
    return TestClient(shop(guard), base_url=RESOURCE)


def test_application_accepts_tokens_of_the_local_issuer(
    guard: Guard, client: TestClient, oauth_issuer: LocalIssuer
) -> None:
    """The local issuer takes name and audience, and the application's routes keep their rules."""
    with trusting(guard, oauth_issuer):
        assert oauth_issuer.issuer == REMOTE
        assert client.get("/me", headers=oauth_issuer.headers()).json() == ["u1", None]
        assert client.get("/orders", headers=oauth_issuer.headers("orders:read")).is_success
        rejected = client.get("/orders", headers=oauth_issuer.headers("orders:pay"))
        assert challenge(rejected) == insufficient_scope("orders:read")
        assert challenge(client.get("/me")) == missing_token()


def test_guard_is_as_before_after_the_block(guard: Guard, client: TestClient) -> None:
    """A token that was accepted, and cached, inside the block is rejected after it."""
    parts = dict(vars(guard))
    with trusting(guard) as issuer:
        headers = issuer.headers()
        assert client.get("/me", headers=headers).is_success
    assert vars(guard) == parts
    with trusting(guard):
        assert challenge(client.get("/me", headers=headers)) == invalid_token()


async def test_guard_works_in_an_asynchronous_test(guard: Guard) -> None:
    """Nothing of the kit runs an event loop of its own."""
    transport = httpx.ASGITransport(shop(guard))
    with trusting(guard) as issuer:
        async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
            response = await client.get("/me", headers=issuer.headers(sub="u7", tenant="acme"))
    assert response.json() == ["u7", "acme"]


def test_clock_of_the_issuer_decides_when_a_token_expires(
    guard: Guard, client: TestClient, oauth_issuer: LocalIssuer, oauth_clock: MovableClock
) -> None:
    """Tokens live for 300 seconds, plus 5 seconds of leeway."""
    with trusting(guard, oauth_issuer):
        headers = oauth_issuer.headers()
        oauth_clock.advance(304)
        assert client.get("/me", headers=headers).is_success
        oauth_clock.advance(2)
        assert challenge(client.get("/me", headers=headers)) == invalid_token()


def test_rotation_outage_and_revocation_are_seen(
    guard: Guard, client: TestClient, oauth_issuer: LocalIssuer
) -> None:
    """They are caused by the local issuer, and have the effects that a real one has."""
    with trusting(guard, oauth_issuer):
        token = oauth_issuer.token()
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/now", headers=headers).is_success
        oauth_issuer.revoke(token)
        assert challenge(client.get("/now", headers=headers)) == invalid_token()
        oauth_issuer.rotate(type(oauth_issuer.keys[0])("k2"))
        assert client.get("/me", headers=oauth_issuer.headers()).is_success
        oauth_issuer.outage = lambda _: httpx.Response(500)
        rejected = client.get("/now", headers=oauth_issuer.headers())
        assert challenge(rejected) == unavailable()


def test_second_block_for_one_guard_is_rejected(guard: Guard) -> None:
    """The error names the test that the first one began in."""
    with (
        trusting(guard),
        pytest.raises(ConfigurationError, match="test_second_block_for_one_guard"),
        trusting(guard),
    ):
        pass


def test_guard_that_is_left_changed_is_restored_before_the_next_test(guard: Guard) -> None:
    """The sentence names the test, and a release afterwards has no effect."""
    parts = dict(vars(guard))
    acquire(guard)
    (sentence,) = restore_leftovers()
    assert "test_guard_that_is_left_changed" in sentence
    assert vars(guard) == parts
    release(guard)
    assert restore_leftovers() == []


@pytest.fixture
def trusted(guard: Guard) -> Guard:
    """Return a guard that a fixture lets trust a local issuer."""
    acquire(guard)
    return guard


def test_guard_that_a_fixture_changed_is_not_restored(trusted: Guard) -> None:
    """A fixture may have a longer life than a test."""
    assert restore_leftovers() == []
    release(trusted)
