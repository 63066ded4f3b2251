"""attacks(): a table of attacks on one request, each of which a guarded application rejects."""

import pytest
from starlette.testclient import TestClient

from oauth_guard import ClientSecretBasic, ConfigurationError, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.testing import Attack, LocalIssuer, SigningKey, attacks, trusting
from tests.unit.testing.applications import REMOTE, RESOURCE, remote_guard, shop

ATTACKS = attacks("GET /orders", "orders:read", tenant="acme")
KEYS = {name: SigningKey("k1", name) for name in ("ES256", "RS256", "EdDSA")}
GUARDS: dict[str, tuple[Guard, SigningKey]] = {
    "EC": (remote_guard(), KEYS["ES256"]),
    "RSA": (Guard(RESOURCE, [JWTIssuer(REMOTE, algorithms=["RS256"])]), KEYS["RS256"]),
    "Ed25519": (Guard(RESOURCE, [JWTIssuer(REMOTE, algorithms=["EdDSA"])]), KEYS["EdDSA"]),
    "introspection": (
        Guard(RESOURCE, [IntrospectionIssuer(REMOTE, client=ClientSecretBasic("a", "b"))]),
        KEYS["ES256"],
    ),
    "every method": (
        remote_guard(bearer_methods=["header", "body", "query"]),
        KEYS["ES256"],
    ),
}


@pytest.mark.parametrize(("guard", "key"), GUARDS.values(), ids=GUARDS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_rejected(attack: Attack, guard: Guard, key: SigningKey) -> None:
    """With each algorithm of keys, and where tokens are introspected."""
    client = TestClient(shop(guard), base_url=RESOURCE, raise_server_exceptions=False)
    with trusting(guard, LocalIssuer(key=key)) as issuer:
        attack.check(client.request(**attack.request(issuer)))


@pytest.mark.parametrize(("guard", "key"), GUARDS.values(), ids=GUARDS)
def test_request_with_a_good_token_is_served(guard: Guard, key: SigningKey) -> None:
    """The attacks above are therefore rejected for what they change."""
    client = TestClient(shop(guard), base_url=RESOURCE)
    with trusting(guard, LocalIssuer(key=key)) as issuer:
        headers = issuer.headers("orders:read", tenant="acme")
        assert client.get("/orders", headers=headers).is_success


def test_each_attack_has_a_name_and_a_sentence() -> None:
    """Names are the ids of tests, so they are unique."""
    assert len(ATTACKS) >= 70
    assert len(attacks()) >= 65
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert all(attack.__name__ == attack.name for attack in ATTACKS)
    assert all(attack.sentence.endswith(".") for attack in ATTACKS)


def test_skipped_attacks_are_left_out() -> None:
    """A name that no attack has is an error, so that the list stays true."""
    names = {attack.name for attack in attacks(skip=["no audience"])}
    assert len(names) == len(attacks()) - 1
    with pytest.raises(ConfigurationError, match="names no attack by no scope"):
        attacks(skip=["no scope"])


@pytest.mark.parametrize("request_line", ["/orders", "GET", "GET orders"])
def test_request_without_method_or_path_is_rejected(request_line: str) -> None:
    """The sentence shows what to write."""
    with pytest.raises(ConfigurationError, match="GET /orders"):
        attacks(request_line)
