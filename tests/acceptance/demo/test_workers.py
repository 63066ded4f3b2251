"""The demo with several workers: one database, one signing key, one shared token cache."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from demo_api.clients import main
from tests.acceptance.demo.authorization_server.harness import (
    VERIFIER,
    Harness,
    basic,
    ok_json,
    redirect_parameters,
)
from tests.acceptance.demo.callers import bearer
from tests.acceptance.demo.command import started
from tests.builders.valkey_server import ValkeyServer

#: So many concurrent requests that each worker gets one; an idle worker takes the next one.
MANY = 24


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a Valkey server for one test."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.kill()


def client_for(origin: str) -> httpx.AsyncClient:
    """Return a client with one connection per request, so that any worker may get it."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=origin, timeout=20, trust_env=False, limits=limits)


async def get_many(http: httpx.AsyncClient, path: str, **more: Any) -> list[httpx.Response]:
    """Send so many concurrent requests that each worker handles one."""
    return list(await asyncio.gather(*(http.get(path, **more) for _ in range(MANY))))


async def shared_values(redis: Redis) -> dict[Any, Any]:
    """Return all keys and values of the server; a lease that has ended is removed."""
    await asyncio.sleep(0.02)
    return {key: await redis.get(key) for key in await redis.keys("*")}


@pytest.mark.needs("valkey-server")
async def test_workers_share_one_introspection_result(tmp_path: Path, valkey: str) -> None:
    """The code flow passes from one worker to another; one introspection serves all."""
    arguments = ("--opaque", "--workers", "2", "--redis", valkey)
    with started(tmp_path, *arguments, "--database", str(tmp_path / "demo.sqlite")) as demo:
        async with client_for(demo.origin) as http, Redis.from_url(valkey) as redis:
            tokens = await Harness(http).tokens()
            headers = bearer(tokens["access_token"])
            ok_json(await http.get("/v1/me", headers=headers))
            stored = await shared_values(redis)
            responses = await get_many(http, "/v1/me", headers=headers)
            assert {response.status_code for response in responses} == {200}
            # A second introspection would store a result with a later time.
            assert await shared_values(redis) == stored
            assert len(stored) == 1
            assert tokens["access_token"] not in repr(stored)
        assert demo.stderr == ""
        assert await asyncio.to_thread(main, ["--origin", demo.origin]) == 0
    assert "Its tokens are opaque" in demo.stdout
    assert "with 401: inactive" in demo.stderr


async def test_workers_share_signing_key_and_database(tmp_path: Path) -> None:
    """A token works at every worker, and a code works once."""
    file = str(tmp_path / "demo.sqlite")
    with started(tmp_path, "--workers", "2", "--database", file) as demo:
        async with client_for(demo.origin) as http:
            harness = Harness(http)
            page = await harness.sign_in(await harness.authorize())
            code = redirect_parameters(await harness.submit(page, action="allow"))["code"]
            form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
            redeemed = await asyncio.gather(
                *(harness.post("token", basic("demo-web"), **form) for _ in range(MANY))
            )
            assert sorted(one.status_code for one in redeemed) == [200] + [400] * (MANY - 1)
            keys = await get_many(http, "/v1/auth/oauth2/jwks")
            assert len({response.text for response in keys}) == 1
            service = await harness.post(
                "token", basic("demo-service"), grant_type="client_credentials"
            )
            headers = bearer(ok_json(service)["access_token"])
            responses = await get_many(http, "/v1/me", headers=headers)
            assert {response.status_code for response in responses} == {200}
    assert "Stopped." in demo.stdout
