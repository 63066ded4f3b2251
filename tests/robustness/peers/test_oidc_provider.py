"""oidc-provider issues JWTs and opaque tokens, and signs what it says about the latter."""

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
from tests.robustness.peers.api import RESOURCE, Api
from tests.robustness.peers.child import Child, child

pytestmark = pytest.mark.needs("node", "oidc-provider")

# The name of a resource says here of what kind the tokens for it are.
OPAQUE_RESOURCE = "https://opaque.api.test"
SERVICE = ("service", "of the service")
BY_SERVICE = {"subject": "service", "client": "service"}
BY_NOBODY = {"subject": None, "client": "service"}
# Each of these characters is another one where it is not encoded.
US = ("api:1", "p%41:& +=")
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key()))


def registered(client_id: str, *grants: str, **metadata: Any) -> dict[str, Any]:
    """Return the registration of a client that needs no browser."""
    none: dict[str, Any] = {"redirect_uris": [], "response_types": []}
    return {"client_id": client_id, "grant_types": grants, **none, **metadata}


CLIENTS = [
    registered(SERVICE[0], "client_credentials", client_secret=SERVICE[1]),
    registered(US[0], client_secret=US[1]),
    registered("form", client_secret=US[1], token_endpoint_auth_method="client_secret_post"),
    registered("key", jwks={"keys": [PUBLIC]}, token_endpoint_auth_method="private_key_jwt"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """Run the authorization server for all tests of this file."""
    node, package = (PROGRAMS[name].find() for name in ("node", "oidc-provider"))
    assert node is not None
    assert package is not None
    script = Path(__file__).with_name("oidc_provider.mjs")
    log = tmp_path_factory.mktemp("node") / "log"
    with child([node, script, f"{package}/", json.dumps(CLIENTS)], log) as server:
        yield server


@pytest.fixture
def origin(server: Child) -> str:
    """Where the authorization server is; also its name."""
    return server.origin


def token_for(origin: str, resource: str, *, headers: dict[str, str] | None = None) -> str:
    """Return a token that the service got for *resource*."""
    form = {"grant_type": "client_credentials", "scope": "read", "resource": resource}
    return str(_post(f"{origin}/token", form, headers).json()["access_token"])


def revoke(origin: str, token: str) -> None:
    """Let the service take back what it got."""
    _post(f"{origin}/token/revocation", {"token": token})


def _post(url: str, form: dict[str, str], headers: dict[str, str] | None = None) -> httpx.Response:
    answer = httpx.post(url, auth=SERVICE, data=form, headers=headers, trust_env=False)
    return answer.raise_for_status()


def asked(origin: str, **settings: Any) -> IntrospectionIssuer:
    """Return what asks the server about each token, each time."""
    usual: dict[str, Any] = {"client": ClientSecretBasic(*US), "cache_for": 0}
    return IntrospectionIssuer(origin, **usual | settings)


async def test_a_name_is_enough_for_jwts(origin: str) -> None:
    """Metadata and keys are found, and its tokens are what RFC 9068 says."""
    async with Api(JWTIssuer(origin)) as api:
        assert await api.get(token_for(origin, RESOURCE)) == BY_SERVICE
        assert await api.get(token_for(origin, f"{RESOURCE}/other")) == "401 invalid_token"
        assert await api.get(token_for(origin, OPAQUE_RESOURCE)) == "401 invalid_token"


async def test_keys_are_followed_as_they_rotate(server: Child) -> None:
    """A token of a new key brings it; one of a key that is gone is refused once we look again."""
    clock = FakeClock(1000)
    times = JWKSCache(cooldown=30, max_age=600)
    async with Api(JWTIssuer(server.origin, jwks_cache=times, clock=clock)) as api:
        old = token_for(server.origin, RESOURCE)
        assert await api.get(old) == BY_SERVICE
        clock.advance(31)
        server.tell(keys=["second", "first"])
        new = token_for(server.origin, RESOURCE)
        assert jwt.get_unverified_header(new)["kid"] == "second"
        assert [await api.get(token) for token in (new, old)] == [BY_SERVICE] * 2
        clock.advance(31)
        server.tell(keys=["third", "second"])
        newest = token_for(server.origin, RESOURCE)
        assert [await api.get(token) for token in (newest, new)] == [BY_SERVICE] * 2
        assert await api.get(old) == "401 invalid_token"


@pytest.mark.parametrize("signed", [False, True], ids=["plain answers", "signed answers"])
async def test_opaque_tokens_are_asked_about(origin: str, *, signed: bool) -> None:
    """What it says of them is believed, until it says otherwise; signed or not (RFC 9701)."""
    token, other = (token_for(origin, f"{OPAQUE_RESOURCE}{path}") for path in ("", "/other"))
    async with Api(asked(origin, signed=signed), resource=OPAQUE_RESOURCE) as api:
        assert await api.get(token) == BY_NOBODY
        assert await api.get(other) == "401 invalid_token"
        assert await api.get(f"{token}x") == "401 invalid_token"
        revoke(origin, token)
        assert await api.get(token) == "401 invalid_token"


async def test_keys_of_answers_are_followed_as_they_rotate(server: Child) -> None:
    """An answer that a new key signed is no outage."""
    clock = FakeClock(1000)
    issuer = asked(server.origin, signed=True, monotonic=clock)
    async with Api(issuer, resource=OPAQUE_RESOURCE) as api:
        for key in ("before", "after"):
            server.tell(keys=[key])  # and it remembers no older token
            assert await api.get(token_for(server.origin, OPAQUE_RESOURCE)) == BY_NOBODY
            clock.advance(31)


async def test_both_kinds_of_token_side_by_side(origin: str) -> None:
    """The signature is enough for the JWTs, and only the others are asked about."""
    both = [RESOURCE, OPAQUE_RESOURCE]
    issuers = JWTIssuer(origin, audience=both), asked(origin, audience=both)
    async with Api(*issuers) as api:
        assert await api.get(token_for(origin, RESOURCE)) == BY_SERVICE
        assert await api.get(token_for(origin, OPAQUE_RESOURCE)) == BY_NOBODY


async def test_asking_about_a_jwt_blames_no_caller(
    origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server answers with 400: it was set up for the wrong kind, which the operator reads."""
    token = token_for(origin, RESOURCE)
    async with Api(asked(origin)) as api:
        assert await api.get(token) == "503"
    assert errors(caplog) == (
        f"{origin}: the introspection endpoint answers 400 to api:1: "
        "it is not to be asked about such tokens; JWTs may want a JWTIssuer."
    )


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(ClientSecretBasic(*US), id="client_secret_basic"),
        pytest.param(ClientSecretPost("form", US[1]), id="client_secret_post"),
        pytest.param(PrivateKeyJWT("key", PEM), id="private_key_jwt"),
    ],
)
async def test_it_knows_us_by_secret_and_by_key(origin: str, client: ClientAuthentication) -> None:
    """Again and again, since each assertion serves once."""
    token = token_for(origin, OPAQUE_RESOURCE)
    async with Api(asked(origin, client=client), resource=OPAQUE_RESOURCE) as api:
        assert [await api.get(token) for _ in range(2)] == [BY_NOBODY] * 2


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(ClientSecretBasic(US[0], "wrong"), id="wrong secret"),
        pytest.param(ClientSecretPost("key", US[1]), id="a secret, where a key is registered"),
        pytest.param(PrivateKeyJWT("key", PEM, audience="https://as.test"), id="wrong audience"),
    ],
)
async def test_who_may_not_ask_blames_no_caller(
    origin: str, client: ClientAuthentication, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller is told to try again, and the operator what to mend."""
    token = token_for(origin, OPAQUE_RESOURCE)
    async with Api(asked(origin, client=client), resource=OPAQUE_RESOURCE) as api:
        assert await api.get(token) == "503"
    assert errors(caplog) == (
        f"{origin}: the introspection endpoint answers 401 to {client.client_id}: "
        "is this resource registered there, and client= as it is registered?"
    )
    assert not any(secret in caplog.text for secret in (token, "wrong", US[1]))


@pytest.mark.parametrize("resource", [RESOURCE, OPAQUE_RESOURCE], ids=["JWT", "opaque"])
async def test_a_token_that_is_bound_to_a_key_is_no_bearer_token(
    origin: str, resource: str
) -> None:
    """It is worth nothing without the proof (RFC 9449)."""
    claims = {"jti": resource, "htm": "POST", "htu": f"{origin}/token", "iat": int(time.time())}
    proof = jwt.encode(claims, KEY, "ES256", {"typ": "dpop+jwt", "jwk": PUBLIC})
    token = token_for(origin, resource, headers={"dpop": proof})
    async with Api(JWTIssuer(origin), asked(origin), resource=resource) as api:
        assert await api.get(token) == "401 invalid_token"


def errors(caplog: pytest.LogCaptureFixture) -> str:
    """Return what the operator was told to mend, in as many lines."""
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    return "\n".join(told)
