"""django-oauth-toolkit issues opaque tokens, and its answers have no `sub`, `iss` or `aud`."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from oauth_guard import ClientSecretBasic, IntrospectionIssuer
from oauth_guard.issuers.client_auth import ClientAuthentication, ClientSecretPost
from tests.robustness.peers.api import RESOURCE, Api
from tests.robustness.peers.child import child

ADA = {"username": "ada", "password": "of a test"}
APP, SERVICE = ("app", "of the app"), ("service", "of the service")
# Each of these characters is another one where it is not encoded.
US = ("api:1", "p%41:&é+ =")
REGISTERED = {
    "user": ADA,
    "clients": {
        APP[0]: {"client_secret": APP[1], "authorization_grant_type": "password"},
        SERVICE[0]: {"client_secret": SERVICE[1], "authorization_grant_type": "client-credentials"},
        US[0]: {"client_secret": US[1], "authorization_grant_type": "client-credentials"},
    },
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the authorization server is; also its name."""
    command = [
        sys.executable,
        "-m",
        "tests.robustness.peers.django_toolkit",
        json.dumps(REGISTERED),
    ]
    with child(command, tmp_path_factory.mktemp("django") / "log") as server:
        yield server.origin


def of_ada(origin: str, **form: str) -> str:
    """Return a token that Ada's password got the app."""
    return _token(origin, APP, {"grant_type": "password", "scope": "read", **ADA, **form})


def of_nobody(origin: str, **form: str) -> str:
    """Return a token that the service got for itself."""
    return _token(origin, SERVICE, {"grant_type": "client_credentials", "scope": "read", **form})


def revoke(origin: str, token: str) -> None:
    """Let the app take back what it got."""
    _post(f"{origin}/revoke_token/", APP, {"token": token})


def _token(origin: str, client: tuple[str, str], form: dict[str, str]) -> str:
    return str(_post(f"{origin}/token/", client, form).json()["access_token"])


def _post(url: str, client: tuple[str, str], form: dict[str, str]) -> httpx.Response:
    return httpx.post(url, auth=client, data=form, trust_env=False).raise_for_status()


def asked(origin: str, **settings: Any) -> IntrospectionIssuer:
    """Return what asks the server about each token, each time, as it must be set up for that."""
    usual: dict[str, Any] = {
        "client": ClientSecretBasic(*US),
        "subject_from": "username",
        "without_audience": "single resource",
        "cache_for": 0,
    }
    return IntrospectionIssuer(origin, **usual | settings)


async def test_a_user_and_a_client_are_told_apart(origin: str) -> None:
    """The subject is what the setting names, and nobody where there is no user."""
    async with Api(asked(origin)) as api:
        assert await api.get(of_ada(origin)) == {"subject": "ada", "client": "app"}
        assert await api.get(of_nobody(origin)) == {"subject": None, "client": "service"}


async def test_a_user_name_is_no_subject_unless_that_is_said(origin: str) -> None:
    """By default nothing stands in for `sub`."""
    async with Api(asked(origin, subject_from="sub")) as api:
        assert await api.get(of_ada(origin)) == {"subject": None, "client": "app"}


@pytest.mark.parametrize(
    ("resource", "without_audience", "expected"),
    [
        pytest.param(None, "single resource", {"subject": "ada", "client": "app"}, id="no aud"),
        pytest.param(None, None, "401 invalid_token", id="no aud, and no reason to do without"),
        pytest.param(RESOURCE, None, {"subject": "ada", "client": "app"}, id="our aud"),
        pytest.param(
            f"{RESOURCE}.example", "single resource", "401 invalid_token", id="another aud"
        ),
    ],
)
async def test_a_token_is_for_who_was_named_when_it_was_asked_for(
    origin: str, resource: str | None, without_audience: str | None, expected: Any
) -> None:
    """A resource indicator makes the answers name an audience (RFC 8707)."""
    token = of_ada(origin, **{"resource": resource} if resource else {})
    async with Api(asked(origin, without_audience=without_audience)) as api:
        assert await api.get(token) == expected


async def test_a_token_grants_no_more_than_its_scope(origin: str) -> None:
    """The scope is the issuer's word."""
    async with Api(asked(origin)) as api:
        assert await api.get(of_ada(origin, scope="write")) == "403"


async def test_a_token_that_is_revoked_is_refused(origin: str) -> None:
    """So is one that was never issued."""
    token = of_ada(origin)
    async with Api(asked(origin)) as api:
        assert await api.get(token) == {"subject": "ada", "client": "app"}
        revoke(origin, token)
        assert await api.get(token) == "401 invalid_token"
        assert await api.get(f"{token}x") == "401 invalid_token"


async def test_the_secret_may_be_in_the_form(origin: str) -> None:
    """It is read there as it is in the header."""
    async with Api(asked(origin, client=ClientSecretPost(*US))) as api:
        assert await api.get(of_ada(origin)) == {"subject": "ada", "client": "app"}


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(ClientSecretBasic(US[0], "wrong"), id="wrong secret"),
        pytest.param(ClientSecretPost(US[0], "wrong"), id="wrong secret in the form"),
        pytest.param(ClientSecretBasic("unknown", US[1]), id="unknown client"),
    ],
)
async def test_who_may_not_ask_blames_no_caller(
    origin: str, client: ClientAuthentication, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller is told to try again, and the operator what to mend."""
    token = of_ada(origin)
    async with Api(asked(origin, client=client)) as api:
        assert await api.get(token) == "503"
    (line,) = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert line == (
        f"{origin}: the introspection endpoint answers 403 to {client.client_id}: "
        "is this resource registered there, and client= as it is registered?"
    )
    assert not any(secret in caplog.text for secret in (token, "wrong", US[1]))
