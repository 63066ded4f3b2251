"""The database is safe under Starlette's threads, and a file keeps its data."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import OperationalError

from demo_api.database import open_database
from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    basic,
    error_of,
    ok_json,
    open_harness,
)

FIFTY = 50


async def test_fifty_concurrent_token_requests_all_succeed() -> None:
    """Each gets its own active token."""
    async with open_harness() as harness:
        data = {"grant_type": "client_credentials"}
        requests = (harness.post("token", basic("demo-service"), **data) for _ in range(FIFTY))
        tokens = [ok_json(one)["access_token"] for one in await asyncio.gather(*requests)]
        assert len(set(tokens)) == FIFTY
        facts = await asyncio.gather(*(harness.introspect(one) for one in tokens))
        assert all(one["active"] for one in facts)


async def test_code_redeemed_fifty_times_concurrently_works_once() -> None:
    """Check and change are one transaction."""
    async with open_harness() as harness:
        code = (await harness.consent())["code"]
        responses = await asyncio.gather(*(harness.redeem(code) for _ in range(FIFTY)))
        assert sorted(one.status_code for one in responses) == [200] + [400] * (FIFTY - 1)


async def test_refresh_token_used_ten_times_concurrently_works_once() -> None:
    """The reuse then revokes its family."""
    async with open_harness() as harness:
        token = (await harness.tokens())["refresh_token"]
        responses = await asyncio.gather(*(harness.refresh(token) for _ in range(10)))
        (good,) = (one for one in responses if one.status_code == 200)
        again = await harness.refresh(good.json()["refresh_token"])
        assert error_of(again) == (400, "invalid_grant")


async def test_file_of_another_version_is_rejected_at_start(tmp_path: Path) -> None:
    """A column that is missing would otherwise be an error of some later request."""
    path = tmp_path / "demo.sqlite"
    engine = open_database(path)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE issued_tokens (digest VARCHAR PRIMARY KEY)")
    engine.dispose()
    with pytest.raises(OperationalError, match="no such column"):
        async with open_harness(path):
            pass


@pytest.mark.parametrize("kept", [False, True], ids=["memory", "file"])
def test_database_in_a_file_keeps_its_rows_and_one_in_memory_does_not(
    *, kept: bool, tmp_path: Path
) -> None:
    """Committed rows are there when the file is opened again."""
    path = tmp_path / "demo.sqlite" if kept else None
    table = Table("numbers", MetaData(), Column("number", Integer))
    for already in ([], [1] if kept else []):
        engine = open_database(path)
        table.create(engine, checkfirst=True)
        with engine.begin() as connection:
            assert list(connection.scalars(select(table.c.number))) == already
            connection.execute(insert(table).values(number=1))
        engine.dispose()


async def test_reopened_database_keeps_refresh_tokens_and_accounts(tmp_path: Path) -> None:
    """A restarted demo is seeded again and continues with its data."""
    path = tmp_path / "demo.sqlite"
    async with open_harness(path) as harness:
        token = await harness.tokens()
    async with open_harness(path) as harness:
        ok_json(await harness.refresh(token["refresh_token"]))
        ok_json(await harness.post("token", basic("demo-service"), grant_type="client_credentials"))


def test_credentials_document_lists_every_account_and_client() -> None:
    """One secret holds every character that needs encoding."""
    assert CREDENTIALS["issuer"] == "http://127.0.0.1:8000"
    assert CREDENTIALS["resource"] == "http://127.0.0.1:8000/v1"
    assert set(CREDENTIALS["resource_owners"]) == {"ada", "grace"}
    assert set(CREDENTIALS["service_accounts"]) == {"svc-etl"}
    assert set(CREDENTIALS["clients"]) == {
        *("demo-web", "demo-service", "demo-cli", "demo-api"),
        *("web", "service", "cli", "short", "dpop", "opaque", "events"),
    }
    assert CREDENTIALS["clients"]["demo-web"]["redirect_uris"] == [
        "http://localhost:5000/oauth2/callback"
    ]
    assert CREDENTIALS["clients"]["demo-cli"]["client_secret"] is None
    assert set("%:&é") <= set(CREDENTIALS["clients"]["demo-service"]["client_secret"])
