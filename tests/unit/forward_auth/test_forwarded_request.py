"""Method and URI are read from the fields of one kind of proxy, and must be unambiguous."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError, InvalidRequest
from oauth_guard.forward_auth.forwarded_request import ForwardedRequest, ForwardedRequests, Proxy

ORIGINAL = ("x-original-method", "x-original-uri")
FORWARDED = ("X-Forwarded-Method", "X-Forwarded-Uri")


def asked(*fields: tuple[str, str], **members: Any) -> dict[str, Any]:
    """Return a request of a proxy."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    members = {"method": "GET", "path": "/check", "raw_path": b"/check", **members}
    return {"type": "http", "headers": headers, "query_string": b"", **members}


def read(uri: str, method: str = "GET", **settings: Any) -> ForwardedRequest:
    """Return what nginx forwards."""
    settings = {"prefix": "", "strips_prefix": False, **settings}
    requests = ForwardedRequests("nginx", **settings)
    return requests.read(asked(*zip(ORIGINAL, (method, uri), strict=True)))


@pytest.mark.parametrize(
    ("proxy", "names"), [("nginx", ORIGINAL), ("caddy", FORWARDED), ("traefik", FORWARDED)]
)
def test_each_proxy_has_fields_of_its_own(proxy: Proxy, names: tuple[str, str]) -> None:
    """Those of another are not read."""
    requests = ForwardedRequests(proxy, "", strips_prefix=False)
    found = requests.read(asked(*zip(names, ("POST", "/a%20b?x=1&y=%zz"), strict=True)))
    connection = found.connection
    assert (found.path, found.raw_path) == (connection["path"], connection["raw_path"])
    assert (connection["method"], found.path, found.raw_path) == ("POST", "/a b", b"/a%20b")
    assert connection["query_string"] == b"x=1&y=%zz"
    other = FORWARDED if names is ORIGINAL else ORIGINAL
    with pytest.raises(InvalidRequest):
        requests.read(asked(*zip(other, ("POST", "/a"), strict=True)))


def test_envoy_forwards_method_and_path_in_its_own_request() -> None:
    """Fields that other proxies write are not read."""
    requests = ForwardedRequests("envoy", "", strips_prefix=False)
    fields = (("x-original-uri", "/b"), ("x-forwarded-uri", "/b"), ("x-forwarded-method", "PUT"))
    members = {
        "path": "/check/a",
        "raw_path": b"/check/a",
        "query_string": b"q",
        "method": "DELETE",
    }
    found = requests.read(asked(*fields, **members))
    assert (found.path, found.connection["method"]) == ("/a", "DELETE")
    assert found.connection["query_string"] == b"q"


@pytest.mark.parametrize("raw_path", [None, b"", b"/check", b"/other/a", b"/a", b"/%63heck/a"])
def test_path_of_envoy_that_is_not_below_the_check_is_rejected(raw_path: bytes | None) -> None:
    """So is a server that gives no encoded path."""
    requests = ForwardedRequests("envoy", "", strips_prefix=False)
    with pytest.raises(InvalidRequest):
        requests.read(asked(path="/check/a", raw_path=raw_path))


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "a",
        "*",
        "http://a/b",
        "/a#b",
        "/a?b#c",
        "/a\\b",
        "/a b",
        "/é",
        "/%",
        "/%2",
        "/%zz",
        "/a\tb",
        "/\x7f",
        "/a, /b",
        "?a",
        "/a?é",
    ],
)
def test_malformed_uri_is_rejected(uri: str) -> None:
    """An absolute path with a query is what remains (RFC 9112 §3.2.1)."""
    with pytest.raises(InvalidRequest):
        read(uri)


@pytest.mark.parametrize("method", ["", "get", "GET ", "GET,POST", "G@T", "M" * 21, "A-B-C"])
def test_malformed_method_is_rejected(method: str) -> None:
    """Methods are upper case."""
    with pytest.raises(InvalidRequest):
        read("/a", method)


@pytest.mark.parametrize("name", [0, 1])
@pytest.mark.parametrize("count", [0, 2])
def test_missing_or_doubled_field_is_rejected(name: int, count: int) -> None:
    """Even if both values are the same."""
    fields = list(zip(ORIGINAL, ("GET", "/a"), strict=True))
    chosen = fields.pop(name)
    with pytest.raises(InvalidRequest):
        ForwardedRequests("nginx", "", strips_prefix=False).read(asked(*fields, *[chosen] * count))


@pytest.mark.parametrize(
    ("fields", "scheme"),
    [
        ([], "http"),
        ([("x-forwarded-proto", "https")], "https"),
        ([("x-forwarded-proto", "wss")], "https"),
        ([("x-forwarded-proto", "http")], "http"),
        ([("x-forwarded-proto", "https"), ("X-Forwarded-Proto", "https")], "http"),
    ],
)
def test_scheme_is_that_of_the_one_forwarded_protocol(
    fields: list[tuple[str, str]], scheme: str
) -> None:
    """Without it, a guard that requires TLS rejects the request."""
    requests = ForwardedRequests("nginx", "", strips_prefix=False)
    found = requests.read(asked(*fields, *zip(ORIGINAL, ("GET", "/a"), strict=True)))
    assert found.connection["scheme"] == scheme


def test_certificate_of_the_proxy_is_not_that_of_the_client() -> None:
    """The extensions of this connection are left out."""
    members = {"extensions": {"tls": {"client_cert_chain": ["x"]}}, "client": ("10.0.0.5", 1)}
    fields = zip(ORIGINAL, ("GET", "/a"), strict=True)
    found = ForwardedRequests("nginx", "", strips_prefix=False).read(asked(*fields, **members))
    assert "extensions" not in found.connection
    assert found.connection["client"] == ("10.0.0.5", 1)


@pytest.mark.parametrize(
    ("uri", "strips", "whole", "path", "below"),
    [
        ("/api/a", False, "/api/a", "/api/a", True),
        ("/api", False, "/api", "/api", True),
        ("/apis/a", False, "/apis/a", "/apis/a", False),
        ("/a", False, "/a", "/a", False),
        ("/a", True, "/api/a", "/a", True),
        ("/api/a", True, "/api/api/a", "/api/a", True),
    ],
)
def test_prefix_is_part_of_the_whole_path(
    uri: str, strips: bool, whole: str, path: str, below: bool
) -> None:
    """The rules see it only if the proxy forwards it."""
    found = read(uri, prefix="/api", strips_prefix=strips)
    assert found.connection["path"] == whole
    assert found.connection["raw_path"] == whole.encode()
    assert (found.path, found.is_below_prefix) == (path, below)
    requests = ForwardedRequests("nginx", "/api", strips_prefix=strips)
    assert requests.root_paths == ("" if strips else "/api",)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"proxy": "apache"}, "proxy= is one of nginx, caddy"),
        ({"prefix": "api"}, "prefix= is a path"),
        ({"prefix": "/api/"}, "prefix= is a path"),
        ({"prefix": "/a%20"}, "prefix= is a path"),
        ({"prefix": "/.."}, "prefix= is a path"),
        ({"strips_prefix": True}, "needs the prefix"),
    ],
)
def test_wrong_setting_is_rejected(settings: dict[str, Any], text: str) -> None:
    """With a sentence that says what to write."""
    given = {"proxy": "nginx", "prefix": "", "strips_prefix": False, **settings}
    with pytest.raises(ConfigurationError, match=text):
        ForwardedRequests(**given)
