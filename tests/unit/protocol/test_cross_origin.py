"""Scripts of the configured origins may read responses, and no other scripts."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.cross_origin import (
    CrossOrigin,
    has_origin,
    is_preflight,
    preflight_response_headers,
)

_APP = b"https://app.example.com"
_ORIGIN = (b"origin", _APP)
_ASKED = (b"access-control-request-method", b"POST")

_SOME = CrossOrigin.of(["https://app.example.com", "http://localhost:3000", "https://[::1]:8"])
_ALL = CrossOrigin.of(["*"])
_NONE = CrossOrigin.of([])


@pytest.mark.parametrize(
    ("method", "headers", "preflight"),
    [
        pytest.param("OPTIONS", [_ORIGIN, _ASKED], True, id="a preflight"),
        pytest.param(
            "OPTIONS",
            [(b"Origin", _APP), (b"Access-Control-Request-Method", b"PUT"), (b"accept", b"*/*")],
            True,
            id="names in any case, and more",
        ),
        pytest.param("GET", [_ORIGIN, _ASKED], False, id="another method"),
        pytest.param("options", [_ORIGIN, _ASKED], False, id="a method in lower case"),
        pytest.param("OPTIONS", [], False, id="an ordinary OPTIONS"),
        pytest.param("OPTIONS", [_ORIGIN], False, id="no method required for"),
        pytest.param("OPTIONS", [_ASKED], False, id="no origin"),
        pytest.param("OPTIONS", [_ORIGIN, _ORIGIN, _ASKED], False, id="two origins"),
        pytest.param("OPTIONS", [_ORIGIN, _ASKED, _ASKED], False, id="two methods required for"),
        pytest.param(
            "OPTIONS", [_ORIGIN, _ASKED, (b"authorization", b"Bearer x")], False, id="credentials"
        ),
        pytest.param(
            "OPTIONS", [_ORIGIN, _ASKED, (b"AUTHORIZATION", b"")], False, id="empty credentials"
        ),
    ],
)
def test_preflight_is_recognised_by_its_headers(
    method: str, headers: list[tuple[bytes, bytes]], preflight: bool
) -> None:
    """It has one origin, one requested method, and never credentials."""
    assert is_preflight(method, headers) is preflight


@pytest.mark.parametrize(
    ("configured", "origins", "allowed"),
    [
        pytest.param(_SOME, [_APP], _APP, id="one of those named"),
        pytest.param(_SOME, [b"http://localhost:3000"], b"http://localhost:3000", id="another"),
        pytest.param(_SOME, [b"https://[::1]:8"], b"https://[::1]:8", id="an address"),
        pytest.param(_SOME, [b"https://evil.example"], None, id="one that was not named"),
        pytest.param(_SOME, [b"http://app.example.com"], None, id="another scheme"),
        pytest.param(_SOME, [b"https://app.example.com:8443"], None, id="another port"),
        pytest.param(_SOME, [b"https://app.example.com.evil.test"], None, id="more behind"),
        pytest.param(_SOME, [b"https://APP.example.com"], None, id="another case"),
        pytest.param(_SOME, [b"null"], None, id="null"),
        pytest.param(_SOME, [b"*"], None, id="a star"),
        pytest.param(_SOME, [], None, id="no origin"),
        pytest.param(_SOME, [_APP, _APP], None, id="one twice"),
        pytest.param(_SOME, [_APP, b"https://evil.example"], None, id="two"),
        pytest.param(_ALL, [b"https://any.example"], b"*", id="all"),
        pytest.param(_ALL, [b"null"], b"*", id="all, null too"),
        pytest.param(_ALL, [], None, id="all, but no origin"),
        pytest.param(_NONE, [_APP], None, id="none"),
        pytest.param(CrossOrigin.of(["*", _APP.decode()]), [_APP], b"*", id="all before one"),
    ],
)
def test_configured_origin_is_allowed(
    configured: CrossOrigin, origins: list[bytes], allowed: bytes | None
) -> None:
    """The response contains configured values only."""
    headers = dict(configured.response_headers([(b"Origin", origin) for origin in origins]))
    assert headers.get(b"access-control-allow-origin") == allowed
    assert bool(headers) is (allowed is not None)


def test_challenge_is_exposed_to_scripts() -> None:
    """Caches distinguish origins; credentials are never allowed."""
    headers = dict(_SOME.response_headers([_ORIGIN]))
    exposed = {each.strip() for each in headers[b"access-control-expose-headers"].split(b",")}
    assert exposed == {b"www-authenticate", b"dpop-nonce"}
    assert headers[b"vary"] == b"origin"
    assert b"access-control-allow-credentials" not in headers


def _names(value: bytes) -> list[str]:
    return [each.strip() for each in value.decode().split(",")]


def _allowed(field: str, *requests: tuple[bytes, bytes]) -> list[str]:
    """Return what the response to a preflight with these fields allows."""
    response = dict(preflight_response_headers([_ORIGIN, *requests]))
    return _names(response[f"access-control-allow-{field}".encode()])


_ALWAYS = ["authorization", "dpop", "content-type"]
_FIELD = b"access-control-request-headers"


@pytest.mark.parametrize(
    ("requests", "reflected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([b"authorization"], [], id="one that is always allowed"),
        pytest.param([b"mcp-protocol-version,Last-Event-ID"], ["mcp-protocol-version"], id="two"),
        pytest.param([b"a , b,\tc", b"d"], ["a", "b", "c", "d"], id="white space, and two lines"),
        pytest.param([b"*"], ["*"], id="a star is the name of a field"),
        pytest.param([b",a,,"], ["a"], id="empty elements"),
        pytest.param([b"a b"], [], id="no token"),
        pytest.param([b"a\r\nx: y"], [], id="line break"),
        pytest.param([b"a\xff"], [], id="not ASCII"),
        pytest.param([b"a" * 4096], ["a" * 4096], id="the longest list"),
        pytest.param([b"a" * 4097], [], id="too long"),
    ],
)
def test_preflight_allows_the_requested_headers_by_name(
    requests: list[bytes], reflected: list[str]
) -> None:
    """A star would not include `Authorization`, so its name is always there."""
    allowed = _allowed("headers", *((_FIELD, value) for value in requests))
    assert allowed[:3] == _ALWAYS
    assert set(reflected) <= set(allowed)
    assert all(name == name.lower() for name in allowed)
    assert reflected or allowed == _ALWAYS


@pytest.mark.parametrize(
    ("method", "allowed"),
    [(b"QUERY", True), (b"PROPFIND", True), (b"DELETE", True), (b"A B", False), (b"", False)],
)
def test_preflight_allows_the_requested_method(method: bytes, allowed: bool) -> None:
    """Methods are case-sensitive (RFC 9110 section 9.1)."""
    methods = _allowed("methods", (b"access-control-request-method", method))
    assert (method.decode() in methods) is allowed
    assert {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} <= set(methods)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([_ORIGIN], True),
        ([(b"Origin", b"")], True),
        ([], False),
        ([(b"host", b"a"), (b"x-origin", b"a"), (b"orange", b"a")], False),
    ],
)
def test_cors_applies_to_requests_with_an_origin(
    headers: list[tuple[bytes, bytes]], found: bool
) -> None:
    """The name of the field may have any case."""
    assert has_origin(headers) is found


def test_configured_fields_are_exposed_beside_the_challenge() -> None:
    """Once each, in lower case."""
    configured = CrossOrigin.of(["*"], ["Mcp-Session-Id", "DPoP-Nonce", "ETag"])
    exposed = dict(configured.response_headers([_ORIGIN]))[b"access-control-expose-headers"]
    assert _names(exposed) == ["www-authenticate", "dpop-nonce", "mcp-session-id", "etag"]


@pytest.mark.parametrize(
    ("origins", "expose", "advice"),
    [
        (["*"], "etag", r'cors_expose= takes a list: cors_expose=\["etag"\]'),
        (["*"], ["a b"], "cors_expose= takes names of header fields"),
        (["*"], ["a, b"], "cors_expose= takes names of header fields"),
        (["*"], [""], "cors_expose= takes names of header fields"),
        (["*"], ["\u00e9"], "cors_expose= takes names of header fields"),
        (["*"], [5], "cors_expose= takes names of header fields"),
        ([], ["etag"], "cors_expose= needs cors="),
    ],
)
def test_wrong_name_of_an_exposed_field_is_rejected(
    origins: list[str], expose: Any, advice: str
) -> None:
    """It could not be sent, or it would have no effect."""
    with pytest.raises(ConfigurationError, match=advice):
        CrossOrigin.of(origins, expose)


@pytest.mark.parametrize(
    "origin",
    [
        *("", "app.example.com", "https://", "https://app.example.com/", "https://a.example/p"),
        *("https://*.example.com", "null", "HTTPS://a.example", "https://A.example", "https://é.x"),
        *("https://a.example\n", "https://a.example, https://b.example", "https://u@a.example"),
    ],
)
def test_value_that_is_no_origin_is_rejected(origin: str) -> None:
    """No browser sends it, so it could never match."""
    with pytest.raises(ConfigurationError, match="cors= takes origins like"):
        CrossOrigin.of([origin])


def test_list_written_as_a_string_is_rejected() -> None:
    """The string would be read as its letters."""
    with pytest.raises(ConfigurationError, match=r'cors=\["\*"\]'):
        CrossOrigin.of("*")
