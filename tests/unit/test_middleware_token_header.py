"""Guard(token_header=): a token in a header that a proxy writes, instead of `Authorization`."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard
from tests.acceptance.standards.api import RESOURCE, Api, bearer, plain
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers, Message

NAME = "X-Goog-IAP-JWT-Assertion"
OTHERS = [
    NAME,
    "Cf-Access-Jwt-Assertion",
    "X-Forwarded-Access-Token",
    "x-amzn-oidc-accesstoken",
    "X-MS-TOKEN-AAD-ACCESS-TOKEN",
]


def _api(name: str = NAME, **options: Any) -> Api:
    return Api(app=plain, guard={"token_header": name}, **options)


def _sent(*values: str, name: str = NAME) -> Headers:
    return tuple((name.encode(), value.encode()) for value in values)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("lower", [True, False])
async def test_token_is_read_from_the_configured_header(name: str, lower: bool) -> None:
    """Its name may have any case."""
    api = _api(name)
    sent = _sent(api.token(), name=name.lower() if lower else name)
    response = await api.send("GET", "/r", sent)
    assert [identity.subject for identity in response.seen] == ["u1"]


@pytest.mark.parametrize(
    "headers", [bearer, lambda token: _sent(token, name="x-other")], ids=["Authorization", "other"]
)
async def test_token_in_another_header_is_not_read(headers: Any) -> None:
    """Over WebSocket alike."""
    api = _api()
    sent = headers(api.token())
    expect(await api.send("GET", "/r", sent), "401 none")
    expect(await api.connect("/r", sent), "401 none")


@pytest.mark.parametrize("status", [200, 301, 404])
@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (None, b"private"),
        (b"public, max-age=60", b"private, max-age=60"),
        (b"no-store", b"private, no-store"),
    ],
)
async def test_response_is_kept_out_of_shared_caches(
    status: int, written: bytes | None, sent: bytes
) -> None:
    """Their key does not contain the header, and they know only `Authorization`."""
    fields = [] if written is None else [(b"cache-control", written)]

    async def app(_connection: Any, _receive: Any, send: Any) -> None:
        start: Message = {"type": "http.response.start", "status": status}
        await send({**start, "headers": [*fields, (b"vary", b"accept")]})
        await send({"type": "http.response.body", "body": b""})

    api = Api(app=app, guard={"token_header": NAME})
    response = await api.send("GET", "/r", _sent(api.token()))
    assert response.status == status
    assert response.lines("cache-control") == [sent.decode()]
    assert response.lines("vary") == ["accept", NAME.lower()]


@pytest.mark.conformance("CORS-05")
@pytest.mark.parametrize(
    ("origins", "admitted"),
    [
        pytest.param([], True, id="none"),
        pytest.param(["https://api.example.com"], True, id="the resource's own"),
        pytest.param(["https://app.example.com"], True, id="one in cors="),
        pytest.param(["https://evil.example"], False, id="another"),
        pytest.param(["http://api.example.com"], False, id="another scheme"),
        pytest.param(["https://api.example.com:8443"], False, id="another port"),
        pytest.param(["https://api.example.com.evil.example"], False, id="more behind"),
        pytest.param(["null"], False, id="null"),
        pytest.param(["*"], False, id="a star"),
        pytest.param([""], False, id="empty"),
        pytest.param(["https://api.example.com"] * 2, False, id="two"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "websocket"])
@pytest.mark.parametrize("path", ["/v1", "/"])
async def test_page_of_another_origin_can_not_act_by_the_cookie_of_the_proxy(
    origins: list[str], admitted: bool, method: str, path: str
) -> None:
    """A browser sends the cookie with the requests of every page."""
    guard = {"token_header": NAME, "resource": f"{RESOURCE}{path}"}
    api = Api(app=plain, guard=guard, middleware={"cors": ["https://app.example.com", "*"]})
    token = api.token(aud=f"{RESOURCE}{path}")
    sent = (*_sent(token), *((b"origin", origin.encode()) for origin in origins))
    if method == "websocket":
        response = await api.connect("/r", sent)
    else:
        response = await api.send(method, "/r", sent)
    assert bool(response.seen) is admitted
    if not admitted:
        assert response.status == 403


async def test_origin_does_not_matter_for_a_token_in_authorization() -> None:
    """No browser adds it by itself."""
    api = Api(app=plain)
    sent = (*bearer(api.token()), (b"origin", b"https://evil.example"))
    assert (await api.send("POST", "/r", sent)).status == 200


def test_metadata_lists_no_method_for_the_header_of_a_proxy() -> None:
    """Clients don't write it."""
    assert b"bearer_methods_supported" not in _api().guard.metadata_document


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        *(
            ({"token_header": name}, "token_header= takes the name of the header")
            for name in ("", "a b", "a:", "\u00e9", "Authorization", "cookie", "origin")
        ),
        ({"token_header": NAME, "bearer_methods": ["header", "query"]}, "the only method"),
        ({"token_header": NAME, "bearer_methods": ["header", "body"]}, "the only method"),
    ],
)
def test_wrong_token_header_is_rejected(settings: dict[str, Any], advice: str) -> None:
    """It is the name of a field, and no other method is used beside it."""
    with pytest.raises(ConfigurationError, match=advice):
        Guard(RESOURCE, [Api().jwt_issuer()], **settings)


@pytest.mark.conformance("CORS-05")
@pytest.mark.parametrize(
    ("method", "fetch", "admitted"),
    [
        pytest.param("GET", ("same-origin", "cors", "empty"), True, id="a script of the resource"),
        pytest.param("GET", ("none", "navigate", "document"), True, id="typed by the user"),
        pytest.param("GET", ("cross-site", "navigate", "document"), True, id="a link elsewhere"),
        pytest.param("HEAD", ("same-site", "navigate", "document"), True, id="of a sibling"),
        pytest.param("GET", ("cross-site", "no-cors", "image"), False, id="an image elsewhere"),
        pytest.param("GET", ("same-site", "no-cors", "script"), False, id="a script elsewhere"),
        pytest.param("GET", ("cross-site", "navigate", "iframe"), False, id="a frame elsewhere"),
        pytest.param("GET", ("cross-site", "navigate", "object"), False, id="an object elsewhere"),
        pytest.param("GET", ("cross-site", "", "document"), False, id="no mode"),
        pytest.param("POST", ("cross-site", "navigate", "document"), False, id="a form elsewhere"),
        pytest.param("DELETE", ("same-site", "cors", "empty"), False, id="a method that writes"),
    ],
)
async def test_request_without_origin_is_rejected_if_another_site_sent_it_without_navigating(
    method: str, fetch: tuple[str, str, str], admitted: bool
) -> None:
    """A browser omits `Origin` from a GET that needs no CORS, and sends the cookie."""
    api = Api(app=plain, guard={"token_header": NAME})
    names = (b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest")
    fields = [(name, value.encode()) for name, value in zip(names, fetch, strict=True) if value]
    response = await api.send(method, "/r", (*_sent(api.token()), *fields))
    assert bool(response.seen) is admitted
    assert response.status == (200 if admitted else 403)
