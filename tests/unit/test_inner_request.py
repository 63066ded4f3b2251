"""inner_request(): a guard that hides credentials is served inside itself, and no other is."""

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import GUARD, REQUEST
from oauth_guard.inner_request import inner_request
from oauth_guard.possession import ForwardedCertificate
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from oauth_guard.testing.certificates import ClientCertificate

RESOURCE = "https://api.example.com"
SECRET = "s" * 16
LOCAL = LocalIssuer(audience=RESOURCE)
OWNER, OTHER = ClientCertificate(), ClientCertificate()
FORWARDED = {"certificates": ForwardedCertificate("escaped-pem", secret=("X-P", SECRET))}
COOKIE = {"bearer_methods": ["header", "cookie"]}
LATE = 4_102_444_800  # in 2100: the tokens of a table are made long before its tests run


async def _me(request: Request) -> JSONResponse:
    names = {"authorization", "cookie", "x-token", "x-p", "x-ssl-client-cert"}
    seen = sorted(names.intersection(request.headers))
    return JSONResponse([request.user.subject, *seen])


async def _feed(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json([websocket.user.subject, websocket.scope["subprotocols"]])
    await websocket.close()


def _guard(**settings: Any) -> Guard:
    return Guard(RESOURCE, [JWTIssuer(LOCAL.issuer, http=LOCAL.http)], **settings)


def _within(*guards: Guard, part: Any = None, **settings: Any) -> Any:
    """Return an application inside *guards*, the outermost first."""
    routes = [Route("/me", _me), WebSocketRoute("/feed", _feed)]
    app = Starlette(routes=routes) if part is None else part
    for guard in reversed(guards):
        app = OAuthGuardMiddleware(app, guard, **settings)
    return app


def _get(app: Any, headers: Mapping[str, str]) -> list[str] | int:
    response = TestClient(app, base_url=RESOURCE).get("/me", headers=dict(headers))
    seen: list[str] = response.json() if response.status_code == 200 else []
    return seen or response.status_code


def _bearer(**changes: Any) -> dict[str, str]:
    return LOCAL.headers("read", exp=LATE, **changes)


def _forwarded(certificate: ClientCertificate) -> dict[str, str]:
    return {"X-P": SECRET, "X-SSL-Client-Cert": certificate.escaped_pem}


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("required", [True, False], ids=["required", "optional"])
@pytest.mark.parametrize(
    ("settings", "headers", "seen"),
    [
        ({}, _bearer(), ["u1", "authorization"]),
        ({"hide_credentials": True}, _bearer(), ["u1"]),
        (
            {"hide_credentials": True, **COOKIE},
            {"Cookie": f"a=1; __Host-access_token={LOCAL.token(exp=LATE)}"},
            ["u1", "cookie"],
        ),
        (
            {"hide_credentials": True, "token_header": "X-Token"},
            {"X-Token": LOCAL.token(exp=LATE)},
            ["u1"],
        ),
        (FORWARDED, {**_bearer(cnf=OWNER.cnf), **_forwarded(OWNER)}, ["u1", "authorization"]),
        (
            {"hide_credentials": True, **FORWARDED},
            {**_bearer(cnf=OWNER.cnf), **_forwarded(OWNER)},
            ["u1"],
        ),
    ],
    ids=["plain", "hidden", "cookie", "token header", "certificate", "hidden certificate"],
)
def test_one_guard_is_served_however_often_it_is_placed(
    settings: dict[str, Any],
    headers: dict[str, str],
    seen: list[str],
    *,
    times: int,
    required: bool,
) -> None:
    """The application sees what it sees behind one, and the same caller."""
    guard = _guard(**settings)
    assert _get(_within(*[guard] * times, required=required), headers) == seen


@pytest.mark.parametrize("times", [1, 2, 3])
def test_token_among_the_subprotocols_is_read_by_each(times: int) -> None:
    """The application sees the other subprotocols only."""
    app = _within(*[_guard(bearer_methods=["header", "websocket-protocol"])] * times)
    offered = ["bearer", LOCAL.token(exp=LATE), "chat"]
    with TestClient(app, base_url=RESOURCE).websocket_connect("/feed", offered) as socket:
        assert socket.receive_json() == ["u1", ["chat"]]
        assert socket.accepted_subprotocol == "bearer"


def test_public_path_of_the_outer_one_is_guarded_by_the_inner_one() -> None:
    """The outer one hides the fields of its proxy there too."""
    guard = _guard(hide_credentials=True, **FORWARDED)
    app = OAuthGuardMiddleware(_within(guard), guard, public=["/me"])
    headers = {**_bearer(cnf=OWNER.cnf), **_forwarded(OWNER)}
    assert _get(app, headers) == ["u1"]
    assert _get(app, {**headers, **_forwarded(OTHER)}) == 401
    assert _get(app, {}) == 401


def test_another_guard_inside_gets_no_hidden_credentials() -> None:
    """They are hidden from it as from every application."""
    outer = _guard(hide_credentials=True)
    assert _get(_within(outer, _guard()), _bearer()) == 401
    assert _get(_within(_guard(), _guard(hide_credentials=True)), _bearer()) == ["u1"]


def _adding(inner: Any, **fields: str) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        added = [
            (name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()
        ]
        await inner({**scope, "headers": [*scope["headers"], *added]}, receive, send)

    return app


@pytest.mark.parametrize(
    ("added", "seen"),
    [
        pytest.param(
            {"authorization": f"Bearer {LOCAL.token(sub='u2', exp=LATE)}"}, ["u2"], id="a token"
        ),
        pytest.param({"authorization": "Bearer invalid"}, 401, id="an invalid token"),
        pytest.param({"dpop": "proof"}, 401, id="a part of credentials"),
    ],
)
def test_credentials_that_were_added_between_are_read_alone(
    added: dict[str, str], seen: list[str] | int
) -> None:
    """Those that were hidden do not come back beside them."""
    guard = _guard(hide_credentials=True)
    app = _within(guard, part=_adding(_within(guard), **added))
    assert _get(app, _bearer()) == seen


@pytest.mark.parametrize("name", ["x_ssl_client_cert", "x_p"])
def test_field_of_the_proxy_that_was_added_between_gets_no_secret(name: str) -> None:
    """Otherwise an application could pass a certificate on that no proxy has sent."""
    guard = _guard(**FORWARDED)
    values = {"x_ssl_client_cert": OTHER.escaped_pem, "x_p": SECRET}
    app = _within(guard, part=_adding(_within(guard), **{name: values[name]}))
    headers = {**_bearer(cnf=OWNER.cnf), **_forwarded(OWNER)}
    assert _get(app, headers) == 401


def test_request_of_another_guard_is_read_as_it_is() -> None:
    """Neither fields nor subprotocols of the outer request are added."""
    outer = ResourceRequest(
        {
            "type": "websocket",
            "headers": [(b"authorization", b"x")],
            "subprotocols": ["bearer", "x"],
        }
    )
    guard = _guard(hide_credentials=True, bearer_methods=["header", "websocket-protocol"])
    connection: dict[str, Any] = {"type": "websocket", "headers": [], "subprotocols": []}
    connection |= {REQUEST: outer, GUARD: _guard()}
    inner = inner_request(connection, guard)
    assert (list(inner.headers), list(inner.subprotocols)) == ([], [])
    inner = inner_request({**connection, GUARD: guard}, guard)
    assert list(inner.headers) == [(b"authorization", b"x")]
    assert list(inner.subprotocols) == ["bearer", "x"]
    assert connection["headers"] == []  # the application does not see them


def test_handshake_without_a_token_is_denied_by_each() -> None:
    """As by one."""
    app = _within(*[_guard(bearer_methods=["header", "websocket-protocol"])] * 2, required=True)
    with (
        pytest.raises(WebSocketDenialResponse),
        TestClient(app, base_url=RESOURCE).websocket_connect("/feed", ["chat"]),
    ):
        pass
