"""A browser that opens a page without a valid token is sent to the login page; nobody else is."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.login_redirect import LoginRedirect
from oauth_guard.protocol.request import ResourceRequest

_LOGIN = LoginRedirect.of("/login?next={target}")
_UNAUTHORIZED = Rejection(401, ((b"www-authenticate", b"Bearer"),), b"{}")
_NAVIGATE = (b"sec-fetch-mode", b"navigate")


def _request(*headers: tuple[bytes, bytes], **connection: Any) -> ResourceRequest:
    return ResourceRequest(
        {"method": "GET", "path": "/report", "headers": [*headers], "type": "http", **connection}
    )


@pytest.mark.parametrize(
    ("rejection", "request_", "is_redirected"),
    [
        pytest.param(_UNAUTHORIZED, _request(_NAVIGATE), True, id="a page"),
        pytest.param(_UNAUTHORIZED, _request(), False, id="a program"),
        pytest.param(
            _UNAUTHORIZED, _request((b"sec-fetch-mode", b"cors")), False, id="a script of a page"
        ),
        pytest.param(_UNAUTHORIZED, _request(_NAVIGATE, _NAVIGATE), False, id="the field twice"),
        pytest.param(
            _UNAUTHORIZED, _request((b"sec-fetch-mode", b"websocket")), False, id="a handshake"
        ),
        *(
            pytest.param(_UNAUTHORIZED, _request(_NAVIGATE, method=method), False, id=method)
            for method in ("HEAD", "POST", "get")
        ),
        *(
            pytest.param(Rejection(status, (), b""), _request(_NAVIGATE), False, id=str(status))
            for status in (400, 403, 429, 503)
        ),
    ],
)
def test_only_a_401_to_a_page_becomes_a_redirect(
    rejection: Rejection, request_: ResourceRequest, is_redirected: bool
) -> None:
    """Else the rejection stays as it is."""
    response = _LOGIN.instead_of(rejection, request_)
    assert (response.status == 302) is is_redirected
    assert (response is rejection) is not is_redirected


@pytest.mark.parametrize(
    ("connection", "target"),
    [
        pytest.param({}, "/report", id="a path"),
        pytest.param({"query_string": b"a=1&b=%26"}, "/report?a=1&b=%26", id="a query"),
        pytest.param({"query_string": b"access_token=abc"}, "/report", id="a token in the query"),
        pytest.param({"path": "/a b", "raw_path": b"/a%20b"}, "/a%20b", id="an escape"),
        pytest.param({"path": "//evil.example/x"}, "/", id="two slashes"),
        pytest.param({"path": "/\\evil.example"}, "/%5Cevil.example", id="a backslash"),
        pytest.param({"path": "/x\r\ny"}, "/x%0D%0Ay", id="a line break"),
        pytest.param({"path": "/" + "x" * 2000}, "/", id="too long"),
        pytest.param({"path": "", "raw_path": b"x"}, "/", id="no path"),
    ],
)
def test_target_is_the_page_that_was_opened(connection: dict[str, Any], target: str) -> None:
    """It stays on this host, contains no token, and is percent-encoded."""
    response = _LOGIN.instead_of(_UNAUTHORIZED, _request(_NAVIGATE, **connection))
    location = dict(response.headers)[b"location"].decode("ascii")
    assert urlsplit(location).path == "/login"
    assert parse_qs(urlsplit(location).query) == {"next": [target]}


def test_redirect_is_not_cached() -> None:
    """The next request may have a token, and a program gets another response."""
    response = _LOGIN.instead_of(_UNAUTHORIZED, _request(_NAVIGATE))
    assert set(response.headers) >= {
        (b"cache-control", b"no-store"),
        (b"vary", b"sec-fetch-mode"),
        (b"content-length", b"0"),
    }


@pytest.mark.parametrize(
    ("url", "root_path", "location", "path"),
    [
        ("/login", "", "/login", "/login"),
        ("/login", "/api v1", "/api%20v1/login", "/login"),
        ("/login?a=1", "/api", "/api/login?a=1", "/login"),
        ("https://id.example.com/start", "/api", "https://id.example.com/start", None),
    ],
)
def test_path_of_the_login_page_is_below_the_root_path(
    url: str, root_path: str, location: str, path: str | None
) -> None:
    """A login page elsewhere is named by its whole URL."""
    login = LoginRedirect.of(url)
    request = _request(_NAVIGATE, root_path=root_path, path=f"{root_path}/report")
    assert dict(login.instead_of(_UNAUTHORIZED, request).headers)[b"location"].decode() == location
    assert login.path == path


@pytest.mark.parametrize(
    "url",
    [
        *("login", "", "//evil.example", "/\\evil.example", "/a b", "/lögin", "/a\r\nb", "/#x"),
        *("http://id.example.com/", "javascript:alert(1)", "/{target}/{target}", "/<a>"),
    ],
)
def test_url_that_is_neither_path_nor_absolute_is_rejected(url: str) -> None:
    """When the guard is built."""
    with pytest.raises(ConfigurationError, match="login_redirect="):
        LoginRedirect.of(url)
