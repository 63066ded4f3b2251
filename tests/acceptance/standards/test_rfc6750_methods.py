"""RFC 6750: tokens in forms and queries, and TLS (section 7 of the conformance matrix)."""

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_guard.starlette import requires
from tests.acceptance.standards.answer import Answer
from tests.acceptance.standards.api import Api, bearer, handler, see
from tests.acceptance.standards.outcome import expect

FORM = b"application/x-www-form-urlencoded"
LIMIT = 64 * 1024
ALL = ("header", "body", "query")


async def _echo(request: Request) -> Response:
    """Answer with the body as it came."""
    see(request)
    return Response(await request.body())


async def _cached(request: Request) -> Response:
    """Answer with the Cache-Control that the path names."""
    see(request)
    return Response(headers={"Cache-Control": request.path_params["control"].replace("_", " ")})


async def _failing(request: Request) -> Response:
    """Answer that there is nothing, and that everybody may know."""
    see(request)
    return Response(status_code=404, headers={"Cache-Control": "public"})


@pytest.fixture
def every() -> Api:
    """Return the API with all methods on, and routes for what they do to bodies and answers."""
    return _taking(*ALL)


def _taking(*methods: str, **options: Any) -> Api:
    routes = [
        Route("/echo", requires("write")(_echo), methods=["POST", "PUT", "PATCH"]),
        Route("/cached/{control}", _cached),
        Route("/missing", _failing),
        Route("/r", handler, methods=["GET", "HEAD", "DELETE"]),
    ]
    return Api(routes=routes, guard={"bearer_methods": methods, **options})


def _write(api: Api) -> str:
    return api.token(scope="read write")


async def _post(api: Api, *chunks: str, kind: bytes | None = FORM, method: str = "POST") -> Answer:
    """Send a form to `/echo`, in these pieces."""
    headers = [(b"content-type", kind)] if kind is not None else []
    pieces = [chunk.encode("latin-1") for chunk in chunks]
    return await api.send(method, "/echo", headers, chunks=pieces)


@pytest.mark.conformance("6750-06")
async def test_a_form_is_not_looked_at_unless_it_was_asked_for(api: Api) -> None:
    """The query method does not turn it on either."""
    for each in (api, _taking("header", "query")):
        form = [f"access_token={_write(each)}".encode()]
        answer = await each.send("POST", "/w", [(b"content-type", FORM)], chunks=form)
        expect(answer, "401 none")
        assert answer.received == 0


@pytest.mark.conformance("6750-07")
@pytest.mark.parametrize(
    "kind",
    [FORM, FORM + b"; charset=UTF-8", FORM.upper() + b";charset=utf-8", FORM + b" ; x=y"],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_form_may_carry_a_token(every: Api, kind: bytes, method: str) -> None:
    """By a method that defines its body, in any case, with any parameters."""
    answer = await _post(every, f"access_token={_write(every)}", kind=kind, method=method)
    expect(answer, "200")


@pytest.mark.conformance("6750-07")
@pytest.mark.parametrize(
    "kind",
    [
        *(b"application/json", b"multipart/form-data", b"multipart/form-data; boundary=x"),
        *(b"text/plain", b"", None, FORM + b", text/plain", b"x" + FORM, FORM + b"/x"),
    ],
)
async def test_nothing_but_a_form_may_carry_a_token(every: Api, kind: bytes | None) -> None:
    """The same bytes as anything else are the application's, and are not read."""
    answer = await _post(every, f"access_token={_write(every)}", kind=kind)
    expect(answer, "401 none")
    assert answer.received == 0


@pytest.mark.conformance("6750-07")
async def test_a_multipart_form_may_carry_no_token(every: Api) -> None:
    """As it would be written."""
    part = 'Content-Disposition: form-data; name="access_token"'
    body = f"--x\r\n{part}\r\n\r\n{_write(every)}\r\n--x--\r\n"
    expect(await _post(every, body, kind=b"multipart/form-data; boundary=x"), "401 none")


@pytest.mark.conformance("6750-07")
async def test_a_form_of_two_types_is_none(every: Api) -> None:
    """Nobody knows which counts."""
    headers = [(b"content-type", FORM), (b"content-type", b"text/plain")]
    form = [f"access_token={_write(every)}".encode()]
    expect(await every.send("POST", "/echo", headers, chunks=form), "401 none")


@pytest.mark.conformance("6750-08")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])
async def test_a_method_without_a_body_carries_no_token_in_it(every: Api, method: str) -> None:
    """It is not read."""
    form = [f"access_token={every.token()}".encode()]
    answer = await every.send(method, "/r", [(b"content-type", FORM)], chunks=form)
    expect(answer, "401 none")
    assert answer.received == 0


@pytest.mark.conformance("6750-09")
@pytest.mark.parametrize(
    "form", ["name=\xc3\xa9&{form}", "{form}&name=\xc3", "\xc3&{form}", "{form}\xff"]
)
async def test_a_form_is_ascii(every: Api, form: str) -> None:
    """A raw byte beyond it makes the request malformed, wherever it stands."""
    told = form.format(form=f"access_token={_write(every)}")
    expect(await _post(every, told), "400 invalid_request")


@pytest.mark.conformance("6750-09")
async def test_a_form_may_escape_what_is_not_ascii(every: Api) -> None:
    """As forms do."""
    form = f"name=%C3%A9&access_token={_write(every)}"
    answer = await _post(every, form)
    expect(answer, "200")
    assert answer.body == form.encode()


@pytest.mark.conformance("6750-10")
@pytest.mark.parametrize("where", [0, 1, 2], ids=["first", "in the middle", "last"])
async def test_the_application_reads_the_form_too(every: Api, where: int) -> None:
    """In three pieces, and byte by byte as it was sent."""
    pieces = ["a=1&b=%20+x&", "c=&d&&", "e=%ff"]
    pieces[where] = f"access_token={_write(every)}&{pieces[where]}"
    answer = await _post(every, *pieces)
    expect(answer, "200")
    assert answer.body == "".join(pieces).encode()


@pytest.mark.conformance("6750-10")
async def test_a_piece_may_end_inside_the_token(every: Api) -> None:
    """A network cuts where it likes."""
    form = f"a=1&access_token={_write(every)}&b=2"
    answer = await _post(every, form[:60], form[60:61], "", form[61:])
    expect(answer, "200")
    assert answer.body == form.encode()


@pytest.mark.conformance("6750-11")
@pytest.mark.parametrize(
    ("pieces", "received"),
    [([1024] * 1024, LIMIT // 1024 + 1), ([1024 * 1024], 1), ([LIMIT, 1, 1], 2)],
    ids=["many pieces", "one piece", "a byte too many"],
)
async def test_a_form_is_bounded(every: Api, pieces: Sequence[int], received: int) -> None:
    """What is over 64 KiB is not read to its end."""
    start = f"access_token={_write(every)}&a="
    text = ["x" * size for size in pieces]
    text[0] = start + text[0][len(start) :]
    answer = await _post(every, *text)
    expect(answer, "413 invalid_request")
    assert answer.received == received


@pytest.mark.conformance("6750-11")
async def test_the_bound_itself_is_no_fault(every: Api) -> None:
    """And with the method off, nothing is bounded: it is not read."""
    start = f"access_token={_write(every)}&a="
    expect(await _post(every, start + "x" * (LIMIT - len(start))), "200")
    off = Api()
    answer = await off.send("POST", "/w", [(b"content-type", FORM)], chunks=[b"x" * 1024] * 1024)
    expect(answer, "401 none")
    assert answer.received == 0


@pytest.mark.conformance("6750-12")
async def test_a_query_is_not_looked_at_unless_it_was_asked_for(api: Api) -> None:
    """The body method does not turn it on either."""
    for each in (api, _taking("header", "body")):
        token = each.token()
        expect(await each.get(f"/r?access_token={token}"), "401 none")
        answer = await each.get(f"/r?access_token={token}", token)
        expect(answer, "200")
        assert answer.lines("cache-control") == []


@pytest.mark.conformance("6750-13")
@pytest.mark.parametrize("target", ["/r?access_token={T}", "/r?a=1&access%5Ftoken={T}&b"])
async def test_an_answer_to_a_token_in_the_query_is_private(every: Api, target: str) -> None:
    """A shared cache would keep it under an address that holds the token."""
    answer = await every.get(target.format(T=every.token()))
    expect(answer, "200")
    assert answer.lines("cache-control") == ["private"]


@pytest.mark.conformance("6750-13")
@pytest.mark.parametrize(
    "target", ["/r", "/r?a=access_token", "/r?access_tokens=1"], ids=["none", "value", "other"]
)
async def test_other_answers_are_as_the_application_has_them(every: Api, target: str) -> None:
    """A token in the header is no part of an address."""
    answer = await every.get(target, every.token())
    expect(answer, "200")
    assert answer.lines("cache-control") == []


@pytest.mark.conformance("6750-13")
async def test_an_answer_that_is_no_success_is_as_the_application_has_it(every: Api) -> None:
    """The standard speaks of success alone."""
    answer = await every.get(f"/missing?access_token={every.token()}")
    assert (answer.status, answer.lines("cache-control")) == (404, ["public"])


@pytest.mark.conformance("6750-14")
@pytest.mark.parametrize(
    ("control", "kept"),
    [
        ("no-store", "private, no-store"),
        ("public,_max-age=60", "private, max-age=60"),
        ("Public", "private"),
        ("private", "private"),
        ("no-cache,_no-store,_must-revalidate", "private, no-cache, no-store, must-revalidate"),
    ],
)
async def test_what_the_application_says_to_caches_is_not_weakened(
    every: Api, control: str, kept: str
) -> None:
    """In one line."""
    answer = await every.get(f"/cached/{control}?access_token={every.token()}")
    expect(answer, "200")
    assert answer.lines("cache-control") == [kept]


@pytest.mark.conformance("6750-15")
@pytest.mark.parametrize("same", [True, False], ids=["equal tokens", "another token"])
@pytest.mark.parametrize("ways", [("header", "query"), ("header", "form"), ("query", "form"), ALL])
async def test_a_token_comes_one_way(every: Api, ways: Sequence[str], same: bool) -> None:
    """Two are an error, and neither is judged."""
    first = _write(every)
    second = first if same else "abc"
    tokens = {way: second if number else first for number, way in enumerate(ways)}
    headers = [(b"content-type", FORM)]
    headers += bearer(tokens["header"]) if "header" in tokens else []
    query = f"?access_token={tokens['query']}" if "query" in tokens else ""
    body = tokens.get("form") or tokens.get("body")
    form = [f"access_token={body}".encode()] if body else []
    answer = await every.send("POST", f"/echo{query}", headers, chunks=form)
    expect(answer, "400 invalid_request")
    assert every.authority.requests == []


@pytest.mark.conformance("6750-16")
@pytest.mark.parametrize("way", ["query", "form"])
@pytest.mark.parametrize(
    "parameters",
    [
        "access_token={T}&access_token={T}",
        "access_token={T}&access_token=abc",
        "access_token=abc&access_token={T}",
        "access_token={T}&a=1&access_token",
        "access_token=&access_token={T}",
        "access_token={T}&access%5Ftoken={T}",
        "access_token={T}&%61ccess_token={T}",
    ],
)
async def test_a_parameter_comes_once(every: Api, parameters: str, way: str) -> None:
    """However it is spelled, and whatever it holds."""
    told = parameters.format(T=_write(every))
    if way == "form":
        expect(await _post(every, told), "400 invalid_request")
    else:
        expect(await every.get(f"/r?{told}"), "400 invalid_request")


@pytest.mark.conformance("6750-27")
@pytest.mark.parametrize(
    ("scheme", "outcome"),
    [("https", "200"), ("http", "400 invalid_request"), ("", "400 invalid_request")],
)
async def test_tls_can_be_required(scheme: str, outcome: str) -> None:
    """What comes in the clear is refused before anything of the token is looked at."""
    api = _taking(*ALL, require_https=True)
    expect(await api.get("/r", api.token(), scheme=scheme), outcome)
    if outcome != "200":
        assert api.authority.requests == []
        for token in ("abc", "a b", ""):
            answer = await api.get("/r", token, scheme=scheme)
            expect(answer, outcome)
            assert answer.log.count("https_required") == 1


@pytest.mark.conformance("6750-27")
@pytest.mark.parametrize(
    ("scheme", "outcome"), [("wss", 101), ("ws", 400)], ids=["over TLS", "in the clear"]
)
async def test_tls_can_be_required_of_a_websocket(scheme: str, outcome: int) -> None:
    """A handshake is a request like any other."""
    api = _taking(*ALL, require_https=True)
    answer = await api.connect("/ws", bearer(api.token()), scheme=scheme)
    if outcome == 101:
        assert answer.seen[0].subject == "u1"
    else:
        expect(answer, "400 invalid_request")


@pytest.mark.conformance("6750-27")
async def test_without_that_requirement_the_server_decides(api: Api) -> None:
    """TLS often ends before it."""
    expect(await api.get("/r", api.token(), scheme="http"), "200")


async def test_a_handshake_may_carry_its_token_in_the_query(every: Api) -> None:
    """A browser can't set a header there; the socket is its caller's."""
    answer = await every.connect(f"/ws?access_token={every.token()}")
    assert answer.seen[0].subject == "u1"
    assert not (await every.connect(f"/ws?access_token={every.token()}x")).seen
