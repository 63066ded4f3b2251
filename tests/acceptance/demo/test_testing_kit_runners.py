"""The demo is tested with httpx2, with anyio's plugin, and after a test that cleans nothing up."""

from collections.abc import Iterator

import httpx2
import pytest
from starlette.applications import Starlette

from demo_api.app import create_app
from demo_api.database import open_database
from oauth_guard.asgi import Application
from oauth_guard.testing import (
    LocalIssuer,
    as_identity,
    attacks,
    challenge,
    missing_token,
    trusting,
)
from oauth_guard.testing.identities import guards_of

ORIGIN = "http://127.0.0.1:8000"
DEMO = """
import httpx
import pytest

from demo_api.app import create_app
from demo_api.database import open_database
from oauth_guard.testing import as_identity, challenge, missing_token, trusting
from oauth_guard.testing.identities import guards_of

ORIGIN = "http://127.0.0.1:8000"
app = create_app(ORIGIN, open_database())
guard = next(each for each in guards_of(app) if each.resource == f"{ORIGIN}/v1")
"""
ANYIO = """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_me(oauth_issuer):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert challenge(await client.get("/v1/me")) == missing_token()
        with trusting(guard, oauth_issuer):
            assert (await client.get("/v1/me", headers=oauth_issuer.headers())).is_success
    transport = httpx.ASGITransport(as_identity(app, "u7"))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.get("/v1/me")).json()["subject"] == "u7"
"""
LEFT = """
left = []

def test_leaves_the_demo_changed(oauth_issuer):
    left.append(trusting(guard, oauth_issuer))
    left[0].__enter__()

def test_after_that():
    pass

def test_guard_is_restored(oauth_issuer):
    with trusting(guard, oauth_issuer):
        pass
"""


@pytest.fixture
def app() -> Iterator[Starlette]:
    """Return the demo."""
    engine = open_database()
    yield create_app(ORIGIN, engine)
    engine.dispose()


async def test_demo_is_tested_with_httpx2(app: Starlette, oauth_issuer: LocalIssuer) -> None:
    """A caller of one's choice, a token, and attacks."""
    guard = next(each for each in guards_of(app) if each.resource == f"{ORIGIN}/v1")
    async with _client(app) as client:
        assert challenge(await client.get("/v1/me")) == missing_token()
        with trusting(guard, oauth_issuer):
            assert (await client.get("/v1/me", headers=oauth_issuer.headers())).is_success
            for attack in attacks("GET /v1/data/employees", "read")[:5]:
                attack.check(await client.request(**attack.request(oauth_issuer)))
    async with _client(as_identity(app, "u7")) as client:
        assert (await client.get("/v1/me")).json()["subject"] == "u7"


def _client(app: Application) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ORIGIN)


def test_demo_is_tested_with_the_plugin_of_anyio(pytester: pytest.Pytester) -> None:
    """Without pytest-asyncio."""
    pytester.makepyfile(DEMO + ANYIO)
    result = pytester.runpytest_inprocess("-p", "oauth_guard.testing.plugin", "-p", "no:asyncio")
    result.assert_outcomes(passed=1)


def test_test_after_one_that_left_the_demo_changed_fails(pytester: pytest.Pytester) -> None:
    """The sentence names the guard and the test; the test after that is not affected."""
    pytester.makepyfile(DEMO + LEFT)
    result = pytester.runpytest_inprocess("-p", "oauth_guard.testing.plugin", "-p", "no:asyncio")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [f"*Guard('{ORIGIN}/v1'*test_leaves_the_demo_changed*when that test had ended*"]
    )
