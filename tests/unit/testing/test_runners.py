"""The kit works with each client, and with each plugin that runs asynchronous tests."""

import httpx2
import pytest
from starlette.testclient import TestClient

from oauth_guard.testing import (
    LocalIssuer,
    as_identity,
    attacks,
    challenge,
    missing_token,
    trusting,
)
from tests.unit.testing.applications import RESOURCE, remote_guard, shop

TEST = """
import httpx
import pytest
from oauth_guard.testing import as_identity, challenge, missing_token, trusting
from tests.unit.testing.applications import RESOURCE, remote_guard, shop

{mark}
async def test_asynchronous(oauth_issuer):
    guard = remote_guard()
    app = shop(guard)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=RESOURCE) as client:
        assert challenge(await client.get("/me")) == missing_token()
        with trusting(guard, oauth_issuer):
            assert (await client.get("/me", headers=oauth_issuer.headers())).is_success
    transport = httpx.ASGITransport(as_identity(app, "u7"))
    async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
        assert (await client.get("/me")).json() == ["u7", None]

def test_synchronous(oauth_issuer):
    assert oauth_issuer.token()
"""


@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ("@pytest.mark.anyio", ("-p", "no:asyncio")),
        ("@pytest.mark.asyncio", ("-o", "asyncio_default_fixture_loop_scope=function")),
    ],
    ids=["anyio", "pytest-asyncio"],
)
def test_kit_works_with_the_plugin(
    mark: str, options: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    """Beside tests that are not asynchronous. On asyncio: the library has no other event loop."""
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'")
    pytester.makepyfile(TEST.format(mark=mark))
    result = pytester.runpytest_inprocess("-p", "oauth_guard.testing.plugin", *options)
    result.assert_outcomes(passed=2)


async def test_kit_works_with_httpx2(oauth_issuer: LocalIssuer) -> None:
    """Its responses and its `request` have the same shape."""
    guard = remote_guard()
    transport = httpx2.ASGITransport(shop(guard))
    async with httpx2.AsyncClient(transport=transport, base_url=RESOURCE) as client:
        assert challenge(await client.get("/me")) == missing_token()
        with trusting(guard, oauth_issuer):
            assert (await client.get("/me", headers=oauth_issuer.headers())).is_success
            for attack in attacks("GET /me")[:5]:
                attack.check(await client.request(**attack.request(oauth_issuer)))


def test_kit_works_with_test_client() -> None:
    """With an event loop for each request, and with one for the lifespan."""
    client = TestClient(as_identity(shop(remote_guard()), "u8"))
    assert client.get("/me").json() == ["u8", None]
    with client:
        assert client.get("/me").json() == ["u8", None]
