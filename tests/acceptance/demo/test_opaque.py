"""The demo with opaque tokens: nobody can tell the difference, but whoever revokes one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from demo_api.clients import main
from demo_api.guard import REMEMBERED
from tests.acceptance.demo.authorization_server.stage import (
    ORIGIN,
    RESOURCE,
    Stage,
    accepted,
    basic,
)
from tests.acceptance.demo.callers import bearer, client_itself, person, service_account
from tests.acceptance.demo.running import demo_in_process, running_demo
from tests.unit.http.loopback import closed_port

EMPLOYEES = "/v1/data/employees"


async def status(stage: Stage, token: str) -> int:
    """Return how the API answers to *token*."""
    return (await stage.http.get("/v1/me", headers=bearer(token))).status_code


@pytest.mark.parametrize("caller", [person, service_account, client_itself])
@pytest.mark.parametrize("path", ["/v1/me", "/v1/fastapi/me", EMPLOYEES])
async def test_a_caller_is_the_same(demo: Stage, opaque: Stage, caller: object, path: str) -> None:
    """Whether their token says who they are, or the issuer does."""
    assert callable(caller)
    answers = []
    for stage in (demo, opaque):
        headers = await (caller(stage, "ada") if caller is person else caller(stage))
        answers.append(accepted(await stage.http.get(path, headers=headers)))
        assert ("." in headers["Authorization"]) == (stage is demo)
    assert answers[0] == answers[1]


async def test_the_issuer_says_of_a_token_what_a_jwt_would(opaque: Stage) -> None:
    """Its name, whom it is for, and since when the person has been signed in."""
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
    }


async def test_reading_is_not_writing(opaque: Stage) -> None:
    """The scope is the issuer's word too."""
    headers = await service_account(opaque)
    answer = await opaque.http.delete(f"{EMPLOYEES}/1", headers=headers)
    assert answer.status_code == 403
    assert 'scope="write"' in answer.headers["www-authenticate"]


async def test_a_revoked_token_ends_within_seconds(opaque: Stage) -> None:
    """When what is remembered of it has grown old, and not five minutes later."""
    token = (await opaque.tokens())["access_token"]
    assert await status(opaque, token) == 200
    accepted(await opaque.post("revoke", basic("demo-web"), token=token))
    opaque.clock.now += REMEMBERED - 1
    assert await status(opaque, token) == 200
    opaque.clock.now += 1
    assert await status(opaque, token) == 401


async def test_a_token_that_was_revoked_before_its_first_use_is_refused(opaque: Stage) -> None:
    """Nothing was remembered of it."""
    token = (await opaque.tokens())["access_token"]
    accepted(await opaque.post("revoke", basic("demo-web"), token=token))
    assert await status(opaque, token) == 401


async def test_a_token_expires(opaque: Stage) -> None:
    """After five minutes to the second."""
    token = (await opaque.tokens())["access_token"]
    opaque.clock.now += 299
    assert await status(opaque, token) == 200
    opaque.clock.now += 1
    assert await status(opaque, token) == 401


@pytest.mark.parametrize("token", ["guess", "a.b.c", "é"])
async def test_a_token_that_nobody_issued_is_refused(opaque: Stage, token: str) -> None:
    """As any other that is not good."""
    headers = {b"authorization": f"Bearer {token}".encode()}
    answer = await opaque.http.get("/v1/me", headers=headers)
    assert answer.status_code in {400, 401}
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize("opaque_before", [True, False], ids=["opaque", "signed"])
async def test_a_kept_database_keeps_tokens_good(tmp_path: Path, *, opaque_before: bool) -> None:
    """The key is there too; and what was signed can also be asked about."""
    file = tmp_path / "demo.sqlite"
    async with demo_in_process(file, opaque=opaque_before) as stage:
        token = (await stage.tokens())["access_token"]
    for opaque in {opaque_before, True}:
        async with demo_in_process(file, opaque=opaque) as stage:
            assert await status(stage, token) == 200


async def test_a_silent_redis_costs_no_answer() -> None:
    """The issuer is asked as if there were none."""
    with closed_port() as nobody:
        redis = nobody.replace("http", "redis")
        async with demo_in_process(opaque=True, redis=redis) as stage:
            token = (await stage.tokens())["access_token"]
            assert await status(stage, token) == 200


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Give the origin of a demo with opaque tokens, over a real socket."""
    with running_demo(opaque=True) as origin:
        yield origin


def test_the_tour_goes_all_the_way(served: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The client need not know that anything is different."""
    assert main(["--origin", served]) == 0
    told = capsys.readouterr().out
    assert "reason: inactive" in told
    assert "eyJ" not in told


def test_who_asks_for_tokens_can_be_nobody_else(served: str) -> None:
    """The API's own client gets no token: it is for asking."""
    answer = httpx.post(
        f"{served}/v1/auth/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers=basic("demo-api"),
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
