"""local_issuers(): copies of a guard's issuers keep their rules and use the local keys."""

import pytest
from starlette.testclient import TestClient

from oauth_guard import (
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
)
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.presets import entra
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.testing import LocalIssuer, challenge, invalid_token, trusting
from oauth_guard.testing.local_issuers import local_issuers
from tests.builders.scripted_issuer import ScriptedIssuer
from tests.unit.testing.applications import REMOTE, RESOURCE, shop

SIGNED = IntrospectionIssuer(REMOTE, client=ClientSecretBasic("a", "b"), signed=True)
ISSUERS: dict[str, Issuer | Tenants] = {
    "RSA only": JWTIssuer(REMOTE, algorithms=["RS256"]),
    "shared secret": JWTIssuer(REMOTE, secret=bytes(range(32))),
    "other claims": JWTIssuer(
        REMOTE,
        types=["JWT"],
        audience=["shop"],
        scope_claims=["scp"],
        scope_array=True,
        client_claims=["azp"],
        required_claims=["iss", "aud", "exp", "azp"],
        claims={"tenant": "acme"},
    ),
    "introspection": IntrospectionIssuer(REMOTE, client=ClientSecretBasic("a", "b")),
    "signed introspection": SIGNED,
    "no URL": JWTIssuer("login", keys=LocalIssuer().jwks),
    "of the user's own": ScriptedIssuer(),
    "preset": entra("11111111-2222-3333-4444-555555555555", audience="api-client"),
}


@pytest.mark.parametrize("issuer", ISSUERS.values(), ids=ISSUERS)
def test_local_issuer_complies_with_the_rules_of_the_remote_one(issuer: Issuer) -> None:
    """Its tokens have the name, type, claims and algorithm that the guard requires."""
    guard = Guard(RESOURCE, [issuer])
    client = TestClient(shop(guard), base_url=RESOURCE)
    with trusting(guard) as local:
        assert client.get("/orders", headers=local.headers("orders:read")).is_success
        assert client.get("/orders", headers=local.headers("orders")).status_code == 403


def test_opaque_tokens_are_introspected_at_the_local_issuer() -> None:
    """A revoked one is rejected as soon as no cached result is left."""
    remote = IntrospectionIssuer(REMOTE, client=ClientSecretBasic("a", "b"), cache_for=0)
    guard = Guard(RESOURCE, [remote])
    client = TestClient(shop(guard), base_url=RESOURCE)
    with trusting(guard) as local:
        token = local.opaque_token("orders:read")
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/orders", headers=headers).is_success
        local.revoke(token)
        assert challenge(client.get("/orders", headers=headers)) == invalid_token()


async def _no_tenant(_: str) -> None:
    return None


def test_tenant_is_a_local_issuer_of_any_name() -> None:
    """The function that finds tenants is not called."""
    guard = Guard(RESOURCE, [Tenants(resolve=_no_tenant)])
    client = TestClient(shop(guard), base_url=RESOURCE)
    with trusting(guard, LocalIssuer("https://acme.example.com")) as local:
        assert client.get("/me", headers=local.headers()).is_success


def test_guard_of_several_issuers_needs_a_local_one_of_their_names() -> None:
    """The local issuer can't choose between them."""
    guard = Guard(RESOURCE, [JWTIssuer(REMOTE), JWTIssuer("https://b.example.com")])
    with pytest.raises(ConfigurationError, match="give the local issuer one of these names"):
        local_issuers(guard, LocalIssuer())
    with trusting(guard, LocalIssuer("https://b.example.com")) as local:
        client = TestClient(shop(guard), base_url=RESOURCE)
        assert client.get("/me", headers=local.headers()).is_success
        assert challenge(client.get("/me", headers=local.headers(iss=REMOTE))) == invalid_token()
