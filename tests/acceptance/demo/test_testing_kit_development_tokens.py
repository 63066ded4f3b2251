"""The demo's API with development_tokens=True, and the command `oauth-guard token`."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from demo_api.app import error_response
from demo_api.database import open_database
from demo_api.guard import SharedStores
from demo_api.people import Member, People
from demo_api.persistent_secrets import PersistentSecrets
from demo_api.resource_servers import ResourceServers
from oauth_guard import ConfigurationError, Guard, JWTIssuer
from oauth_guard.cli.token import token as command
from oauth_guard.issuers.development_store import ISSUER, DevelopmentStore
from oauth_guard.testing import challenge, insufficient_scope, invalid_token

ORIGIN = "http://127.0.0.1:8000"
EMPLOYEES = "/v1/data/employees"


@pytest.fixture(name="store", autouse=True)
def store_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DevelopmentStore:
    """Return the development tokens of the user who runs the demo."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return DevelopmentStore()


@pytest.fixture
def servers() -> Iterator[ResourceServers]:
    """Return the demo's resource servers, with the caller of the tokens as a member."""
    engine = open_database()
    people = People(engine)
    people.seed([Member(issuer=ISSUER, subject="u7", display_name="Ada Lovelace")])
    yield ResourceServers.build(
        ORIGIN,
        people,
        opaque=False,
        shared=SharedStores(PersistentSecrets(engine), None),
        http=httpx.AsyncClient(),
        clock=time.time,
        one_process=True,
    )
    engine.dispose()


@pytest.fixture
def app(servers: ResourceServers) -> Starlette:
    """Return the demo's API, whose guard accepts development tokens too."""
    changed = dataclasses.replace(servers, api=_guard(f"{ORIGIN}/v1"))
    return _api(changed)


def _api(servers: ResourceServers) -> Starlette:
    handlers = {HTTPException: error_response}
    return Starlette(routes=[servers.api_mount([])], exception_handlers=handlers)


def _guard(resource: str) -> Guard:
    return Guard(resource, [JWTIssuer(ORIGIN)], development_tokens=True)


async def _send(
    app: Starlette,
    token: str,
    request: str = f"GET {EMPLOYEES}",
    *,
    client: tuple[str, int] = ("127.0.0.1", 50000),
    server: str = ORIGIN,
    **fields: str,
) -> httpx.Response:
    method, path = request.split()
    headers = {"Authorization": f"Bearer {token}", **fields}
    transport = httpx.ASGITransport(app, client=client)
    async with httpx.AsyncClient(transport=transport, base_url=server) as sender:
        return await sender.request(method, path, headers=headers)


async def test_token_of_the_command_is_accepted_until_it_is_revoked(
    app: Starlette, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token that is printed again too; the scopes of the demo apply."""

    def run(*arguments: str) -> str:
        command(arguments, result_action="return_value")
        return capsys.readouterr().out.strip()

    token = run("--scope", "read", "--subject", "u7")
    me = await _send(app, token, "GET /v1/me")
    assert (me.json()["subject"], me.json()["display_name"]) == ("u7", "Ada Lovelace")
    assert challenge(await _send(app, token, f"POST {EMPLOYEES}")) == insufficient_scope("write")
    number = run("list").splitlines()[-1].split()[0]
    printed = run("print", number)
    assert (await _send(app, printed)).is_success
    run("revoke", number)
    for each in (token, printed):
        assert challenge(await _send(app, each)) == invalid_token()


@pytest.mark.parametrize(
    "sent",
    [
        {"server": "http://api.example.com"},
        {"Host": "api.example.com"},
        {"client": ("10.0.0.9", 50000)},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
    ids=str,
)
async def test_token_is_rejected_on_a_public_host_and_behind_a_proxy(
    sent: dict[str, Any], app: Starlette, store: DevelopmentStore
) -> None:
    """The same token is accepted on loopback."""
    token = store.issue(["read"], "u7", 60)
    assert (await _send(app, token)).is_success
    assert challenge(await _send(app, token, **sent)) == invalid_token()


async def test_token_of_another_user_is_rejected(
    app: Starlette, store: DevelopmentStore, tmp_path: Path
) -> None:
    """It has the claims of a token that is accepted, and the signature of another key."""
    own = store.issue(["read"], "u7", 60)
    (listed,) = store.listed()
    other = DevelopmentStore(tmp_path / "another user").key()
    token = other.sign(listed.claims, {"typ": "at+jwt"})
    assert (await _send(app, own)).is_success
    assert challenge(await _send(app, token)) == invalid_token()


async def test_token_is_rejected_without_the_setting(
    servers: ResourceServers, store: DevelopmentStore
) -> None:
    """The demo as it is served has debug=True, which is no reason to trust a token."""
    response = await _send(_api(servers), store.issue(["read"], "u7", 60))
    assert challenge(response) == invalid_token()


def test_guard_of_the_demo_on_a_public_host_can_not_have_the_setting() -> None:
    """The sentence says what to do."""
    with pytest.raises(ConfigurationError, match="loopback host: leave it out"):
        _guard("https://people.example.com/v1")


def test_key_that_another_user_can_read_is_not_used(tmp_path: Path) -> None:
    """The guard is not built."""
    key = tmp_path / "oauth-guard" / "development" / "key.pem"
    DevelopmentStore().key()
    key.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"key\.pem"):
        _guard(f"{ORIGIN}/v1")
