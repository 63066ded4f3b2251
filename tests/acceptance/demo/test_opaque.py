"""The demo with opaque tokens: callers see the same, and a revoked token ends early."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from demo_api.clients import main
from demo_api.guard import CACHED_SECONDS
from tests.acceptance.demo.authorization_server.harness import (
    ORIGIN,
    RESOURCE,
    Harness,
    basic,
    ok_json,
)
from tests.acceptance.demo.callers import bearer, client_itself, person, service_account
from tests.acceptance.demo.running import demo_in_process, running_demo
from tests.unit.http.loopback import closed_port

EMPLOYEES = "/v1/data/employees"


async def status(harness: Harness, token: str) -> int:
    """Return the status of /v1/me with *token*."""
    return (await harness.http.get("/v1/me", headers=bearer(token))).status_code


@pytest.mark.parametrize("caller", [person, service_account, client_itself])
@pytest.mark.parametrize("path", ["/v1/me", "/v1/fastapi/me", EMPLOYEES])
async def test_opaque_token_gives_the_same_response_as_a_jwt(
    demo: Harness, opaque: Harness, caller: object, path: str
) -> None:
    """The identity comes from the token or from introspection."""
    assert callable(caller)
    responses = []
    for harness in (demo, opaque):
        headers = await (caller(harness, "ada") if caller is person else caller(harness))
        responses.append(ok_json(await harness.http.get(path, headers=headers)))
        assert ("." in headers["Authorization"]) == (harness is demo)
    assert responses[0] == responses[1]


async def test_introspection_of_an_opaque_token_returns_the_claims_of_a_jwt(
    opaque: Harness,
) -> None:
    """They include issuer, audience and auth_time."""
    token = (await opaque.tokens(scope="read write"))["access_token"]
    now = int(opaque.clock.now)
    assert await opaque.introspect(token, "demo-api") == {
        "active": True,
        "iss": ORIGIN,
        "aud": RESOURCE,
        "sub": "u-ada-5f1c7e90",
        "username": "ada",
        "client_id": "demo-web",
        "scope": "read write",
        "token_type": "Bearer",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
        "acr": "password",
    }


async def test_opaque_token_with_read_scope_is_rejected_for_writing(opaque: Harness) -> None:
    """The scope comes from introspection."""
    headers = await person(opaque, "ada")
    response = await opaque.http.delete(f"{EMPLOYEES}/1", headers=headers)
    assert response.status_code == 403
    assert 'scope="write"' in response.headers["www-authenticate"]


async def test_revoked_opaque_token_is_rejected_once_its_cache_entry_ends(opaque: Harness) -> None:
    """It does not wait for the end of the token."""
    token = (await opaque.tokens())["access_token"]
    assert await status(opaque, token) == 200
    ok_json(await opaque.post("revoke", basic("demo-web"), token=token))
    opaque.clock.now += CACHED_SECONDS - 1
    assert await status(opaque, token) == 200
    opaque.clock.now += 1
    assert await status(opaque, token) == 401


async def test_opaque_token_revoked_before_its_first_use_is_rejected(opaque: Harness) -> None:
    """Nothing about it is cached."""
    token = (await opaque.tokens())["access_token"]
    ok_json(await opaque.post("revoke", basic("demo-web"), token=token))
    assert await status(opaque, token) == 401


async def test_opaque_token_expires_after_five_minutes(opaque: Harness) -> None:
    """The limit is exact to the second."""
    token = (await opaque.tokens())["access_token"]
    opaque.clock.now += 299
    assert await status(opaque, token) == 200
    opaque.clock.now += 1
    assert await status(opaque, token) == 401


@pytest.mark.parametrize("token", ["guess", "a.b.c", "é"])
async def test_opaque_token_that_was_never_issued_is_rejected(opaque: Harness, token: str) -> None:
    """The rejection carries a challenge."""
    headers = {b"authorization": f"Bearer {token}".encode()}
    response = await opaque.http.get("/v1/me", headers=headers)
    assert response.status_code in {400, 401}
    assert "www-authenticate" in response.headers


@pytest.mark.parametrize("opaque_before", [True, False], ids=["opaque", "signed"])
async def test_reopened_database_keeps_tokens_valid(tmp_path: Path, *, opaque_before: bool) -> None:
    """It holds the signing key; a signed token can also be introspected."""
    file = tmp_path / "demo.sqlite"
    async with demo_in_process(file, opaque=opaque_before) as harness:
        token = (await harness.tokens())["access_token"]
    for opaque in {opaque_before, True}:
        async with demo_in_process(file, opaque=opaque) as harness:
            assert await status(harness, token) == 200


async def test_unreachable_redis_is_an_outage() -> None:
    """Another process may have revoked the token."""
    with closed_port() as unused:
        redis = unused.replace("http", "redis")
        async with demo_in_process(opaque=True, redis=redis) as harness:
            token = (await harness.tokens())["access_token"]
            assert await status(harness, token) == 503


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Give the origin of a demo with opaque tokens, over a real socket."""
    with running_demo(opaque=True) as origin:
        yield origin


def test_tour_with_opaque_tokens_completes(served: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The client needs no change."""
    assert main(["--origin", served]) == 0
    printed = capsys.readouterr().out
    assert "reason: inactive" in printed
    assert "eyJ" not in re.sub(r"(DPoP|id_token): eyJ", "", printed)


def test_client_of_the_api_gets_no_token(served: str) -> None:
    """It may introspect and nothing else."""
    response = httpx.post(
        f"{served}/v1/auth/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers=basic("demo-api"),
        trust_env=False,
    )
    assert (response.status_code, response.json()["error"]) == (400, "unauthorized_client")
