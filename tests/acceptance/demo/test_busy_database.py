"""While the database is locked, every request that needs it gets 503, and never 500."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import QueuePool, create_engine, text
from sqlalchemy.exc import OperationalError, TimeoutError  # noqa: A004 - that of the pool

from demo_api.busy_database import database_response, is_busy
from tests.acceptance.demo.authorization_server.harness import OAUTH, Harness, alert, basic
from tests.acceptance.demo.running import demo_in_process


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the database, as another process does that writes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.fixture
async def short(tmp_path: Path) -> AsyncIterator[Harness]:
    """Yield a demo that waits for 0.05 s while its database is locked."""
    async with demo_in_process(tmp_path / "demo.sqlite", seconds=0.05) as harness:
        yield harness


async def test_request_to_a_locked_database_gets_503(short: Harness, tmp_path: Path) -> None:
    """The OAuth endpoints, the API and its FastAPI part; afterwards the same requests succeed."""
    token = (await short.tokens())["access_token"]
    caller = {"Authorization": f"Bearer {token}"}
    service = {"grant_type": "client_credentials"}

    async def responses() -> dict[str, httpx.Response]:
        return {
            "token": await short.post("token", basic("demo-service"), **service),
            "introspect": await short.post("introspect", basic("demo-api"), token=token),
            "revoke": await short.post("revoke", basic("demo-web"), token="unknown"),
            "employees": await short.http.get("/v1/data/employees", headers=caller),
            "me": await short.http.get("/v1/me", headers=caller),
            "fastapi": await short.http.get("/v1/fastapi/me", headers=caller),
        }

    with locked(tmp_path / "demo.sqlite"):
        for name, response in (await responses()).items():
            assert response.status_code == 503, name
            assert response.headers["retry-after"] == "1", name
    assert {each.status_code for each in (await responses()).values()} == {200}


async def test_page_of_a_locked_database_says_so(short: Harness, tmp_path: Path) -> None:
    """A person reads a page, not JSON."""
    with locked(tmp_path / "demo.sqlite"):
        page = await short.authorize()
    assert (page.status_code, page.headers["retry-after"]) == (503, "1")
    assert "The server is busy" in page.text


async def test_registration_in_a_locked_database_gets_503(short: Harness, tmp_path: Path) -> None:
    """The client may try again: nothing was stored."""
    metadata = {"redirect_uris": ["https://client.example/cb"]}
    with locked(tmp_path / "demo.sqlite"):
        response = await short.http.post(f"{OAUTH}/register", json=metadata)
    assert (response.status_code, response.json()) == (503, {"error": "temporarily_unavailable"})
    again = await short.http.post(f"{OAUTH}/register", json=metadata)
    assert again.status_code == 201
    assert not alert(await short.authorize())


async def test_other_faults_of_the_database_are_not_busy() -> None:
    """A missing table is a fault of the demo: 500."""
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0)
    with engine.connect() as connection:
        with pytest.raises(OperationalError) as missing:
            connection.execute(text("SELECT * FROM nothing"))
        with pytest.raises(OperationalError):
            await database_response(None, missing.value)  # type: ignore[arg-type] # not used
    assert not is_busy(missing.value)
    assert is_busy(TimeoutError("no connection is free"))
    engine.dispose()
