"""What passes as a preflight, what comes back from one, and what scripts may read."""

from typing import Any

import pytest
from starlette.routing import Route

from oauth_guard.starlette import requires
from tests.acceptance.standards.api import Api, bearer, handler, plain
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers, Message, RecordedResponse

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
        pytest.param("OPTIONS", (*PREFLIGHT, ASKED_FOR), False, id="two methods asked for"),
        pytest.param("OPTIONS", (FROM_A_SCRIPT,), False, id="no method asked for"),
        pytest.param("OPTIONS", (ASKED_FOR,), False, id="no origin"),
        pytest.param("options", PREFLIGHT, False, id="method in lower case"),
        pytest.param("GET", PREFLIGHT, False, id="another method"),
        pytest.param("DELETE", PREFLIGHT, False, id="the method asked for"),
    ],
)
async def test_only_a_true_preflight_passes(method: str, headers: Headers, passes: bool) -> None:
    """Everything else wants a token."""
    answer = await Api(app=plain).send(method, "/r", headers)
    expect(answer, "200 anonymous" if passes else "401 none")
    assert answer.body != b"content"


@pytest.mark.parametrize("name", [b"authorization", b"Authorization"])
@pytest.mark.parametrize("credentials", ["good", "bad"])
async def test_with_credentials_it_is_no_preflight(name: bytes, credentials: str) -> None:
    """No browser sends them along, so they are judged, and the answer is whole."""
    api = Api(app=plain)
    value = f"Bearer {api.token()}".encode() if credentials == "good" else b"Bearer x"
    answer = await api.send("OPTIONS", "/r", [*PREFLIGHT, (name, value)])
    expect(answer, "200" if credentials == "good" else "401 invalid_token")
    assert credentials == "bad" or answer.body == b"content"


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        pytest.param([_start(), _body(b"secret")], 200, id="at once"),
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
async def test_nothing_but_status_and_headers_comes_back(
    messages: list[Message], status: int
) -> None:
    """By no way of sending content that ASGI knows."""
    answer = await _answering(*messages).send("OPTIONS", "/r", PREFLIGHT)
    assert answer.status == status
    assert {each["type"] for each in answer.messages} == {
        "http.response.start",
        "http.response.body",
    }
    assert answer.start["trailers"] is False
    assert answer.body == b""
    assert not answer.messages[-1].get("more_body", False)


async def test_the_length_of_what_was_dropped_goes_too() -> None:
    """A client would wait for it; other fields stay, those named twice included."""
    headers = [(b"Content-Length", b"6"), (b"allow", b"GET"), (b"allow", b"PUT")]
    answer = await _answering(_start(headers=headers), _body(b"secret")).send(
        "OPTIONS", "/r", PREFLIGHT
    )
    assert answer.headers == ((b"allow", b"GET"), (b"allow", b"PUT"))


async def test_the_application_is_offered_no_other_way_to_send() -> None:
    """Extensions are how it would learn of one."""
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


async def test_a_preflight_opens_no_guarded_route() -> None:
    """Where a decorator asks for more than a token, nobody is not enough."""
    api = Api(routes=[Route("/w", requires("write")(handler), methods=["OPTIONS"])])
    expect(await api.send("OPTIONS", "/w", PREFLIGHT), "401 none")


def _allowed(answer: RecordedResponse) -> list[str]:
    return answer.lines(ALLOW)


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
async def test_only_scripts_of_named_origins_may_read(
    cors: list[str], origins: list[str], allowed: list[str]
) -> None:
    """Answers of the application as well as refusals."""
    api = Api(app=plain, middleware={"cors": cors})
    headers = [(b"origin", origin.encode()) for origin in origins]
    for answer in (
        await api.send("GET", "/r", headers),
        await api.send("GET", "/r", [*headers, *bearer(api.token())]),
    ):
        assert _allowed(answer) == allowed
        assert answer.lines("vary") == ["origin"] * len(allowed)


async def test_a_preflight_of_another_origin_is_left_to_the_application() -> None:
    """It gets no leave from us."""
    api = Api(app=plain, middleware={"cors": ["https://other.example.com"]})
    answer = await api.send("OPTIONS", "/r", PREFLIGHT)
    expect(answer, "200 anonymous")
    assert not _allowed(answer)


async def test_a_preflight_of_a_named_origin_is_answered_here() -> None:
    """Nothing of it reaches the application."""
    answer = await Api(app=plain, middleware={"cors": [ORIGIN]}).send("OPTIONS", "/r", PREFLIGHT)
    assert answer.status == 204
    assert not answer.seen
    assert _allowed(answer) == [ORIGIN]
    assert "DELETE" in answer.lines("access-control-allow-methods")[0]


async def test_an_application_that_sees_to_it_by_itself_is_left_alone() -> None:
    """Two answers to one question would be none."""
    headers = [(b"Access-Control-Allow-Origin", b"https://mine.example")]

    async def app(_connection: Any, _receive: Any, send: Any) -> None:
        await send(_start(headers=headers))
        await send(_body(b"content"))

    api = Api(app=app, middleware={"cors": [ORIGIN]})
    answer = await api.send("GET", "/r", [FROM_A_SCRIPT, *bearer(api.token())])
    assert answer.headers == tuple(headers)


async def test_metadata_is_readable_by_every_script() -> None:
    """With the option or without, and by one field."""
    for cors in ([], [ORIGIN]):
        api = Api(middleware={"cors": cors})
        answer = await api.send("GET", "/.well-known/oauth-protected-resource", [FROM_A_SCRIPT])
        assert _allowed(answer) == ["*"]
