"""AiohttpClient: one session per event loop, proxies, and no proxy password in the log."""

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
    """Report every token as active, for any path: a proxy receives an absolute URL there."""
    HOSTS.append(dict(scope["headers"])[b"host"].decode())
    await JSONResponse({"active": True, "sub": "u1"})(scope, receive, send)


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Yield the origin of an introspection endpoint."""
    with serving(introspect) as origin:
        yield origin


async def subject(client: AiohttpClient, origin: str) -> str | None:
    """Return the subject of a token that is introspected through *client*."""
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


async def test_client_stays_open_with_the_issuer_closed_and_reopens_after_close(
    origin: str,
) -> None:
    """Closing it twice is allowed."""
    client = AiohttpClient()
    assert [await subject(client, origin) for _ in range(2)] == ["u1", "u1"]
    await client.aclose()
    assert await subject(client, origin) == "u1"
    await client.aclose()
    await client.aclose()


@pytest.mark.parametrize("tidy", [True, False], ids=["closed each time", "closed at the end"])
def test_client_works_in_consecutive_event_loops(origin: str, *, tidy: bool) -> None:
    """A session belongs to the running loop."""
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
    gc.collect()  # an open connection would warn now, and a warning is an error here


async def test_field_on_several_lines_is_read_as_one_list() -> None:
    """Names are in lower case, also where the lines spell them differently (RFC 9110 §5.3)."""

    async def respond(_scope: Scope, _receive: Receive, send: Send) -> None:
        lines = [(b"Cache-Control", b"no-store"), (b"cache-control", b"max-age=5"), (b"Age", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body", "body": b""})

    client = AiohttpClient()
    with serving(respond) as origin:
        async with client.stream(
            "GET", origin, headers={}, content=None, follow_redirects=False
        ) as response:
            found = response.headers
    await client.aclose()
    assert (found["cache-control"], found["age"]) == ("no-store, max-age=5", "1")


async def test_request_goes_through_the_configured_proxy(origin: str) -> None:
    """The host name is resolved by the proxy only."""
    client = AiohttpClient(proxy=origin)
    HOSTS.clear()
    assert await subject(client, "http://as.internal") == "u1"
    assert HOSTS == ["as.internal"]
    await client.aclose()


async def test_proxy_password_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log says that the connection failed."""
    with closed_port() as origin:
        client = AiohttpClient(proxy=origin.replace("//", "//us:s3cr3t@"))
        with pytest.raises(Exception, match="unreachable"):
            await subject(client, "http://as.internal")
    assert "ConnectionError" in caplog.text
    assert "s3cr3t" not in caplog.text
    await client.aclose()
