"""GraphQL subscriptions of Strawberry, guarded, by a real server and a real client."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from websockets.asyncio.client import ClientConnection, connect

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application
from oauth_guard.deny_list import DenyList
from oauth_guard.protocol.identity import current_identity
from oauth_guard.testing import LocalIssuer

LOCAL = LocalIssuer()
SUBSCRIBE = {"id": "1", "type": "subscribe", "payload": {"query": "subscription { ticks }"}}
PROTOCOL: Any = "graphql-transport-ws"


@strawberry.type
class _Query:
    """What the schema needs."""

    hello: str = "hello"


@strawberry.type
class _Subscription:
    """One subscription."""

    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[str, None]:
        """Yield the caller a few times a second."""
        while True:
            yield str(current_identity().subject)
            await asyncio.sleep(0.1)


class _Service:
    """A guarded GraphQL application, served over a socket.

    Attributes:
        guard: Its guard.
        initial: The payload of each `connection_init` that the application has received.
        address: The URL of its WebSocket.
    """

    def __init__(self) -> None:
        issuer = JWTIssuer(LOCAL.issuer, http=LOCAL.http)
        methods = ["header", "graphql-connection-init"]
        self.guard = Guard(LOCAL.audience, [issuer], bearer_methods=methods, deny_list=DenyList())
        self.initial: list[Any] = []
        self.address = ""

    def application(self) -> Application:
        """Return the guarded application."""
        initial = self.initial

        class Recording(GraphQL):
            """The application, which records what a client sends at first."""

            async def on_ws_connect(self, context: Any) -> Any:
                """Record the payload."""
                initial.append(context.get("connection_params"))
                return await super().on_ws_connect(context)

        schema = strawberry.Schema(_Query, subscription=_Subscription)
        return OAuthGuardMiddleware(Recording(schema), self.guard)

    def connect(self) -> Any:
        """Return a client that connects to it."""
        return connect(self.address, subprotocols=[PROTOCOL], proxy=None)


@pytest.fixture
async def service() -> AsyncIterator[_Service]:
    """Serve the application."""
    served = _Service()
    server = uvicorn.Server(uvicorn.Config(served.application(), log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        async with asyncio.timeout(30):
            while not server.started:  # noqa: ASYNC110 - a server has no event for it
                await asyncio.sleep(0.01)
        served.address = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        yield served
        server.should_exit = True
        await serving


async def _sent_and_received(client: ClientConnection, message: object) -> Any:
    await client.send(json.dumps(message))
    return json.loads(await client.recv())


async def _close_code(client: ClientConnection) -> int | None:
    async with asyncio.timeout(10):
        await client.wait_closed()
    return client.close_code


def _init(token: str) -> dict[str, Any]:
    return {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}", "a": 1}}


async def test_subscription_runs_for_the_caller_until_the_token_is_revoked(
    service: _Service,
) -> None:
    """The library sees a `connection_init` without the token, and acknowledges it."""
    async with service.connect() as client:
        acknowledged = await _sent_and_received(client, _init(LOCAL.token(sid="s1")))
        assert acknowledged["type"] == "connection_ack"
        assert service.initial == [{"a": 1}]
        first = await _sent_and_received(client, SUBSCRIBE)
        assert first["payload"]["data"] == {"ticks": "u1"}
        await service.guard.revoke(LOCAL.issuer, sid="s1")
        assert await _close_code(client) == 3003


async def test_client_without_a_valid_token_sees_close_codes(service: _Service) -> None:
    """The library never sees it."""
    for message in (_init("no-token"), SUBSCRIBE):
        async with service.connect() as client:
            await client.send(json.dumps(message))
            assert await _close_code(client) == 4401
    assert service.initial == []


@pytest.mark.long
async def test_client_that_sends_nothing_is_disconnected_after_five_seconds(
    service: _Service,
) -> None:
    """With the code of the protocol for that."""
    loop = asyncio.get_running_loop()
    async with service.connect() as client:
        started = loop.time()
        assert await _close_code(client) == 4408
        assert 4.9 <= loop.time() - started < 8
