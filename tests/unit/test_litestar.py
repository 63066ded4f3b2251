"""requires() and provide_caller() for Litestar admit callers over HTTP and WebSocket."""

from typing import Any

import pytest
from litestar import (
    Controller,
    Litestar,
    Request,
    Response,
    Router,
    WebSocket,
    delete,
    get,
    websocket,
)
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from oauth_guard import ConfigurationError, OAuthGuardMiddleware, scope
from oauth_guard.litestar import Caller, provide_caller, requires
from oauth_guard.testing import as_identity, challenge, insufficient_scope, missing_token
from tests.unit.testing.applications import remote_guard


@get("/orders", guards=[requires("orders:read")])
async def orders(caller: Caller) -> str | None:
    """Return the caller of a route with a guard."""
    return caller.subject


@get("/staff", guards=[requires(roles=["staff"])], sync_to_thread=False)
def staff(caller: Caller) -> str | None:
    """Return the caller of a route that is not asynchronous."""
    return caller.subject


@get("/health")
async def health(caller: Caller) -> bool:
    """Return whether the caller is known."""
    return caller.is_authenticated


@websocket("/feed", guards=[requires("orders:read")])
async def feed(socket: WebSocket[Any, Any, Any], caller: Caller) -> None:
    """Send the caller of a WebSocket."""
    await socket.accept()
    await socket.send_json(caller.subject)
    await socket.close()


def _litestar(**settings: Any) -> Any:
    handlers = [orders, staff, health, feed]
    return Litestar(handlers, dependencies={"caller": provide_caller()}, **settings)


def _app(**settings: Any) -> Any:
    return OAuthGuardMiddleware(_litestar(), remote_guard(), **settings)


def test_litestar_route_admits_only_callers_who_satisfy_the_requirement() -> None:
    """A rejection has the challenge of the middleware's own ones."""
    app = _app()
    assert challenge(TestClient(app).get("/orders")) == missing_token()
    rejected = TestClient(as_identity(app)).get("/orders")
    assert challenge(rejected) == insufficient_scope("orders:read")
    assert rejected.headers["cache-control"] == "no-store"
    assert TestClient(as_identity(app, scopes=["orders:read"])).get("/orders").text == "u1"


def _controlled(**settings: Any) -> Any:
    """Return an application whose layers each require something."""

    class Orders(Controller):
        path = "/orders"
        guards = [requires("orders:read"), _of_another_kind]  # noqa: RUF012 - Litestar's

        @delete("/", guards=[requires(scope("orders:pay") | "admin")], status_code=200)
        async def pay(self) -> str:
            return "paid"

        @get("/staff", guards=[requires(roles=["staff"])])
        async def staff(self) -> str:
            return "seen"

    app: Any = Litestar([Router("/", route_handlers=[Orders], guards=[requires("api")])])
    return OAuthGuardMiddleware(app, remote_guard(), **settings)


async def _of_another_kind(*_: object) -> None:
    """Admit everyone, as a guard of the application's own."""


@pytest.mark.parametrize("scopes", [[], ["api"], ["api", "orders:read"], ["orders:pay"]], ids=str)
def test_litestar_challenge_names_the_scopes_of_all_layers(scopes: list[str]) -> None:
    """Whichever layer rejects; alternatives are named by the first one."""
    client = TestClient(as_identity(_controlled(), scopes=scopes))
    expected = insufficient_scope("api", "orders:read", "orders:pay")
    assert challenge(client.delete("/orders")) == expected


def test_litestar_route_serves_a_caller_who_satisfies_all_layers() -> None:
    """Other guards of the application stay in use."""
    client = TestClient(as_identity(_controlled(), scopes=["api", "orders:read", "admin"]))
    assert client.delete("/orders").text == "paid"


def test_litestar_challenge_without_a_token_names_the_scopes_of_all_layers() -> None:
    """Where the middleware requires no token."""
    response = TestClient(_controlled(required=False)).delete("/orders")
    assert challenge(response) == missing_token("api", "orders:read", "orders:pay")


def test_litestar_challenge_for_a_role_names_no_scope() -> None:
    """A token with more scopes would not have the role."""
    client = TestClient(as_identity(_controlled(), scopes=["api", "orders:read"]))
    assert challenge(client.get("/orders/staff")) == insufficient_scope()


@pytest.mark.parametrize(("roles", "status"), [(["staff"], 200), (["guest"], 403)])
def test_litestar_route_requires_a_role(roles: list[str], status: int) -> None:
    """With the settings of every other requires()."""
    assert TestClient(as_identity(_app(), roles=roles)).get("/staff").status_code == status


def test_litestar_route_without_a_token_is_rejected_where_the_middleware_requires_none() -> None:
    """The guard of the route requires a caller; the status is 401."""
    client = TestClient(_app(required=False))
    assert challenge(client.get("/orders")) == missing_token("orders:read")
    assert client.get("/health").json() is False


def test_litestar_dependency_is_anonymous_on_a_public_path() -> None:
    """Even if a token is sent."""
    app = _app(public=["/health"])
    assert TestClient(app).get("/health").json() is False
    assert TestClient(as_identity(app)).get("/health").json() is False


def test_litestar_handshake_admits_only_callers_who_satisfy_the_requirement() -> None:
    """Others get the response of the middleware."""
    app = _app()
    with TestClient(as_identity(app, scopes=["orders:read"])).websocket_connect("/feed") as socket:
        assert socket.receive_json() == "u1"
    client = TestClient(as_identity(app))
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/feed"):
        pass
    assert challenge(denied.value) == insufficient_scope("orders:read")


def test_litestar_handshake_is_closed_where_the_server_can_send_no_response() -> None:
    """The server sends status 403 then."""
    app = as_identity(_app())

    async def without_extension(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    client = TestClient(without_extension)
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/feed"):
        pass
    assert closed.value.code == 1008


@pytest.mark.parametrize("path", ["/orders", "/health"])
def test_litestar_route_without_middleware_fails(path: str) -> None:
    """It is a mistake of the application, and the route is not open."""
    raised: list[Exception] = []

    def record(_: Request[Any, Any, Any], error: Exception) -> Response[None]:
        raised.append(error)
        return Response(None, status_code=500)

    client = TestClient(_litestar(exception_handlers={Exception: record}))
    assert client.get(path).status_code == 500
    (error,) = raised
    assert isinstance(error, ConfigurationError)
    assert "put OAuthGuardMiddleware around" in str(error)
