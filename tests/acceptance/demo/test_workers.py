"""The demo by several workers: one set of books, one key, and one memory of tokens."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from demo_api.clients import main
from tests.acceptance.demo.authorization_server.stage import (
    VERIFIER,
    Stage,
    accepted,
    answer_in,
    basic,
)
from tests.acceptance.demo.callers import bearer
from tests.acceptance.demo.command import started
from tests.unit.stores.server import ValkeyServer

#: Enough that each worker is asked: whoever is free takes the next connection.
MANY = 24


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a server of its own."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.kill()


def visit(origin: str) -> httpx.AsyncClient:
    """Return a client that opens a connection for each request, so that any worker may get it."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=origin, timeout=20, trust_env=False, limits=limits)


async def everywhere(http: httpx.AsyncClient, path: str, **more: Any) -> list[httpx.Response]:
    """Ask so often, and so much at once, that each worker has answered."""
    return list(await asyncio.gather(*(http.get(path, **more) for _ in range(MANY))))


@pytest.mark.needs("valkey-server")
async def test_workers_share_what_one_was_told(tmp_path: Path, valkey: str) -> None:
    """The code flow goes from one to another, and one answer about its token serves all."""
    arguments = ("--opaque", "--workers", "2", "--redis", valkey)
    with started(tmp_path, *arguments, "--database", str(tmp_path / "demo.sqlite")) as demo:
        async with visit(demo.origin) as http, Redis.from_url(valkey) as redis:
            tokens = await Stage(http).tokens()
            headers = bearer(tokens["access_token"])
            accepted(await http.get("/v1/me", headers=headers))
            answers = await everywhere(http, "/v1/me", headers=headers)
            assert {answer.status_code for answer in answers} == {200}
            statistics = await redis.info("commandstats")
            assert statistics["cmdstat_set"]["calls"] == 1
            (key,) = await redis.keys("*")
            assert tokens["access_token"] not in f"{key!r} {await redis.get(key)!r}"
        assert demo.complaints == ""
        assert await asyncio.to_thread(main, ["--origin", demo.origin]) == 0
    assert "Its tokens are opaque" in demo.told
    assert "refused with 401: inactive" in demo.complaints


async def test_workers_share_one_key_and_one_set_of_books(tmp_path: Path) -> None:
    """A token of one is good at the other, and a code works once, whoever is asked."""
    file = str(tmp_path / "demo.sqlite")
    with started(tmp_path, "--workers", "2", "--database", file) as demo:
        async with visit(demo.origin) as http:
            stage = Stage(http)
            page = await stage.sign_in(await stage.authorize())
            code = answer_in(await stage.submit(page, action="allow"))["code"]
            asked = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
            redeemed = await asyncio.gather(
                *(stage.post("token", basic("demo-web"), **asked) for _ in range(MANY))
            )
            assert sorted(one.status_code for one in redeemed) == [200] + [400] * (MANY - 1)
            keys = await everywhere(http, "/v1/auth/oauth2/jwks")
            assert len({answer.text for answer in keys}) == 1
            service = await stage.post(
                "token", basic("demo-service"), grant_type="client_credentials"
            )
            headers = bearer(accepted(service)["access_token"])
            answers = await everywhere(http, "/v1/me", headers=headers)
            assert {answer.status_code for answer in answers} == {200}
    assert "Stopped." in demo.told
