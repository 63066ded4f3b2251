"""A configured URL must be absolute, without user or fragment, and https or loopback."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.urls import (
    check_issuer_urls,
    is_issuer_url,
    is_loopback,
    is_same_resource,
    is_secure,
    origins_of,
    parse_url,
    serialize_origin,
)

_LOOPBACK = [
    "http://localhost",
    "http://LocalHost:8000/path",
    "http://127.0.0.1",
    "http://127.8.9.10:80",
    "http://[::1]:8000",
]
_ELSEWHERE = [
    "http://example.com",
    "http://localhost.evil.test",
    "http://localhost.",
    "http://127.0.0.1.evil.test",
    "http://127.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0.0.0.0",
    "http://10.0.0.1",
    "http://169.254.169.254",
    "http://[fe80::1]",
]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://example.com:8443/a/b?c=d",
        "https://[2001:db8::1]/",
        "HTTPS://example.com",
        "https://a.example/%C3%A9",
        *_LOOPBACK,
    ],
)
def test_https_url_or_http_url_of_a_loopback_host_is_accepted(url: str) -> None:
    """Both count as secure."""
    parts = parse_url(url, setting="resource")
    assert parts == urlsplit(url)
    assert is_secure(parts)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("", "not ''", id="an empty string"),
        pytest.param(None, "not None: is a variable of the environment unset?", id="None"),
        pytest.param(5, "not 5.", id="a number"),
        pytest.param(b"https://example.com", "not b'https://example.com'.", id="bytes"),
        pytest.param("api.example.com", "not 'api", id="no scheme"),
        pytest.param("/r", "not '/r'", id="a path"),
        pytest.param("//example.com", "not '//", id="no scheme, a host"),
        pytest.param("https:/example.com", "not 'https:/e", id="one slash"),
        pytest.param("https://", "not 'https://'", id="no host"),
        pytest.param("https:///path", "not 'https:///", id="no host, a path"),
        pytest.param("https://:443/", "not 'https://:443", id="only a port"),
        pytest.param("ftp://example.com", "not 'ftp:", id="another scheme"),
        pytest.param("urn:example:api", "not 'urn:", id="a URN"),
        pytest.param("javascript://example.com", "not 'java", id="a javascript URL"),
        pytest.param("https://example.com#f", "without fragment", id="a fragment"),
        pytest.param("https://example.com#", "without fragment", id="an empty fragment"),
        pytest.param("https://u:p@example.com", "without fragment, user", id="a password"),
        pytest.param("https://@example.com", "without fragment, user", id="an empty user"),
        pytest.param("https://example.com:x", "can't be read", id="a port that is a letter"),
        pytest.param("https://example.com:99999", "can't be read", id="a port too high"),
        pytest.param("https://[::1", "can't be read", id="an unclosed address"),
        pytest.param("https://example.com/a b", "no URL has", id="a space"),
        pytest.param(" https://example.com", "no URL has", id="a space first"),
        pytest.param("https://example.com\n", "no URL has", id="a line break"),
        pytest.param("https://exam\tple.com", "no URL has", id="a tab"),
        pytest.param("https://example.com/\x00", "no URL has", id="a NUL"),
        pytest.param('https://example.com/"', "no URL has", id="a quote"),
        pytest.param("https://example.com\\@evil.test", "no URL has", id="a backslash"),
        pytest.param("https://example.com/é", "no URL has", id="a letter outside ASCII"),
        *(pytest.param(url, "insecure_http=True", id=url) for url in _ELSEWHERE),
    ],
)
def test_other_url_is_rejected(url: object, message: str) -> None:
    """The message names the setting and says what to write instead."""
    with pytest.raises(
        ConfigurationError, match=r"^issuer must be an absolute https URL"
    ) as caught:
        parse_url(url, setting="issuer")
    assert message in str(caught.value)


@pytest.mark.parametrize("url", _ELSEWHERE)
def test_http_url_is_accepted_with_insecure_http(url: str) -> None:
    """It does not count as secure."""
    assert not is_secure(parse_url(url, setting="issuer", insecure_http=True))


@pytest.mark.parametrize(
    ("issuer", "endpoint", "message"),
    [
        pytest.param("https://a.example?x=1", None, "issuer must have no query", id="a query"),
        pytest.param("https://a.example?", None, "issuer must have no query", id="an empty query"),
        pytest.param(
            "http://a.example", None, "issuer must be an absolute https", id="issuer http"
        ),
        pytest.param(
            "https://a.example", "http://a.example", "endpoint= must be an absolute", id="URL http"
        ),
    ],
)
def test_issuer_with_a_query_or_an_insecure_url_is_rejected(
    issuer: str, endpoint: str | None, message: str
) -> None:
    """An issuer identifier has no query (RFC 8414 §2); the message names the setting."""
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        check_issuer_urls(issuer, insecure_http=False, endpoint=endpoint)


def test_issuer_urls_are_accepted_with_a_query_in_other_urls() -> None:
    """URLs that are not set are skipped, and `insecure_http` applies to all."""
    check_issuer_urls("https://a.example", insecure_http=False, endpoint="https://a.example/?x=1")
    check_issuer_urls(
        "http://a.example", insecure_http=True, endpoint="http://a.example", jwks=None
    )


_NAMES = ["my-auth-service", "a@b.example", "urn:example:sts", "http://a.example?x#y", "http://["]


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("insecure_http", [False, True])
def test_issuer_from_which_no_url_is_derived_may_have_any_name(
    name: str, insecure_http: bool
) -> None:
    """If its keys are located, or its metadata has another name, from which URLs are derived."""
    https = "https://a.example"
    check_issuer_urls(name, insecure_http=insecure_http, is_located=True)
    check_issuer_urls(name, insecure_http=insecure_http, metadata_issuer=https)
    check_issuer_urls(
        https, insecure_http=insecure_http, metadata_issuer=name, is_located=True, endpoint=https
    )
    assert not is_issuer_url(name, insecure_http=insecure_http)


@pytest.mark.parametrize("name", _NAMES)
def test_url_is_derived_from_the_metadata_issuer_if_there_is_one(name: str) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigurationError, match=r"^metadata_issuer= must "):
        check_issuer_urls("https://a.example", insecure_http=False, metadata_issuer=name)


@pytest.mark.parametrize("name", ["", " https://a.example", "a\n", "a\tb", None, 5, b"a"])
def test_name_that_no_token_can_have_is_rejected(name: Any) -> None:
    """Empty, with white space around or control characters, or not text."""
    with pytest.raises(ConfigurationError, match=r"^issuer must be the issuer's name"):
        check_issuer_urls(name, insecure_http=False, is_located=True)
    if name is not None:
        with pytest.raises(ConfigurationError, match=r"^metadata_issuer= must be"):
            check_issuer_urls("a", insecure_http=False, metadata_issuer=name, is_located=True)


@pytest.mark.parametrize("url", [*_LOOPBACK, "https://localhost"])
def test_localhost_and_loopback_addresses_are_loopback(url: str) -> None:
    """The scheme makes no difference."""
    assert is_loopback(urlsplit(url))


@pytest.mark.parametrize("url", [*_ELSEWHERE, "https://example.com", "/path"])
def test_other_host_is_not_loopback(url: str) -> None:
    """Hosts that resemble a loopback host are included."""
    assert not is_loopback(urlsplit(url))


def test_other_scheme_to_a_loopback_host_is_not_secure() -> None:
    """Only https and http are supported."""
    assert not is_secure(urlsplit("ftp://localhost"))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        pytest.param("https://AS.example.com/a", ("as.example.com", 443), id="https"),
        pytest.param("HTTP://as.example.com", ("as.example.com", 80), id="http"),
        pytest.param("https://as.example.com:8443/a", ("as.example.com", 8443), id="a port"),
        pytest.param("https://[::1]/jwks", ("::1", 443), id="an address"),
    ],
)
def test_origin_is_the_lower_case_host_and_the_port(url: str, origin: tuple[str, int]) -> None:
    """An IPv6 address has no brackets; a missing port is the default of the scheme."""
    assert origins_of(url) == {origin}


def test_origins_have_no_duplicates_and_skip_urls_without_a_host() -> None:
    """None is skipped too."""
    names = ("urn:example:sts", "a@b.example", "ftp://a.example", "http://[", "https://a:x")
    urls = ("https://a.example/1", None, "https://a.example:443/2", "/jwks", "http://a.example")
    assert origins_of(*names, *urls) == {("a.example", 443), ("a.example", 80)}


@pytest.mark.parametrize(
    ("issuer", "better"),
    [
        ("https://a.example/.well-known/openid-configuration", "https://a.example"),
        ("https://a.example/t/.well-known/openid-configuration", "https://a.example/t"),
        ("https://a.example/.well-known/oauth-authorization-server/t", "https://a.example"),
        ("https://a.example/.well-known/jwks.json", "https://a.example"),
    ],
)
def test_url_of_metadata_or_keys_is_no_issuer(issuer: str, better: str) -> None:
    """No token would have it in `iss`."""
    with pytest.raises(
        ConfigurationError, match=f"write '{better}', .* metadata_url= or jwks_uri="
    ):
        check_issuer_urls(issuer, insecure_http=False)


def test_url_of_metadata_is_no_other_url() -> None:
    """It has a setting of its own."""
    url = "https://a.example/.well-known/openid-configuration"
    check_issuer_urls("https://a.example", insecure_http=False, metadata_url=url)
    with pytest.raises(ConfigurationError, match="jwks_uri= is the URL of metadata: write meta"):
        check_issuer_urls("https://a.example", insecure_http=False, jwks_uri=url)
    keys = "https://a.example/.well-known/jwks.json"
    check_issuer_urls("https://a.example", insecure_http=False, jwks_uri=keys)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.example.com/v1?x", b"https://api.example.com"),
        ("https://api.example.com:443/", b"https://api.example.com"),
        ("https://api.example.com:8443", b"https://api.example.com:8443"),
        ("http://localhost:80", b"http://localhost"),
        ("http://[::1]:8000/a", b"http://[::1]:8000"),
    ],
)
def test_origin_is_serialized_as_browsers_do(url: str, origin: bytes) -> None:
    """In lower case, and without the default port (RFC 6454 section 6.2)."""
    assert serialize_origin(url) == origin


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("https://mcp.example.com/mcp", True),
        ("HTTPS://MCP.Example.com/mcp", True),
        ("https://mcp.example.com/MCP", False),
        ("https://mcp.example.com/mcp/", False),
        ("https://mcp.example.com:443/mcp", False),
        ("https://mcp.example.com", False),
        ("https://mcp.example.com?/mcp", False),
        ("HTTPS://MCP.EXAMPLE.COM#/mcp", False),
        ("https://mcp.e\uff58ample.com/mcp", False),
        ("mcp.example.com/mcp", False),
        ("", False),
    ],
    ids=ascii,
)
def test_resource_is_the_same_whatever_the_case_of_its_host(other: str, expected: bool) -> None:
    """Everything behind the host is compared exactly, and only ASCII has a case."""
    assert is_same_resource(other, "https://mcp.example.com/mcp") is expected


def test_letter_outside_ascii_has_no_other_case() -> None:
    """The Kelvin sign becomes k in lower case."""
    assert not is_same_resource("https://\u212a.example.com/", "https://k.example.com/")
    assert is_same_resource("https://\u212a.example.com/", "https://\u212a.example.com/")
