"""inner_request() of a guard that is outside and inside another one, and of what is in between."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import GUARD, REQUEST
from oauth_guard.inner_request import inner_request
from oauth_guard.possession import DPoP, ForwardedCertificate
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import DPoPKey, LocalIssuer
from oauth_guard.testing.certificates import ClientCertificate

RESOURCE = "https://api.example.com"
LOCAL = LocalIssuer(audience=RESOURCE)
OWNER, OTHER = ClientCertificate(), ClientCertificate()
KEY = DPoPKey()
SECRET = "s" * 16
LATE = 4_102_444_800  # in 2100: the tokens of a table are made long before its tests run

HIDES: dict[str, Any] = {"hide_credentials": True}
READS_FIELD: dict[str, Any] = {"token_header": "X-Token"}
FORWARDED: dict[str, Any] = {
    "certificates": ForwardedCertificate("escaped-pem", secret=("X-P", SECRET))
}


def _cookie(name: str) -> dict[str, Any]:
    return {"bearer_methods": ["header", "cookie"], "token_cookie": f"__Host-{name}"}


def _token(subject: str = "u1", **changes: Any) -> str:
    return LOCAL.token("read", sub=subject, exp=LATE, **changes)


BEARER = {"Authorization": f"Bearer {_token()}"}
FIELD = {"X-Token": _token("u2")}
COOKIES = {"Cookie": f"a=1; __Host-a={_token()};__Host-b={_token('u2')}"}
CERTIFICATE = {
    "Authorization": f"Bearer {_token(cnf=OWNER.cnf)}",
    "X-P": SECRET,
    "X-SSL-Client-Cert": OWNER.escaped_pem,
}


async def _me(request: Request) -> JSONResponse:
    names = {"authorization", "cookie", "dpop", "x-token", "x-p", "x-ssl-client-cert"}
    return JSONResponse([request.user.subject, *sorted(names.intersection(request.headers))])


async def _feed(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json([websocket.user.subject, websocket.scope["subprotocols"]])
    await websocket.close()


def _guard(**settings: Any) -> Guard:
    return Guard(RESOURCE, [JWTIssuer(LOCAL.issuer, http=LOCAL.http)], **settings)


def _within(*parts: Any, required: bool = True) -> Any:
    """Return an application inside *parts*, guards and changes of the connection, in order."""
    app: Any = Starlette(routes=[Route("/me", _me), WebSocketRoute("/feed", _feed)])
    for part in reversed(parts):
        if isinstance(part, Guard):
            app = OAuthGuardMiddleware(app, part, required=required)
        else:
            app = _changing(app, part)
    return app


def _changing(inner: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await inner(change(scope) or scope, receive, send)

    return app


def _added(**fields: str) -> Callable[[dict[str, Any]], Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return lambda scope: {**scope, "headers": [*scope["headers"], *pairs]}


def _inserted(**fields: str) -> Callable[[dict[str, Any]], Any]:
    """Return the same change as `_added`, made in the list that others may have too."""
    return lambda scope: scope["headers"].extend(_added(**fields)({"headers": []})["headers"])


def _removed(name: bytes) -> Callable[[dict[str, Any]], Any]:
    return lambda scope: {
        **scope,
        "headers": [field for field in scope["headers"] if field[0] != name],
    }


def _get(app: Any, headers: Mapping[str, str]) -> list[str | None] | int:
    response = TestClient(app, base_url=RESOURCE).get("/me", headers=dict(headers))
    seen: list[str | None] = response.json() if response.status_code == 200 else []
    return seen or response.status_code


@pytest.mark.parametrize("order", ["ABA", "ABBA", "AABA", "ABABA"])
@pytest.mark.parametrize("required", [True, False], ids=["required", "optional"])
@pytest.mark.parametrize(
    ("outer", "between", "headers", "seen"),
    [
        pytest.param(HIDES, READS_FIELD, {**BEARER, **FIELD}, ["x-token"], id="A hides"),
        pytest.param({}, HIDES, BEARER, [], id="B hides"),
        pytest.param(HIDES, {**HIDES, **READS_FIELD}, {**BEARER, **FIELD}, [], id="both hide"),
        pytest.param({}, {}, BEARER, ["authorization"], id="none hides"),
        pytest.param(
            {**HIDES, **_cookie("a")}, {**HIDES, **_cookie("b")}, COOKIES, ["cookie"], id="cookies"
        ),
        pytest.param(
            _cookie("a"), {**HIDES, **_cookie("b")}, COOKIES, ["cookie"], id="the cookie of B"
        ),
        pytest.param(
            {**HIDES, **FORWARDED}, READS_FIELD, {**CERTIFICATE, **FIELD}, ["x-token"], id="proxy"
        ),
    ],
)
def test_guard_around_another_one_is_served_inside_it_too(
    order: str,
    outer: dict[str, Any],
    between: dict[str, Any],
    headers: dict[str, str],
    seen: list[str],
    *,
    required: bool,
) -> None:
    """Both accept the request, and the application sees the caller of A, the innermost."""
    guards = {"A": _guard(**outer), "B": _guard(**between)}
    app = _within(*(guards[name] for name in order), required=required)
    assert _get(app, headers) == ["u1", *seen]


def test_innermost_guard_may_be_the_other_one() -> None:
    """Each reads what it has read before."""
    a, b = _guard(**HIDES), _guard(**HIDES, **READS_FIELD)
    assert _get(_within(a, b, a, b), {**BEARER, **FIELD}) == ["u2"]


def test_proof_passes_the_guard_between_once() -> None:
    """The second request with it is a replay, and a token without its proof is rejected."""
    guard = _guard(**HIDES, dpop=DPoP())
    app = _within(guard, _guard(**READS_FIELD), guard)
    token = _token(cnf=KEY.cnf)
    proof = KEY.proof(token, "GET", f"{RESOURCE}/me")
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof, **FIELD}
    assert [_get(app, headers) for _ in range(2)] == [["u1", "x-token"], 401]
    del headers["DPoP"]
    assert _get(app, headers) == 401


OTHER_TOKEN = f"Bearer {_token('u3')}"


@pytest.mark.parametrize("change", [_added, _inserted], ids=["in a copy", "in place"])
@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        pytest.param({"authorization": OTHER_TOKEN}, ["u3", "authorization"], id="a token"),
        pytest.param({"authorization": "Bearer invalid"}, 401, id="an invalid token"),
        pytest.param({"dpop": "proof"}, 401, id="a part of credentials"),
    ],
)
def test_credentials_that_were_added_after_the_guard_between_are_read_alone(
    change: Callable[..., Any], fields: dict[str, str], seen: list[str] | int
) -> None:
    """Those that were hidden do not come back beside them."""
    guard = _guard()
    app = _within(guard, _guard(**HIDES), change(**fields), guard)
    assert _get(app, BEARER) == seen


@pytest.mark.parametrize("change", [_added, _inserted], ids=["in a copy", "in place"])
@pytest.mark.parametrize(
    "fields",
    [{"authorization": OTHER_TOKEN}, {"dpop": "proof"}, {"cookie": f"__Host-a={_token('u3')}"}],
    ids=["token", "proof", "cookie"],
)
def test_credentials_that_were_exchanged_and_then_hidden_are_not_replaced(
    change: Callable[..., Any], fields: dict[str, str]
) -> None:
    """The application exchanged them, so those of the client are not for what is inside."""
    guard = _guard(**HIDES, **_cookie("a"))
    between = _guard(**HIDES, **_cookie("a"))
    inner = OAuthGuardMiddleware(_within(), guard)
    optional = OAuthGuardMiddleware(inner, between, required=False)
    app = OAuthGuardMiddleware(_changing(optional, change(**fields)), guard)
    assert _get(app, BEARER) == 401


@pytest.mark.parametrize("hides", [{}, HIDES], ids=["shown", "hidden"])
def test_credentials_that_an_application_removed_do_not_come_back(hides: dict[str, Any]) -> None:
    """Only what a guard has hidden does."""
    guard, between = _guard(), _guard(**hides)
    removed = _removed(b"authorization")
    assert _get(_within(guard, removed, between, guard, required=False), BEARER) == [None]


def test_credentials_that_an_application_removed_after_the_guard_between_are_not_read() -> None:
    """The guard between has passed them on."""
    guard = _guard()
    app = _within(guard, _guard(), _removed(b"authorization"), guard, required=False)
    assert _get(app, BEARER) == [None]


@pytest.mark.parametrize("name", ["x_ssl_client_cert", "x_p"])
@pytest.mark.parametrize("hidden", [False, True], ids=["shown", "hidden"])
def test_field_of_the_proxy_that_was_added_gets_no_secret(name: str, *, hidden: bool) -> None:
    """Also if the guard between hides it; so a bound token is rejected without its certificate."""
    guard = _guard(**HIDES, **FORWARDED)
    between = _guard(**READS_FIELD, **(FORWARDED if hidden else {}))
    value = {"x_ssl_client_cert": OTHER.escaped_pem, "x_p": SECRET}[name]
    app = _within(guard, _added(**{name: value}), between, guard)
    assert _get(app, {**CERTIFICATE, **FIELD}) == 401


def _websocket(app: Any, offered: list[str], headers: Mapping[str, str]) -> Any:
    client = TestClient(app, base_url=RESOURCE)
    with client.websocket_connect("/feed", offered, headers=dict(headers)) as socket:
        return socket.receive_json()


def test_token_among_the_subprotocols_passes_the_guard_between() -> None:
    """The application sees the other subprotocols only."""
    guard = _guard(bearer_methods=["header", "websocket-protocol"])
    app = _within(guard, _guard(**READS_FIELD), guard)
    assert _websocket(app, ["bearer", _token(), "chat"], FIELD) == ["u1", ["chat"]]


@pytest.mark.parametrize(
    "change",
    [
        lambda scope: {**scope, "subprotocols": ["bearer", _token("u3")]},
        _added(authorization=OTHER_TOKEN),
    ],
    ids=["subprotocol", "header"],
)
def test_token_that_was_added_to_a_handshake_is_read_alone(change: Callable[..., Any]) -> None:
    """That of the client, among the subprotocols, does not come back."""
    guard = _guard(bearer_methods=["header", "websocket-protocol"])
    assert _websocket(_within(guard, change, guard), ["bearer", _token()], {}) == ["u3", []]


def test_public_path_of_a_guard_between_keeps_what_it_has_read() -> None:
    """The same guard three times, whose second place lets everybody in."""
    guard = _guard(**HIDES)
    middle = OAuthGuardMiddleware(_within(guard), guard, public=["/me"])
    assert _get(OAuthGuardMiddleware(middle, guard), BEARER) == ["u1"]
    assert _get(middle, {}) == 401


def test_first_message_is_kept_unless_credentials_were_added() -> None:
    """A guard reads it once for each connection."""
    guard, other = _guard(**HIDES), _guard()
    outer = ResourceRequest({"type": "websocket", "headers": []})
    outer.connection_init = message = object()  # type: ignore[assignment]
    passed_on = {"type": "websocket", "headers": [], REQUEST: outer, GUARD: guard}
    between = {**passed_on, REQUEST: ResourceRequest(passed_on), GUARD: other}
    assert inner_request(between, guard).connection_init is message
    assert inner_request(between, other).connection_init is None
    added = {**between, "headers": [(b"authorization", b"x")]}
    assert inner_request(added, guard).connection_init is None
