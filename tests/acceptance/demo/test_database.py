"""The database is safe under Starlette's threads, and lasts where it should."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from demo_api.database import open_database
from tests.acceptance.demo.authorization_server.stage import (
    CAST,
    accepted,
    basic,
    open_stage,
    refused,
)

FIFTY = 50


async def test_fifty_token_requests_at_once_all_succeed() -> None:
    """Each gets a token of its own, and each token stands."""
    async with open_stage() as stage:
        data = {"grant_type": "client_credentials"}
        asked = (stage.post("token", basic("demo-service"), **data) for _ in range(FIFTY))
        tokens = [accepted(one)["access_token"] for one in await asyncio.gather(*asked)]
        assert len(set(tokens)) == FIFTY
        facts = await asyncio.gather(*(stage.introspect(one) for one in tokens))
        assert all(one["active"] for one in facts)


async def test_a_code_that_fifty_redeem_at_once_works_once() -> None:
    """Check and change are one step, so nobody slips in between."""
    async with open_stage() as stage:
        code = (await stage.consent())["code"]
        responses = await asyncio.gather(*(stage.redeem(code) for _ in range(FIFTY)))
        assert sorted(one.status_code for one in responses) == [200] + [400] * (FIFTY - 1)


async def test_a_refresh_token_that_ten_use_at_once_works_once() -> None:
    """And then its family has ended."""
    async with open_stage() as stage:
        token = (await stage.tokens())["refresh_token"]
        responses = await asyncio.gather(*(stage.refresh(token) for _ in range(10)))
        (good,) = (one for one in responses if one.status_code == 200)
        again = await stage.refresh(good.json()["refresh_token"])
        assert refused(again) == (400, "invalid_grant")


@pytest.mark.parametrize("kept", [False, True], ids=["memory", "file"])
def test_a_file_is_kept_and_memory_is_not(*, kept: bool, tmp_path: Path) -> None:
    """What was committed is there when the file is opened again."""
    path = tmp_path / "demo.sqlite" if kept else None
    table = Table("numbers", MetaData(), Column("number", Integer))
    for already in ([], [1] if kept else []):
        engine = open_database(path)
        table.create(engine, checkfirst=True)
        with engine.begin() as connection:
            assert list(connection.scalars(select(table.c.number))) == already
            connection.execute(insert(table).values(number=1))
        engine.dispose()


async def test_a_kept_database_keeps_refresh_tokens_and_the_cast(tmp_path: Path) -> None:
    """A demo that starts again is seeded again, and goes on where it was."""
    path = tmp_path / "demo.sqlite"
    async with open_stage(path) as stage:
        token = await stage.tokens()
    async with open_stage(path) as stage:
        accepted(await stage.refresh(token["refresh_token"]))
        accepted(await stage.post("token", basic("demo-service"), grant_type="client_credentials"))


def test_the_credentials_document_names_the_whole_cast() -> None:
    """It is what scripts and README read; one secret holds every awkward letter."""
    assert CAST["issuer"] == "http://127.0.0.1:8000"
    assert CAST["resource"] == "http://127.0.0.1:8000/v1"
    assert set(CAST["resource_owners"]) == {"ada", "grace"}
    assert set(CAST["service_accounts"]) == {"svc-etl"}
    assert set(CAST["clients"]) == {"demo-web", "demo-service", "demo-cli", "demo-api"}
    assert CAST["clients"]["demo-web"]["redirect_uris"] == ["http://localhost:5000/oauth2/callback"]
    assert CAST["clients"]["demo-cli"]["client_secret"] is None
    assert set("%:&é") <= set(CAST["clients"]["demo-service"]["client_secret"])
