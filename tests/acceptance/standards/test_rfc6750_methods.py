"""RFC 6750: tokens in forms and queries, and TLS (section 7 of the conformance matrix)."""

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_guard.starlette import requires
from tests.acceptance.standards.api import Api, bearer, handler, record_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse

FORM = b"application/x-www-form-urlencoded"
LIMIT = 64 * 1024
ALL = ("header", "body", "query")


async def _echo(request: Request) -> Response:
    """Respond with the request body."""
    record_identity(request)
    return Response(await request.body())


async def _cached(request: Request) -> Response:
    """Respond with the Cache-Control that the path names."""
    record_identity(request)
    return Response(headers={"Cache-Control": request.path_params["control"].replace("_", " ")})


async def _failing(request: Request) -> Response:
    """Respond with a publicly cacheable 404."""
    record_identity(request)
    return Response(status_code=404, headers={"Cache-Control": "public"})


@pytest.fixture
def all_methods() -> Api:
    """Return the API with all bearer methods enabled, and routes to test bodies and caching."""
    return _api_with(*ALL)


def _api_with(*methods: str, **options: Any) -> Api:
    routes = [
        Route("/echo", requires("write")(_echo), methods=["POST", "PUT", "PATCH"]),
        Route("/cached/{control}", _cached),
        Route("/missing", _failing),
        Route("/r", handler, methods=["GET", "HEAD", "DELETE"]),
    ]
    return Api(routes=routes, guard={"bearer_methods": methods, **options})


def _write(api: Api) -> str:
    return api.token(scope="read write")


async def _post(
    api: Api, *chunks: str, kind: bytes | None = FORM, method: str = "POST"
) -> RecordedResponse:
    """Send a form to `/echo`, in these chunks."""
    headers = [(b"content-type", kind)] if kind is not None else []
    pieces = [chunk.encode("latin-1") for chunk in chunks]
    return await api.send(method, "/echo", headers, chunks=pieces)


@pytest.mark.conformance("6750-06")
async def test_form_is_not_read_unless_the_body_method_is_enabled(api: Api) -> None:
    """Enabling the query method does not enable it."""
    for each in (api, _api_with("header", "query")):
        form = [f"access_token={_write(each)}".encode()]
        response = await each.send("POST", "/w", [(b"content-type", FORM)], chunks=form)
        expect(response, "401 none")
        assert response.received == 0


@pytest.mark.conformance("6750-07")
@pytest.mark.parametrize(
    "kind",
    [FORM, FORM + b"; charset=UTF-8", FORM.upper() + b";charset=utf-8", FORM + b" ; x=y"],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_token_in_a_form_is_accepted(all_methods: Api, kind: bytes, method: str) -> None:
    """For POST, PUT and PATCH; case and parameters of the media type do not matter."""
    response = await _post(
        all_methods, f"access_token={_write(all_methods)}", kind=kind, method=method
    )
    expect(response, "200")


@pytest.mark.conformance("6750-07")
@pytest.mark.parametrize(
    "kind",
    [
        *(b"application/json", b"multipart/form-data", b"multipart/form-data; boundary=x"),
        *(b"text/plain", b"", None, FORM + b", text/plain", b"x" + FORM, FORM + b"/x"),
    ],
)
async def test_token_in_a_body_that_is_no_form_is_ignored(
    all_methods: Api, kind: bytes | None
) -> None:
    """The body of another media type is not read."""
    response = await _post(all_methods, f"access_token={_write(all_methods)}", kind=kind)
    expect(response, "401 none")
    assert response.received == 0


@pytest.mark.conformance("6750-07")
async def test_token_in_a_multipart_form_is_ignored(all_methods: Api) -> None:
    """Even if the multipart body is well-formed."""
    part = 'Content-Disposition: form-data; name="access_token"'
    body = f"--x\r\n{part}\r\n\r\n{_write(all_methods)}\r\n--x--\r\n"
    expect(await _post(all_methods, body, kind=b"multipart/form-data; boundary=x"), "401 none")


@pytest.mark.conformance("6750-07")
async def test_form_with_two_content_types_is_ignored(all_methods: Api) -> None:
    """It is ambiguous which applies."""
    headers = [(b"content-type", FORM), (b"content-type", b"text/plain")]
    form = [f"access_token={_write(all_methods)}".encode()]
    expect(await all_methods.send("POST", "/echo", headers, chunks=form), "401 none")


@pytest.mark.conformance("6750-08")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])
async def test_form_of_a_method_without_body_semantics_is_not_read(
    all_methods: Api, method: str
) -> None:
    """GET, HEAD, DELETE, OPTIONS and TRACE."""
    form = [f"access_token={all_methods.token()}".encode()]
    response = await all_methods.send(method, "/r", [(b"content-type", FORM)], chunks=form)
    expect(response, "401 none")
    assert response.received == 0


@pytest.mark.conformance("6750-09")
@pytest.mark.parametrize(
    "form", ["name=\xc3\xa9&{form}", "{form}&name=\xc3", "\xc3&{form}", "{form}\xff"]
)
async def test_form_with_raw_non_ascii_byte_is_malformed(all_methods: Api, form: str) -> None:
    """Wherever in the form the byte is."""
    encoded = form.format(form=f"access_token={_write(all_methods)}")
    expect(await _post(all_methods, encoded), "400 invalid_request")


@pytest.mark.conformance("6750-09")
async def test_form_with_escaped_non_ascii_is_accepted(all_methods: Api) -> None:
    """Percent-encoding is the form's own escape."""
    form = f"name=%C3%A9&access_token={_write(all_methods)}"
    response = await _post(all_methods, form)
    expect(response, "200")
    assert response.body == form.encode()


@pytest.mark.conformance("6750-10")
@pytest.mark.parametrize("where", [0, 1, 2], ids=["first", "middle", "last"])
async def test_form_reaches_the_application_byte_for_byte(all_methods: Api, where: int) -> None:
    """Sent in three chunks, with the token in any of them."""
    pieces = ["a=1&b=%20+x&", "c=&d&&", "e=%ff"]
    pieces[where] = f"access_token={_write(all_methods)}&{pieces[where]}"
    response = await _post(all_methods, *pieces)
    expect(response, "200")
    assert response.body == "".join(pieces).encode()


@pytest.mark.conformance("6750-10")
async def test_form_split_inside_the_token_is_accepted(all_methods: Api) -> None:
    """Chunk boundaries are arbitrary."""
    form = f"a=1&access_token={_write(all_methods)}&b=2"
    response = await _post(all_methods, form[:60], form[60:61], "", form[61:])
    expect(response, "200")
    assert response.body == form.encode()


@pytest.mark.conformance("6750-11")
@pytest.mark.parametrize(
    ("pieces", "received"),
    [([1024] * 1024, LIMIT // 1024 + 1), ([1024 * 1024], 1), ([LIMIT, 1, 1], 2)],
    ids=["many chunks", "one chunk", "one byte too many"],
)
async def test_form_over_64_kib_is_rejected(
    all_methods: Api, pieces: Sequence[int], received: int
) -> None:
    """It is not read to its end."""
    start = f"access_token={_write(all_methods)}&a="
    text = ["x" * size for size in pieces]
    text[0] = start + text[0][len(start) :]
    response = await _post(all_methods, *text)
    expect(response, "413 invalid_request")
    assert response.received == received


@pytest.mark.conformance("6750-11")
async def test_form_of_exactly_64_kib_is_accepted(all_methods: Api) -> None:
    """With the method disabled there is no limit, since the body is not read."""
    start = f"access_token={_write(all_methods)}&a="
    expect(await _post(all_methods, start + "x" * (LIMIT - len(start))), "200")
    off = Api()
    response = await off.send("POST", "/w", [(b"content-type", FORM)], chunks=[b"x" * 1024] * 1024)
    expect(response, "401 none")
    assert response.received == 0


@pytest.mark.conformance("6750-12")
async def test_query_is_ignored_unless_the_query_method_is_enabled(api: Api) -> None:
    """Enabling the body method does not enable it."""
    for each in (api, _api_with("header", "body")):
        token = each.token()
        expect(await each.get(f"/r?access_token={token}"), "401 none")
        response = await each.get(f"/r?access_token={token}", token)
        expect(response, "200")
        assert response.lines("cache-control") == []


@pytest.mark.conformance("6750-13")
@pytest.mark.parametrize("target", ["/r?access_token={T}", "/r?a=1&access%5Ftoken={T}&b"])
async def test_response_to_token_in_the_query_is_private(all_methods: Api, target: str) -> None:
    """A shared cache would store it under a URL that contains the token."""
    response = await all_methods.get(target.format(T=all_methods.token()))
    expect(response, "200")
    assert response.lines("cache-control") == ["private"]


@pytest.mark.conformance("6750-13")
@pytest.mark.parametrize(
    "target", ["/r", "/r?a=access_token", "/r?access_tokens=1"], ids=["none", "value", "other"]
)
async def test_cache_control_is_unchanged_without_token_in_the_query(
    all_methods: Api, target: str
) -> None:
    """A token in the header is not part of the URL."""
    response = await all_methods.get(target, all_methods.token())
    expect(response, "200")
    assert response.lines("cache-control") == []


@pytest.mark.conformance("6750-13")
async def test_cache_control_of_an_error_response_is_unchanged(all_methods: Api) -> None:
    """RFC 6750 requires `private` for success responses only."""
    response = await all_methods.get(f"/missing?access_token={all_methods.token()}")
    assert (response.status, response.lines("cache-control")) == (404, ["public"])


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
async def test_adding_private_keeps_stricter_cache_directives(
    all_methods: Api, control: str, kept: str
) -> None:
    """`public` is removed, and there is one field line."""
    response = await all_methods.get(f"/cached/{control}?access_token={all_methods.token()}")
    expect(response, "200")
    assert response.lines("cache-control") == [kept]


@pytest.mark.conformance("6750-15")
@pytest.mark.parametrize("same", [True, False], ids=["equal tokens", "another token"])
@pytest.mark.parametrize("ways", [("header", "query"), ("header", "form"), ("query", "form"), ALL])
async def test_token_by_two_methods_is_rejected(
    all_methods: Api, ways: Sequence[str], same: bool
) -> None:
    """Even if both tokens are equal; neither is validated."""
    first = _write(all_methods)
    second = first if same else "abc"
    tokens = {way: second if number else first for number, way in enumerate(ways)}
    headers = [(b"content-type", FORM)]
    headers += bearer(tokens["header"]) if "header" in tokens else []
    query = f"?access_token={tokens['query']}" if "query" in tokens else ""
    body = tokens.get("form") or tokens.get("body")
    form = [f"access_token={body}".encode()] if body else []
    response = await all_methods.send("POST", f"/echo{query}", headers, chunks=form)
    expect(response, "400 invalid_request")
    assert all_methods.authority.requests == []


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
async def test_repeated_token_parameter_is_rejected(
    all_methods: Api, parameters: str, way: str
) -> None:
    """However it is percent-encoded, and whatever its value."""
    encoded = parameters.format(T=_write(all_methods))
    if way == "form":
        expect(await _post(all_methods, encoded), "400 invalid_request")
    else:
        expect(await all_methods.get(f"/r?{encoded}"), "400 invalid_request")


@pytest.mark.conformance("6750-27")
@pytest.mark.parametrize(
    ("scheme", "outcome"),
    [("https", "200"), ("http", "400 invalid_request"), ("", "400 invalid_request")],
)
async def test_request_without_tls_is_rejected_if_tls_is_required(
    scheme: str, outcome: str
) -> None:
    """Before the token is parsed or introspected."""
    api = _api_with(*ALL, require_https=True)
    expect(await api.get("/r", api.token(), scheme=scheme), outcome)
    if outcome != "200":
        assert api.authority.requests == []
        for token in ("abc", "a b", ""):
            response = await api.get("/r", token, scheme=scheme)
            expect(response, outcome)
            assert response.log.count("https_required") == 1


@pytest.mark.conformance("6750-27")
@pytest.mark.parametrize(
    ("scheme", "outcome"), [("wss", 101), ("ws", 400)], ids=["over TLS", "without TLS"]
)
async def test_handshake_without_tls_is_rejected_if_tls_is_required(
    scheme: str, outcome: int
) -> None:
    """A handshake is treated like any other request."""
    api = _api_with(*ALL, require_https=True)
    response = await api.connect("/ws", bearer(api.token()), scheme=scheme)
    if outcome == 101:
        assert response.seen[0].subject == "u1"
    else:
        expect(response, "400 invalid_request")


@pytest.mark.conformance("6750-27")
async def test_request_without_tls_is_accepted_by_default(api: Api) -> None:
    """TLS often ends at a proxy."""
    expect(await api.get("/r", api.token(), scheme="http"), "200")


async def test_handshake_with_token_in_the_query_is_accepted(all_methods: Api) -> None:
    """A browser can't set the header of a handshake."""
    response = await all_methods.connect(f"/ws?access_token={all_methods.token()}")
    assert response.seen[0].subject == "u1"
    assert not (await all_methods.connect(f"/ws?access_token={all_methods.token()}x")).seen
