"""Guard(token_cookie=, login_redirect=, hide_credentials=): pages that a browser opens."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from oauth_guard.errors import MissingCredentials
from oauth_guard.protocol.credentials import BearerMethods
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.token_cookie import TokenCookie
from tests.acceptance.standards.api import Api, bearer, plain
from tests.acceptance.standards.outcome import expect, expect_rejection
from tests.acceptance.standards.recorded_response import Application, Headers

COOKIE = "__Host-access_token"
OWN = (b"origin", b"https://api.example.com")
ALLOWED = (b"origin", b"https://app.example.com")
FOREIGN = (b"origin", b"https://evil.example")
NAVIGATE = (b"sec-fetch-mode", b"navigate")


def _api(
    guard: Mapping[str, Any] | None = None, app: Application = plain, **middleware: Any
) -> Api:
    settings = {"bearer_methods": ["header", "cookie"], **(guard or {})}
    return Api(app=app, guard=settings, middleware=middleware)


def _cookie(*tokens: str) -> Headers:
    return tuple((b"cookie", f"a=b; {COOKIE}={token}; c=d".encode()) for token in tokens)


@pytest.mark.parametrize("method", ["GET", "WEBSOCKET"])
async def test_header_alone_is_accepted_beside_a_configured_cookie(method: str) -> None:
    """Programs send no cookie."""
    api = _api()
    await _expect("200", api, method, (*bearer(api.token()), OWN))


def test_cached_cookie_gives_no_identity_to_a_header_of_its_value() -> None:
    """A cookie `x` and a header `Bearer x` have different digests."""
    request = ResourceRequest({"headers": [(b"cookie", b"t=abc")]})
    methods = BearerMethods(token_cookie=TokenCookie.of("t", "http://127.0.0.1"))
    request.read_credentials(methods)
    as_header = ResourceRequest({"headers": bearer("abc")})
    as_header.read_credentials(methods)
    assert request.cache_key not in {None, as_header.cache_key}


@pytest.mark.parametrize(
    ("value", "is_cached"),
    [(b"Bearer abc", True), (b"DPoP abc", True), (b"bearer abc", False), (b"Basic abc", False)],
)
def test_header_is_cached_beside_a_cookie(value: bytes, is_cached: bool) -> None:
    """Programs call the API with the header, and pages with the cookie."""
    methods = BearerMethods(token_cookie=TokenCookie.of("t", "http://127.0.0.1"), dpop=True)
    request = ResourceRequest({"headers": [(b"authorization", value), (b"dpop", b"proof")]})
    with suppress(MissingCredentials):
        request.read_credentials(methods)
    assert (request.cache_key is not None) is is_cached


def test_newer_token_takes_the_place_of_the_cookie() -> None:
    """As `renew` needs it: the handshake has carried the first token."""
    request = ResourceRequest({"headers": [(b"cookie", b"t=abc")]}).with_credentials("newer")
    request.read_credentials(BearerMethods(token_cookie=TokenCookie.of("t", "http://127.0.0.1")))
    assert request.token.text == "newer"


async def test_bound_token_in_a_cookie_is_rejected() -> None:
    """A page can't prove a key, so the token could have been stolen."""
    api = _api()
    expect(await api.send("GET", "/r", _cookie(api.token(cnf={"jkt": "x"}))), "401 invalid_token")


@pytest.mark.parametrize(
    ("method", "origin", "outcome"),
    [
        ("POST", OWN, "200"),
        ("POST", FOREIGN, "403"),
        ("GET", FOREIGN, "403"),
        ("GET", None, "200"),
        ("POST", None, "403"),
        ("POST", ALLOWED, "200"),
        ("WEBSOCKET", OWN, "200"),
        ("WEBSOCKET", FOREIGN, "403"),
        ("WEBSOCKET", None, "403"),
        ("WEBSOCKET", ALLOWED, "200"),
    ],
)
async def test_page_of_another_origin_can_not_use_the_cookie(
    method: str, origin: tuple[bytes, bytes] | None, outcome: str
) -> None:
    """Unless `cors=` names it; for a token in the header the page does not matter."""
    api = _api(cors=["https://app.example.com"])
    extra = () if origin is None else (origin,)
    for _ in range(2):
        await _expect(outcome, api, method, (*_cookie(api.token()), *extra))
    await _expect("200", api, method, (*bearer(api.token()), *extra))


async def _expect(outcome: str, api: Api, method: str, headers: Headers) -> None:
    if method == "WEBSOCKET":
        response = await api.connect("/r", headers)
    else:
        response = await api.send(method, "/r", headers)
    assert bool(response.seen) is (outcome == "200")
    if not response.seen:
        assert response.status == int(outcome[:3])
        expect_rejection(response)


async def test_response_is_kept_out_of_shared_caches() -> None:
    """Their keys contain no cookie."""
    api = _api()
    response = await api.send("GET", "/r", _cookie(api.token()))
    assert {(b"cache-control", b"private"), (b"vary", b"cookie")} <= set(response.headers)


async def test_browser_without_a_token_is_sent_to_the_login_page() -> None:
    """A program and a handshake get the challenge."""
    api = _api(guard={"login_redirect": "/login?next={target}"}, public=["/login"])
    response = await api.send("GET", "/r", (NAVIGATE,))
    assert response.status == 302
    assert (b"location", b"/login?next=%2Fr") in response.headers
    assert not response.challenges
    expect(await api.send("GET", "/r"), "401 none")
    expect(await api.connect("/r"), "401 none")
    expect(await api.send("GET", "/login", (NAVIGATE,)), "200 anonymous")


@pytest.mark.parametrize(
    ("guard", "sent", "seen"),
    [
        pytest.param({}, bearer, [], id="Authorization"),
        pytest.param({}, _cookie, [(b"cookie", b"a=b; c=d")], id="the cookie"),
        pytest.param(
            {"bearer_methods": ["header"], "token_header": "X-Token"},
            lambda t: ((b"x-token", t.encode()),),
            [],
            id="the header of a proxy",
        ),
    ],
)
async def test_application_does_not_see_the_credentials(
    guard: Mapping[str, Any], sent: Any, seen: list[tuple[bytes, bytes]]
) -> None:
    """With `hide_credentials=`; by default it does."""
    for hides in (True, False):
        headers: list[tuple[bytes, bytes]] = []
        api = _api({**guard, "hide_credentials": hides}, app=partial(_record, headers))
        credentials = sent(api.token())
        assert (await api.send("GET", "/r", credentials)).status == 200
        assert headers[1:] == (seen if hides else list(credentials))


async def test_application_sees_what_an_anonymous_caller_sent() -> None:
    """It may be a credential of the application's own."""
    headers: list[tuple[bytes, bytes]] = []
    basic = ((b"authorization", b"Basic dTpw"),)
    settings = {"bearer_methods": ["header"], "hide_credentials": True}
    api = _api(settings, app=partial(_record, headers), required=False)
    expect(await api.send("GET", "/r", basic), "200 anonymous")
    assert headers[1:] == list(basic)


async def _record(
    into: list[tuple[bytes, bytes]], connection: Any, receive: Any, send: Any
) -> None:
    into += connection["headers"]
    await plain(connection, receive, send)
