"""The client by aiohttp: one session for a loop, no secret of a proxy told, and a real issuer."""

import asyncio
import gc
from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from oauth_guard.http.aiohttp_client import AiohttpClient
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.protocol.raw_token import RawToken
from tests.unit.http.loopback import closed_port, serving

HOSTS: list[str] = []


async def introspect(scope: Scope, receive: Receive, send: Send) -> None:
    """Call every token active, at whatever path: a proxy is sent a whole address there."""
    HOSTS.append(dict(scope["headers"])[b"host"].decode())
    await JSONResponse({"active": True, "sub": "u1"})(scope, receive, send)


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Yield the origin of an introspection endpoint."""
    with serving(introspect) as origin:
        yield origin


async def subject(client: AiohttpClient, origin: str) -> str | None:
    """Return whose token it is, by the issuer that is asked through *client*."""
    issuer = IntrospectionIssuer(
        origin,
        client=ClientSecretBasic("api", "secret"),
        endpoint=f"{origin}/introspect",
        insecure_http=True,
        http=client,
    )
    token = (await issuer.validate(RawToken("opaque"))).token
    await issuer.aclose()
    return token.subject


async def test_an_issuer_is_asked(origin: str) -> None:
    """The client stays open when the issuer is closed, and opens again after it was closed."""
    client = AiohttpClient()
    assert [await subject(client, origin) for _ in range(2)] == ["u1", "u1"]
    await client.aclose()
    assert await subject(client, origin) == "u1"
    await client.aclose()
    await client.aclose()


@pytest.mark.parametrize("tidy", [True, False], ids=["closed each time", "closed at the end"])
def test_one_client_serves_one_event_loop_after_another(origin: str, *, tidy: bool) -> None:
    """A session belongs to the loop that runs."""
    client = AiohttpClient(connections=1)

    async def once(*, close: bool) -> str | None:
        try:
            return await subject(client, origin)
        finally:
            if close:
                await client.aclose()

    with asyncio.Runner() as first, asyncio.Runner() as second:
        subjects = [first.run(once(close=tidy)), second.run(once(close=True))]
    assert subjects == ["u1", "u1"]
    gc.collect()  # what was left open would complain now, which is an error here


async def test_a_proxy_is_asked_for_another_host(origin: str) -> None:
    """It alone may know the name."""
    client = AiohttpClient(proxy=origin)
    HOSTS.clear()
    assert await subject(client, "http://as.internal") == "u1"
    assert HOSTS == ["as.internal"]
    await client.aclose()


async def test_the_password_of_a_proxy_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """Though the operator learns that it can't be reached."""
    with closed_port() as nobody:
        client = AiohttpClient(proxy=nobody.replace("//", "//us:s3cr3t@"))
        with pytest.raises(Exception, match="unreachable"):
            await subject(client, "http://as.internal")
    assert "ConnectionError" in caplog.text
    assert "s3cr3t" not in caplog.text
    await client.aclose()
