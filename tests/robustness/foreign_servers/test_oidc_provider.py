"""oidc-provider: JWTs, opaque tokens, and signed introspection responses."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from oauth_guard import ClientSecretBasic, IntrospectionIssuer, JWTIssuer, PrivateKeyJWT
from oauth_guard.issuers.client_auth import ClientAuthentication, ClientSecretPost
from oauth_guard.issuers.remote_keys import JWKSCache
from tests.builders.clock import FakeClock
from tests.needs import PROGRAMS
from tests.robustness.foreign_servers.guarded_api import RESOURCE, GuardedApi
from tests.robustness.foreign_servers.server_process import ServerProcess, server_process

pytestmark = pytest.mark.needs("node", "oidc-provider")

# The server issues opaque tokens for a resource whose name contains `opaque`.
OPAQUE_RESOURCE = "https://opaque.api.test"
SERVICE = ("service", "of the service")
SERVICE_WITH_SUBJECT = {"subject": "service", "client": "service"}
NO_SUBJECT = {"subject": None, "client": "service"}
# Each of these characters has another meaning if it is not encoded.
CLIENT = ("api:1", "p%41:& +=")
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key()))


def registered(client_id: str, *grants: str, **metadata: Any) -> dict[str, Any]:
    """Return the registration of a client without redirect URIs."""
    none: dict[str, Any] = {"redirect_uris": [], "response_types": []}
    return {"client_id": client_id, "grant_types": grants, **none, **metadata}


CLIENTS = [
    registered(SERVICE[0], "client_credentials", client_secret=SERVICE[1]),
    registered(CLIENT[0], client_secret=CLIENT[1]),
    registered("form", client_secret=CLIENT[1], token_endpoint_auth_method="client_secret_post"),
    registered("key", jwks={"keys": [PUBLIC]}, token_endpoint_auth_method="private_key_jwt"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run the authorization server for the tests of this file."""
    node, package = (PROGRAMS[name].find() for name in ("node", "oidc-provider"))
    assert node is not None
    assert package is not None
    script = Path(__file__).with_name("oidc_provider.mjs")
    log = tmp_path_factory.mktemp("node") / "log"
    with server_process([node, script, f"{package}/", json.dumps(CLIENTS)], log) as server:
        yield server


@pytest.fixture
def origin(server: ServerProcess) -> str:
    """Return the origin of the authorization server, which is also its issuer identifier."""
    return server.origin


def token_for(origin: str, resource: str, *, headers: dict[str, str] | None = None) -> str:
    """Return a token of the client `service` for *resource*."""
    form = {"grant_type": "client_credentials", "scope": "read", "resource": resource}
    return str(_post(f"{origin}/token", form, headers).json()["access_token"])


def revoke(origin: str, token: str) -> None:
    """Revoke a token of the client `service`."""
    _post(f"{origin}/token/revocation", {"token": token})


def _post(url: str, form: dict[str, str], headers: dict[str, str] | None = None) -> httpx.Response:
    response = httpx.post(url, auth=SERVICE, data=form, headers=headers, trust_env=False)
    return response.raise_for_status()


def opaque_issuer(origin: str, **settings: Any) -> IntrospectionIssuer:
    """Return an issuer without a cache."""
    defaults: dict[str, Any] = {"client": ClientSecretBasic(*CLIENT), "cache_for": 0}
    return IntrospectionIssuer(origin, **defaults | settings)


async def test_jwt_is_validated_with_the_issuer_identifier_alone(origin: str) -> None:
    """Metadata and keys are discovered, and the tokens conform to RFC 9068."""
    async with GuardedApi(JWTIssuer(origin)) as api:
        assert await api.get(token_for(origin, RESOURCE)) == SERVICE_WITH_SUBJECT
        assert await api.get(token_for(origin, f"{RESOURCE}/other")) == "401 invalid_token"
        assert await api.get(token_for(origin, OPAQUE_RESOURCE)) == "401 invalid_token"


async def test_key_rotation_is_followed(server: ServerProcess) -> None:
    """A new key is fetched for its first token; tokens of a removed key are rejected after that."""
    clock = FakeClock(1000)
    jwks_cache = JWKSCache(cooldown=30, max_age=600)
    async with GuardedApi(JWTIssuer(server.origin, jwks_cache=jwks_cache, clock=clock)) as api:
        old = token_for(server.origin, RESOURCE)
        assert await api.get(old) == SERVICE_WITH_SUBJECT
        clock.advance(31)
        server.send(keys=["second", "first"])
        new = token_for(server.origin, RESOURCE)
        assert jwt.get_unverified_header(new)["kid"] == "second"
        assert [await api.get(token) for token in (new, old)] == [SERVICE_WITH_SUBJECT] * 2
        clock.advance(31)
        server.send(keys=["third", "second"])
        newest = token_for(server.origin, RESOURCE)
        assert [await api.get(token) for token in (newest, new)] == [SERVICE_WITH_SUBJECT] * 2
        assert await api.get(old) == "401 invalid_token"


@pytest.mark.parametrize("signed", [False, True], ids=["plain", "signed"])
async def test_opaque_token_is_introspected(origin: str, *, signed: bool) -> None:
    """The response is accepted plain and signed (RFC 9701), until the token is revoked."""
    token, other = (token_for(origin, f"{OPAQUE_RESOURCE}{path}") for path in ("", "/other"))
    async with GuardedApi(opaque_issuer(origin, signed=signed), resource=OPAQUE_RESOURCE) as api:
        assert await api.get(token) == NO_SUBJECT
        assert await api.get(other) == "401 invalid_token"
        assert await api.get(f"{token}x") == "401 invalid_token"
        revoke(origin, token)
        assert await api.get(token) == "401 invalid_token"


async def test_rotation_of_the_response_signing_key_is_followed(server: ServerProcess) -> None:
    """A response that a new key signed is not an outage."""
    clock = FakeClock(1000)
    issuer = opaque_issuer(server.origin, signed=True, monotonic=clock)
    async with GuardedApi(issuer, resource=OPAQUE_RESOURCE) as api:
        for key in ("before", "after"):
            server.send(keys=[key])  # also drops the tokens issued before
            assert await api.get(token_for(server.origin, OPAQUE_RESOURCE)) == NO_SUBJECT
            clock.advance(31)


async def test_jwts_and_opaque_tokens_are_validated_side_by_side(origin: str) -> None:
    """JWTs are validated by signature, and only opaque tokens are introspected."""
    both = [RESOURCE, OPAQUE_RESOURCE]
    issuers = JWTIssuer(origin, audience=both), opaque_issuer(origin, audience=both)
    async with GuardedApi(*issuers) as api:
        assert await api.get(token_for(origin, RESOURCE)) == SERVICE_WITH_SUBJECT
        assert await api.get(token_for(origin, OPAQUE_RESOURCE)) == NO_SUBJECT


async def test_introspecting_a_jwt_is_503_and_logged(
    origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server responds with 400: the wrong issuer class is configured, which the log says."""
    token = token_for(origin, RESOURCE)
    async with GuardedApi(opaque_issuer(origin)) as api:
        assert await api.get(token) == "503"
    assert errors(caplog) == (
        f"{origin}: the introspection endpoint returned 400 to api:1: "
        "it does not introspect such tokens; for JWTs, use a JWTIssuer."
    )


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(ClientSecretBasic(*CLIENT), id="client_secret_basic"),
        pytest.param(ClientSecretPost("form", CLIENT[1]), id="client_secret_post"),
        pytest.param(PrivateKeyJWT("key", PEM), id="private_key_jwt"),
    ],
)
async def test_each_client_authentication_method_is_accepted(
    origin: str, client: ClientAuthentication
) -> None:
    """Twice, since the server accepts each assertion only once."""
    token = token_for(origin, OPAQUE_RESOURCE)
    async with GuardedApi(opaque_issuer(origin, client=client), resource=OPAQUE_RESOURCE) as api:
        assert [await api.get(token) for _ in range(2)] == [NO_SUBJECT] * 2


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(ClientSecretBasic(CLIENT[0], "wrong"), id="wrong secret"),
        pytest.param(ClientSecretPost("key", CLIENT[1]), id="secret of a client with a key"),
        pytest.param(PrivateKeyJWT("key", PEM, audience="https://as.test"), id="wrong audience"),
    ],
)
async def test_rejected_introspection_client_is_503_and_logged(
    origin: str, client: ClientAuthentication, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller may try again, and the log says what to correct."""
    token = token_for(origin, OPAQUE_RESOURCE)
    async with GuardedApi(opaque_issuer(origin, client=client), resource=OPAQUE_RESOURCE) as api:
        assert await api.get(token) == "503"
    assert errors(caplog) == (
        f"{origin}: the introspection endpoint returned 401 to {client.client_id}: "
        "is this resource registered there, and client= as it is registered?"
    )
    assert not any(secret in caplog.text for secret in (token, "wrong", CLIENT[1]))


@pytest.mark.parametrize("resource", [RESOURCE, OPAQUE_RESOURCE], ids=["JWT", "opaque"])
async def test_dpop_bound_token_is_rejected_as_bearer_token(origin: str, resource: str) -> None:
    """Without the proof it must not be accepted (RFC 9449)."""
    claims = {"jti": resource, "htm": "POST", "htu": f"{origin}/token", "iat": int(time.time())}
    proof = jwt.encode(claims, KEY, "ES256", {"typ": "dpop+jwt", "jwk": PUBLIC})
    token = token_for(origin, resource, headers={"dpop": proof})
    async with GuardedApi(JWTIssuer(origin), opaque_issuer(origin), resource=resource) as api:
        assert await api.get(token) == "401 invalid_token"


def errors(caplog: pytest.LogCaptureFixture) -> str:
    """Return the messages that were logged as errors, one a line."""
    messages = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    return "\n".join(messages)
