"""django-oauth-toolkit: opaque tokens whose introspection has no `sub`, `iss` or `aud`."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from oauth_guard import ClientSecretBasic, IntrospectionIssuer
from oauth_guard.issuers.client_auth import ClientAuthentication, ClientSecretPost
from tests.robustness.foreign_servers.guarded_api import RESOURCE, GuardedApi
from tests.robustness.foreign_servers.server_process import server_process

ADA = {"username": "ada", "password": "of a test"}
APP, SERVICE = ("app", "of the app"), ("service", "of the service")
# Each of these characters has another meaning if it is not encoded.
CLIENT = ("api:1", "p%41:&é+ =")
REGISTERED = {
    "user": ADA,
    "clients": {
        APP[0]: {"client_secret": APP[1], "authorization_grant_type": "password"},
        SERVICE[0]: {"client_secret": SERVICE[1], "authorization_grant_type": "client-credentials"},
        CLIENT[0]: {"client_secret": CLIENT[1], "authorization_grant_type": "client-credentials"},
    },
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the origin of the authorization server, which is also its issuer identifier."""
    command = [
        sys.executable,
        "-m",
        "tests.robustness.foreign_servers.django_toolkit",
        json.dumps(REGISTERED),
    ]
    with server_process(command, tmp_path_factory.mktemp("django") / "log") as server:
        yield server.origin


def user_token(origin: str, **form: str) -> str:
    """Return a token of the user Ada for the client `app`, by the password grant."""
    return _token(origin, APP, {"grant_type": "password", "scope": "read", **ADA, **form})


def client_token(origin: str, **form: str) -> str:
    """Return a token of the client `service`, by the client credentials grant."""
    return _token(origin, SERVICE, {"grant_type": "client_credentials", "scope": "read", **form})


def revoke(origin: str, token: str) -> None:
    """Revoke a token of the client `app`."""
    _post(f"{origin}/revoke_token/", APP, {"token": token})


def _token(origin: str, client: tuple[str, str], form: dict[str, str]) -> str:
    return str(_post(f"{origin}/token/", client, form).json()["access_token"])


def _post(url: str, client: tuple[str, str], form: dict[str, str]) -> httpx.Response:
    return httpx.post(url, auth=client, data=form, trust_env=False).raise_for_status()


def introspection_issuer(origin: str, **settings: Any) -> IntrospectionIssuer:
    """Return an issuer without a cache, with the settings that this server needs."""
    defaults: dict[str, Any] = {
        "client": ClientSecretBasic(*CLIENT),
        "subject_from": "username",
        "without_audience": "single resource",
        "cache_for": 0,
    }
    return IntrospectionIssuer(origin, **defaults | settings)


async def test_subject_is_the_user_name_and_none_for_a_client(origin: str) -> None:
    """`subject_from` names the member; a client token does not have it."""
    async with GuardedApi(introspection_issuer(origin)) as api:
        assert await api.get(user_token(origin)) == {"subject": "ada", "client": "app"}
        assert await api.get(client_token(origin)) == {"subject": None, "client": "service"}


async def test_user_name_is_no_subject_by_default(origin: str) -> None:
    """Nothing replaces a missing `sub` unless a setting says so."""
    async with GuardedApi(introspection_issuer(origin, subject_from="sub")) as api:
        assert await api.get(user_token(origin)) == {"subject": None, "client": "app"}


@pytest.mark.parametrize(
    ("resource", "without_audience", "expected"),
    [
        pytest.param(None, "single resource", {"subject": "ada", "client": "app"}, id="no aud"),
        pytest.param(None, None, "401 invalid_token", id="no aud, which is required"),
        pytest.param(RESOURCE, None, {"subject": "ada", "client": "app"}, id="own aud"),
        pytest.param(f"{RESOURCE}.example", "single resource", "401 invalid_token", id="other aud"),
    ],
)
async def test_audience_is_the_requested_resource(
    origin: str, resource: str | None, without_audience: str | None, expected: Any
) -> None:
    """With a resource indicator the introspection response has an audience (RFC 8707)."""
    token = user_token(origin, **{"resource": resource} if resource else {})
    async with GuardedApi(introspection_issuer(origin, without_audience=without_audience)) as api:
        assert await api.get(token) == expected


async def test_token_with_another_scope_is_403(origin: str) -> None:
    """The scope is the one that the server reports."""
    async with GuardedApi(introspection_issuer(origin)) as api:
        assert await api.get(user_token(origin, scope="write")) == "403"


async def test_revoked_or_unknown_token_is_rejected(origin: str) -> None:
    """The server reports both as inactive."""
    token = user_token(origin)
    async with GuardedApi(introspection_issuer(origin)) as api:
        assert await api.get(token) == {"subject": "ada", "client": "app"}
        revoke(origin, token)
        assert await api.get(token) == "401 invalid_token"
        assert await api.get(f"{token}x") == "401 invalid_token"


async def test_client_secret_post_is_accepted(origin: str) -> None:
    """The server decodes the secret in the form like the one in the header."""
    async with GuardedApi(introspection_issuer(origin, client=ClientSecretPost(*CLIENT))) as api:
        assert await api.get(user_token(origin)) == {"subject": "ada", "client": "app"}


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(ClientSecretBasic(CLIENT[0], "wrong"), id="wrong secret"),
        pytest.param(ClientSecretPost(CLIENT[0], "wrong"), id="wrong secret in the form"),
        pytest.param(ClientSecretBasic("unknown", CLIENT[1]), id="unknown client"),
    ],
)
async def test_rejected_introspection_client_is_503_and_logged(
    origin: str, client: ClientAuthentication, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller may try again, and the log says what to correct."""
    token = user_token(origin)
    async with GuardedApi(introspection_issuer(origin, client=client)) as api:
        assert await api.get(token) == "503"
    (line,) = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert line == (
        f"{origin}: the introspection endpoint returned 403 to {client.client_id}: "
        "is this resource registered there, and client= as it is registered?"
    )
    assert not any(secret in caplog.text for secret in (token, "wrong", CLIENT[1]))
