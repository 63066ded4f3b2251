"""What has ended is forgotten, so the database grows by what stands alone."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.demo.authorization_server.stage import (
    CAST,
    OAUTH,
    Stage,
    accepted,
    basic,
    open_stage,
)

DAY = 24 * 3600


async def token_for_itself(stage: Stage, client: dict[str, Any]) -> int:
    """Let *client* ask for a token; return the status."""
    headers = basic(client["client_id"], client["client_secret"])
    return (await stage.post("token", headers, grant_type="client_credentials")).status_code


@pytest.mark.parametrize(
    ("seconds", "codes", "tokens", "authorizations"),
    [
        pytest.param(59, 1, 3, 2, id="all stands"),
        pytest.param(60, 0, 3, 2, id="the code has ended"),
        pytest.param(300, 0, 2, 2, id="the access token has ended"),
        pytest.param(30 * DAY - 1, 0, 2, 2, id="the refresh token stands"),
        pytest.param(30 * DAY, 0, 1, 1, id="all has ended"),
    ],
)
async def test_what_has_ended_goes_with_the_next_that_comes(
    tmp_path: Path, seconds: int, codes: int, tokens: int, authorizations: int
) -> None:
    """A client's token for itself comes on top of what is left of a person's consent."""
    file = tmp_path / "demo.sqlite"
    async with open_stage(file) as stage:
        await stage.tokens()
        stage.clock.now += seconds
        assert await token_for_itself(stage, CAST["clients"]["demo-service"]) == 200
    expected = {
        "authorization_codes": codes,
        "issued_tokens": tokens,
        "authorizations": authorizations,
    }
    with closing(sqlite3.connect(file)) as database:
        for table, rows in expected.items():
            found = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names of ours
            assert found == (rows,), table


async def test_a_family_lasts_as_long_as_its_last_token(stage: Stage) -> None:
    """Whoever comes back every month is not asked again."""
    token = await stage.tokens()
    for _ in range(3):
        stage.clock.now += 29 * DAY
        token = accepted(await stage.refresh(token["refresh_token"]))
    assert (await stage.introspect(token["access_token"]))["sub"] == "u-ada-5f1c7e90"


async def test_of_clients_that_nobody_uses_the_oldest_go() -> None:
    """One with a token that stands stays, and so does whoever was seeded."""
    async with open_stage(clients_kept=3) as stage:
        own = {"grant_types": ["client_credentials"]}
        clients = []
        for number in range(6):
            stage.clock.now += 1
            client = accepted(await stage.http.post(f"{OAUTH}/register", json=own))
            clients.append(client)
            if number == 1:
                assert await token_for_itself(stage, client) == 200
        answers = [await token_for_itself(stage, client) for client in clients]
        assert answers == [401, 200, 401, 200, 200, 200]
        assert await token_for_itself(stage, CAST["clients"]["demo-service"]) == 200
