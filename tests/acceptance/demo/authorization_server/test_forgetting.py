"""Expired records are deleted, so the database does not grow with past use."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    OAUTH,
    Harness,
    basic,
    ok_json,
    open_harness,
)

DAY = 24 * 3600


async def token_for_itself(harness: Harness, client: dict[str, Any]) -> int:
    """Request a token as *client*; return the status."""
    headers = basic(client["client_id"], client["client_secret"])
    return (await harness.post("token", headers, grant_type="client_credentials")).status_code


@pytest.mark.parametrize(
    ("seconds", "codes", "tokens", "authorizations"),
    [
        pytest.param(59, 1, 3, 2, id="all current"),
        pytest.param(60, 0, 3, 2, id="the code has expired"),
        pytest.param(300, 0, 2, 2, id="the access token has expired"),
        pytest.param(30 * DAY - 1, 0, 2, 2, id="the refresh token is current"),
        pytest.param(30 * DAY, 0, 1, 1, id="all has expired"),
    ],
)
async def test_expired_records_are_deleted_when_the_next_token_is_issued(
    tmp_path: Path, seconds: int, codes: int, tokens: int, authorizations: int
) -> None:
    """The counts include the token of the client that triggers the deletion."""
    file = tmp_path / "demo.sqlite"
    async with open_harness(file) as harness:
        await harness.tokens()
        harness.clock.now += seconds
        assert await token_for_itself(harness, CREDENTIALS["clients"]["demo-service"]) == 200
    expected = {
        "authorization_codes": codes,
        "issued_tokens": tokens,
        "authorizations": authorizations,
    }
    with closing(sqlite3.connect(file)) as database:
        for table, rows in expected.items():
            found = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names of ours
            assert found == (rows,), table


async def test_token_family_lives_as_long_as_its_newest_token(harness: Harness) -> None:
    """A client that refreshes every 29 days needs no new consent."""
    token = await harness.tokens()
    for _ in range(3):
        harness.clock.now += 29 * DAY
        token = ok_json(await harness.refresh(token["refresh_token"]))
    assert (await harness.introspect(token["access_token"]))["sub"] == "u-ada-5f1c7e90"


async def test_oldest_unused_registered_clients_are_deleted_beyond_the_limit() -> None:
    """A client with a current token stays, and so do the seeded ones."""
    async with open_harness(clients_kept=3) as harness:
        own = {"grant_types": ["client_credentials"]}
        clients = []
        for number in range(6):
            harness.clock.now += 1
            client = ok_json(await harness.http.post(f"{OAUTH}/register", json=own))
            clients.append(client)
            if number == 1:
                assert await token_for_itself(harness, client) == 200
        responses = [await token_for_itself(harness, client) for client in clients]
        assert responses == [401, 200, 401, 200, 200, 200]
        assert await token_for_itself(harness, CREDENTIALS["clients"]["demo-service"]) == 200
