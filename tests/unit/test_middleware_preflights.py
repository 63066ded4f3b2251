"""What passes as a preflight, what comes back from one, and what scripts may read."""

from typing import Any

import pytest
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from oauth_guard.starlette import requires
from tests.acceptance.standards.api import Api, bearer, handler, plain
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import (
    Headers,
    Message,
    RecordedResponse,
    body,
    http,
    run,
)

ORIGIN = "https://app.example.com"
FROM_A_SCRIPT = (b"origin", ORIGIN.encode())
ASKED_FOR = (b"access-control-request-method", b"DELETE")
PREFLIGHT: Headers = (FROM_A_SCRIPT, ASKED_FOR)
ALLOW = "access-control-allow-origin"


def _answering(*messages: Message) -> Api:
    async def app(_connection: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return Api(app=app)


def _start(**members: Any) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": [], **members}


def _body(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        pytest.param("OPTIONS", PREFLIGHT, True, id="true"),
        pytest.param("OPTIONS", ((b"Origin", b"x"), ASKED_FOR), True, id="names in any case"),
        pytest.param("OPTIONS", (FROM_A_SCRIPT, *PREFLIGHT), False, id="two origins"),
        pytest.param("OPTIONS", (*PREFLIGHT, ASKED_FOR), False, id="two requested methods"),
        pytest.param("OPTIONS", (FROM_A_SCRIPT,), False, id="no requested method"),
        pytest.param("OPTIONS", (ASKED_FOR,), False, id="no origin"),
        pytest.param("options", PREFLIGHT, False, id="method in lower case"),
        pytest.param("GET", PREFLIGHT, False, id="another method"),
        pytest.param("DELETE", PREFLIGHT, False, id="the requested method"),
    ],
)
async def test_only_a_preflight_passes_without_a_token(
    method: str, headers: Headers, passes: bool
) -> None:
    """Every other OPTIONS request needs one."""
    response = await Api(app=plain).send(method, "/r", headers)
    expect(response, "200 anonymous" if passes else "401 none")
    assert response.body != b"content"


@pytest.mark.parametrize("name", [b"authorization", b"Authorization"])
@pytest.mark.parametrize("credentials", ["good", "bad"])
async def test_options_request_with_credentials_is_authenticated(
    name: bytes, credentials: str
) -> None:
    """Browsers send no credentials in a preflight; the response has its body."""
    api = Api(app=plain)
    value = f"Bearer {api.token()}".encode() if credentials == "good" else b"Bearer x"
    response = await api.send("OPTIONS", "/r", [*PREFLIGHT, (name, value)])
    expect(response, "200" if credentials == "good" else "401 invalid_token")
    assert credentials == "bad" or response.body == b"content"


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        pytest.param([_start(), _body(b"secret")], 200, id="one message"),
        pytest.param([_start(), _body(b"sec", more=True), _body(b"ret")], 200, id="in parts"),
        pytest.param([_start(status=404), _body(b"secret")], 404, id="an error"),
        pytest.param(
            [_start(trailers=True), _body(b""), {"type": "http.response.trailers"}],
            200,
            id="trailers",
        ),
        pytest.param(
            [_start(), {"type": "http.response.pathsend", "path": "secret"}, _body(b"")],
            200,
            id="a file by its path",
        ),
        pytest.param(
            [_start(), {"type": "http.response.zerocopysend", "file": 3}, _body(b"")],
            200,
            id="a file by its number",
        ),
        pytest.param(
            [{"type": "http.response.debug", "info": "secret"}, _start(), _body(b"")],
            200,
            id="debug",
        ),
    ],
)
async def test_response_to_a_preflight_has_no_content(messages: list[Message], status: int) -> None:
    """By none of the ways of sending content that ASGI defines."""
    response = await _answering(*messages).send("OPTIONS", "/r", PREFLIGHT)
    assert response.status == status
    assert {each["type"] for each in response.messages} == {
        "http.response.start",
        "http.response.body",
    }
    assert response.start["trailers"] is False
    assert response.body == b""
    assert not response.messages[-1].get("more_body", False)


async def test_response_to_a_preflight_has_no_content_length() -> None:
    """A client would wait for the content; other fields stay, repeated ones too."""
    headers = [(b"Content-Length", b"6"), (b"allow", b"GET"), (b"allow", b"PUT")]
    response = await _answering(_start(headers=headers), _body(b"secret")).send(
        "OPTIONS", "/r", PREFLIGHT
    )
    assert response.headers == ((b"allow", b"GET"), (b"allow", b"PUT"))


async def test_preflight_reaches_the_application_without_extensions() -> None:
    """Extensions announce other ways to send content."""
    seen: list[Any] = []

    async def app(connection: Any, _receive: Any, send: Any) -> None:
        seen.append(connection["extensions"])
        await send(_start())
        await send(_body(b""))

    api = Api(app=app)
    extensions: dict[str, dict[str, str]] = {"http.response.pathsend": {}}
    await api.send("OPTIONS", "/r", PREFLIGHT, extensions=extensions)
    await api.send("GET", "/r", bearer(api.token()), extensions=extensions)
    assert seen == [{}, extensions]


async def test_preflight_does_not_reach_a_route_that_requires_scope() -> None:
    """The caller is anonymous."""
    api = Api(routes=[Route("/w", requires("write")(handler), methods=["OPTIONS"])])
    expect(await api.send("OPTIONS", "/w", PREFLIGHT), "401 none")


def _allowed(response: RecordedResponse) -> list[str]:
    return response.lines(ALLOW)


@pytest.mark.parametrize(
    ("cors", "origins", "allowed"),
    [
        pytest.param([ORIGIN], [ORIGIN], [ORIGIN], id="named"),
        pytest.param(["*"], [ORIGIN], ["*"], id="all"),
        pytest.param([ORIGIN, "*"], [ORIGIN], ["*"], id="all, and named"),
        pytest.param([ORIGIN], ["https://evil.example"], [], id="another"),
        pytest.param([ORIGIN], ["null"], [], id="none to speak of"),
        pytest.param([ORIGIN], [], [], id="no script"),
        pytest.param([ORIGIN], [ORIGIN, ORIGIN], [], id="two"),
        pytest.param([], [ORIGIN], [], id="option off"),
    ],
)
async def test_only_scripts_of_configured_origins_may_read_responses(
    cors: list[str], origins: list[str], allowed: list[str]
) -> None:
    """Responses of the application as well as rejections."""
    api = Api(app=plain, middleware={"cors": cors})
    headers = [(b"origin", origin.encode()) for origin in origins]
    for response in (
        await api.send("GET", "/r", headers),
        await api.send("GET", "/r", [*headers, *bearer(api.token())]),
    ):
        assert _allowed(response) == allowed
        assert response.lines("vary") == ["origin"] * len(allowed)


async def test_preflight_of_another_origin_reaches_the_application() -> None:
    """The middleware allows nothing."""
    api = Api(app=plain, middleware={"cors": ["https://other.example.com"]})
    response = await api.send("OPTIONS", "/r", PREFLIGHT)
    expect(response, "200 anonymous")
    assert not _allowed(response)


async def test_preflight_of_a_configured_origin_gets_the_response_of_the_middleware() -> None:
    """It does not reach the application."""
    response = await Api(app=plain, middleware={"cors": [ORIGIN]}).send("OPTIONS", "/r", PREFLIGHT)
    assert response.status == 204
    assert not response.seen
    assert _allowed(response) == [ORIGIN]
    assert "DELETE" in response.lines("access-control-allow-methods")[0]


async def test_cors_fields_of_the_application_are_kept() -> None:
    """Two sets of fields would be invalid."""
    headers = [(b"Access-Control-Allow-Origin", b"https://mine.example")]

    async def app(_connection: Any, _receive: Any, send: Any) -> None:
        await send(_start(headers=headers))
        await send(_body(b"content"))

    api = Api(app=app, middleware={"cors": [ORIGIN]})
    response = await api.send("GET", "/r", [FROM_A_SCRIPT, *bearer(api.token())])
    assert response.headers == tuple(headers)


async def test_metadata_is_readable_by_scripts_of_every_origin() -> None:
    """With `cors=` or without, by one field."""
    for cors in ([], [ORIGIN]):
        api = Api(middleware={"cors": cors})
        response = await api.send("GET", "/.well-known/oauth-protected-resource", [FROM_A_SCRIPT])
        assert _allowed(response) == ["*"]


@pytest.mark.conformance("CORS-03")
async def test_preflight_of_a_configured_origin_allows_the_requested_method_and_headers() -> None:
    """The fields of a protocol above HTTP, and a method that HTTP itself does not define."""
    asked = [
        FROM_A_SCRIPT,
        (b"access-control-request-method", b"QUERY"),
        (b"access-control-request-headers", b"authorization,mcp-protocol-version,traceparent"),
    ]
    response = await Api(app=plain, middleware={"cors": [ORIGIN]}).send("OPTIONS", "/r", asked)
    allowed = response.lines("access-control-allow-headers")[0].split(", ")
    assert {"authorization", "dpop", "mcp-protocol-version", "traceparent"} <= set(allowed)
    assert "QUERY" in response.lines("access-control-allow-methods")[0].split(", ")


@pytest.mark.conformance("CORS-02")
async def test_scripts_may_read_the_configured_fields_and_the_challenge() -> None:
    """Of responses of the application and of rejections."""
    api = Api(app=plain, middleware={"cors": [ORIGIN], "cors_expose": ["Mcp-Session-Id"]})
    for headers in ([FROM_A_SCRIPT], [FROM_A_SCRIPT, *bearer(api.token())]):
        response = await api.send("GET", "/r", headers)
        exposed = response.lines("access-control-expose-headers")
        assert exposed == ["www-authenticate, dpop-nonce, mcp-session-id"]


async def test_application_behind_starlettes_cors_middleware_has_readable_rejections() -> None:
    """`CORSMiddleware` outside the guard handles preflights, and adds its fields to rejections."""
    guarded: Any = Api(app=plain).application
    allowed: Any = {"allow_methods": ["DELETE"], "allow_headers": ["authorization"]}
    app: Any = CORSMiddleware(guarded, allow_origins=[ORIGIN], **allowed)
    asked = [*PREFLIGHT, (b"access-control-request-headers", b"authorization")]
    assert (await run(app, http("OPTIONS", "/r", asked), body())).status == 200
    response = await run(app, http("GET", "/r", [FROM_A_SCRIPT]), body())
    assert (response.status, _allowed(response)) == (401, [ORIGIN])
