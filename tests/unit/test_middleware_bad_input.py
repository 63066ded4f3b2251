"""OAuthGuardMiddleware: servers that give little, applications that raise, mounts in mounts."""

from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware, Rules, current_identity
from oauth_guard.possession import DPoP, ForwardedCertificate
from oauth_guard.protocol.identity import ANONYMOUS
from oauth_guard.resource_metadata import metadata_app
from oauth_guard.testing import DPoPKey, LocalIssuer
from oauth_guard.testing.certificates import ClientCertificate

RESOURCE = "https://api.example.com"
SECRET = "s" * 16
LOCAL = LocalIssuer(audience=RESOURCE)
DOWN = LocalIssuer("https://down.test", audience=RESOURCE)
DOWN.outage = lambda _: httpx.Response(500)
KEY, CERTIFICATE = DPoPKey(), ClientCertificate()
COOKIE = {"bearer_methods": ["header", "cookie"]}
LATE = 4_102_444_800  # in 2100: the tokens of a table are made long before its tests run

Message = MutableMapping[str, Any]


def _guard(resource: str = RESOURCE, **settings: Any) -> Guard:
    issuers = [JWTIssuer(each.issuer, http=each.http) for each in (LOCAL, DOWN)]
    return Guard(resource, issuers, **settings)


def _fields(**fields: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]


def _bearer(issuer: LocalIssuer = LOCAL) -> list[tuple[bytes, bytes]]:
    return _fields(authorization=f"Bearer {issuer.token('read', exp=LATE)}")


HTTP_MESSAGES: list[Message] = [
    {"type": "http.response.start", "status": 200, "headers": []},
    {"type": "http.response.body", "body": b"a", "more_body": True},
]
SOCKET_MESSAGES: list[Message] = [
    {"type": "websocket.accept"},
    {"type": "websocket.send", "text": "a"},
]


async def _run(app: Any, connection: Message) -> list[Message]:
    """Serve *connection* as a server does that gives no more than it has to."""
    kind = connection["type"]
    first: Message = {"type": "websocket.connect" if kind == "websocket" else "http.request"}
    received = iter([first])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(received, {"type": f"{kind}.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(connection, receive, send)
    except LookupError as error:
        sent.append({"type": "raised", "error": error})
    return sent


def _connection(kind: str, headers: list[tuple[bytes, bytes]]) -> Message:
    """Return a connection with what ASGI requires of it, and nothing else."""
    method = {"method": "GET"} if kind == "http" else {}
    return {"type": kind, "path": "/r", "headers": headers, **method}


@pytest.mark.conformance("ASGI-10")
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("guarded", "settings", "headers"),
    [
        ({}, {}, _bearer()),
        ({}, {"cors": ["https://page.test"]}, [*_bearer(), (b"origin", b"https://page.test")]),
        ({}, {"end_streams": True}, _bearer()),
        (
            COOKIE,
            {},
            _fields(cookie=f"__Host-access_token={LOCAL.token(exp=LATE)}", origin=RESOURCE),
        ),
        ({}, {"public": ["/r", "WEBSOCKET /r"]}, []),
        ({}, {"required": False}, []),
    ],
    ids=["plain", "CORS", "ended streams", "cookie", "public", "optional"],
)
async def test_exception_leaves_after_what_was_sent(
    guarded: dict[str, Any],
    settings: dict[str, Any],
    headers: list[tuple[bytes, bytes]],
    *,
    kind: str,
    number: int,
) -> None:
    """The same object, after the same messages; nobody is the caller after it."""
    raised = LookupError("mine")
    messages = (HTTP_MESSAGES if kind == "http" else SOCKET_MESSAGES)[:number]

    async def app(_connection: Message, receive: Any, send: Any) -> None:
        await receive()
        for message in messages:
            await send(dict(message))
        raise raised

    guard = _guard(**guarded)
    sent = await _run(OAuthGuardMiddleware(app, guard, **settings), _connection(kind, headers))
    assert [each["type"] for each in sent] == [*(each["type"] for each in messages), "raised"]
    assert sent[-1]["error"] is raised
    assert current_identity() is ANONYMOUS
    assert [each.value for each in guard.measurements() if each.name == "open_connections"] == [0]


@pytest.mark.conformance("ASGI-05")
@pytest.mark.parametrize("extensions", [{}, {"extensions": None}, {"extensions": {}}], ids=repr)
@pytest.mark.parametrize(
    ("headers", "http", "websocket"),
    [([], 401, 1008), (_bearer(), 403, 1008), (_bearer(DOWN), 503, 1013)],
    ids=["no token", "no scope", "outage"],
)
async def test_server_without_extensions_and_state_gets_a_whole_rejection(
    headers: list[tuple[bytes, bytes]], http: int, websocket: int, *, extensions: Message
) -> None:
    """A status over HTTP, and a close code for a handshake."""

    async def app(*_: object) -> None:
        raise LookupError

    guarded = OAuthGuardMiddleware(app, _guard(), requires="write")
    start, body = await _run(guarded, {**_connection("http", headers), **extensions})
    assert (start["status"], body["type"]) == (http, "http.response.body")
    closed = await _run(guarded, {**_connection("websocket", headers), **extensions})
    assert closed == [{"type": "websocket.close", "code": websocket}]


_BOUND = LOCAL.token("read", exp=LATE, cnf=KEY.cnf)
_CERTIFIED = LOCAL.token("read", exp=LATE, cnf=CERTIFICATE.cnf)
_FORWARDED = {"certificates": ForwardedCertificate("escaped-pem", secret=("X-P", SECRET))}


@pytest.mark.conformance("ASGI-02")
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title, str.swapcase])
@pytest.mark.parametrize(
    ("settings", "fields", "rejected_with"),
    [
        ({}, {"authorization": f"Bearer {LOCAL.token(exp=LATE)}"}, None),
        (
            {"token_header": "X-Token"},
            {"x-token": LOCAL.token(exp=LATE)},
            ("origin", "https://bad.test"),
        ),
        (
            {"token_header": "X-Token"},
            {"x-token": LOCAL.token(exp=LATE)},
            ("sec-fetch-site", "cross-site"),
        ),
        (
            COOKIE,
            {"cookie": f"__Host-access_token={LOCAL.token(exp=LATE)}"},
            ("authorization", "Bearer x"),
        ),
        (
            _FORWARDED,
            {"authorization": f"Bearer {_CERTIFIED}", "x-p": SECRET}
            | {"x-ssl-client-cert": CERTIFICATE.escaped_pem},
            ("x-p", SECRET),
        ),
        ({"dpop": DPoP()}, {"authorization": f"DPoP {_BOUND}", "dpop": ""}, ("dpop", "x")),
    ],
    ids=["Authorization", "origin", "fetch metadata", "cookie", "certificate", "DPoP"],
)
async def test_names_of_header_fields_are_read_in_any_case(
    settings: dict[str, Any],
    fields: dict[str, str],
    rejected_with: tuple[str, str] | None,
    spelling: Any,
) -> None:
    """Those that a request needs, and those that make the guard reject it."""

    async def app(_connection: Message, _receive: Any, send: Any) -> None:
        await send(dict(HTTP_MESSAGES[0]))

    guarded = OAuthGuardMiddleware(app, _guard(**settings))
    if "dpop" in fields:
        fields = fields | {"dpop": KEY.proof(_BOUND, "GET", f"{RESOURCE}/r")}
    headers = [(spelling(name).encode(), value.encode()) for name, value in fields.items()]
    assert (await _run(guarded, _connection("http", headers)))[0]["status"] == 200
    if rejected_with is not None:
        name, value = rejected_with
        further = [*headers, (spelling(name).encode(), value.encode())]
        assert (await _run(guarded, _connection("http", further)))[0]["status"] >= 400


def _nested(guard: Any, **settings: Any) -> Starlette:
    """Return a site with a guarded part at `/outer/inner`."""

    async def respond(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(request.user.subject))

    routes = [Route(path, respond) for path in ("/health", "/r", "/admin/r")]
    part = OAuthGuardMiddleware(Starlette(routes=routes), guard, **settings)
    return Starlette(routes=[Mount("/outer", routes=[Mount("/inner", part)])])


def test_mount_in_a_mount_reads_paths_as_its_application_does() -> None:
    """Public paths, rules and prefixes of guards are relative to the inner mount."""
    inner = f"{RESOURCE}/outer/inner"
    headers = LOCAL.headers("read")
    rules = Rules([("/r", "read")], default="deny")
    client = TestClient(_nested(_guard(), public=["/health"], rules=rules), base_url=inner)
    paths = "health", "r", "admin/r", "outer/inner/health", "inner/health"
    assert [client.get(f"{inner}/{path}").status_code for path in paths] == [200, *[401] * 4]
    statuses = [client.get(f"{inner}/{path}", headers=headers).status_code for path in paths]
    assert statuses == [200, 200, 403, 403, 403]


def test_guards_of_prefixes_in_a_mount_in_a_mount_are_found() -> None:
    """A token for one is rejected by the other."""
    inner = f"{RESOURCE}/outer/inner"
    guards = {"/admin": _guard(f"{inner}/admin"), "/": _guard(inner)}
    client = TestClient(_nested(guards), base_url=RESOURCE)
    for audience, expected in ((inner, [200, 401]), (f"{inner}/admin", [401, 200])):
        headers = LOCAL.headers(aud=audience)
        seen = [client.get(f"{inner}{path}", headers=headers) for path in ("/r", "/admin/r")]
        assert [each.status_code for each in seen] == expected


def test_proof_and_metadata_in_a_mount_in_a_mount_are_those_of_the_outer_url() -> None:
    """A client knows the URL that it calls, and no mount."""
    guard = _guard(f"{RESOURCE}/outer/inner", dpop=DPoP())
    client = TestClient(metadata_app(_nested(guard), guard), base_url=RESOURCE)
    token = LOCAL.token(cnf=KEY.cnf, aud=guard.resource)
    for url, expected in ((f"{RESOURCE}/outer/inner/r", 200), (f"{RESOURCE}/inner/r", 401)):
        fields = {"Authorization": f"DPoP {token}", "DPoP": KEY.proof(token, "GET", url)}
        assert client.get("/outer/inner/r", headers=fields).status_code == expected
    challenge = client.get("/outer/inner/r").headers["www-authenticate"]
    address = f"{RESOURCE}/.well-known/oauth-protected-resource/outer/inner"
    assert f'resource_metadata="{address}"' in challenge
    assert client.get(address).json()["resource"] == guard.resource
