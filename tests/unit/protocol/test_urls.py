"""A URL that may be configured is absolute, plain and safe to ask."""

from urllib.parse import urlsplit

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.urls import is_loopback, is_secure, origins_of, parse_url

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
def test_a_plain_url_is_read(url: str) -> None:
    """Any host may be asked by https, this machine by http too."""
    parts = parse_url(url, setting="resource")
    assert parts == urlsplit(url)
    assert is_secure(parts)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        pytest.param("", "not ''", id="nothing"),
        pytest.param(None, "not None: is a variable of the environment unset?", id="None"),
        pytest.param(5, "not 5.", id="a number"),
        pytest.param(b"https://example.com", "not b'https://example.com'.", id="bytes"),
        pytest.param("api.example.com", "not 'api", id="no scheme"),
        pytest.param("/r", "not '/r'", id="a path"),
        pytest.param("//example.com", "not '//", id="no scheme but a host"),
        pytest.param("https:/example.com", "not 'https:/e", id="one slash"),
        pytest.param("https://", "not 'https://'", id="no host"),
        pytest.param("https:///path", "not 'https:///", id="no host but a path"),
        pytest.param("https://:443/", "not 'https://:443", id="a port alone"),
        pytest.param("ftp://example.com", "not 'ftp:", id="another scheme"),
        pytest.param("urn:example:api", "not 'urn:", id="a name"),
        pytest.param("javascript://example.com", "not 'java", id="a script"),
        pytest.param("https://example.com#f", "without fragment", id="a fragment"),
        pytest.param("https://example.com#", "without fragment", id="an empty fragment"),
        pytest.param("https://u:p@example.com", "without fragment, user", id="a password"),
        pytest.param("https://@example.com", "without fragment, user", id="an empty user"),
        pytest.param("https://example.com:x", "can't be read", id="a port that is none"),
        pytest.param("https://example.com:99999", "can't be read", id="a port too high"),
        pytest.param("https://[::1", "can't be read", id="half an address"),
        pytest.param("https://example.com/a b", "no URL has", id="a space"),
        pytest.param(" https://example.com", "no URL has", id="a space before"),
        pytest.param("https://example.com\n", "no URL has", id="a line break"),
        pytest.param("https://exam\tple.com", "no URL has", id="a tab"),
        pytest.param("https://example.com/\x00", "no URL has", id="a NUL"),
        pytest.param('https://example.com/"', "no URL has", id="a quote"),
        pytest.param("https://example.com\\@evil.test", "no URL has", id="a backslash"),
        pytest.param("https://example.com/é", "no URL has", id="a letter outside ASCII"),
        *(pytest.param(url, "insecure_http=True", id=url) for url in _ELSEWHERE),
    ],
)
def test_an_odd_url_is_refused(url: object, told: str) -> None:
    """The text names the setting and says what to write instead."""
    with pytest.raises(
        ConfigurationError, match=r"^issuer must be an absolute https URL"
    ) as caught:
        parse_url(url, setting="issuer")
    assert told in str(caught.value)


@pytest.mark.parametrize("url", _ELSEWHERE)
def test_http_is_a_choice(url: str) -> None:
    """Inside a private network http may be allowed, which does not make it secure."""
    assert not is_secure(parse_url(url, setting="issuer", insecure_http=True))


@pytest.mark.parametrize("url", [*_LOOPBACK, "https://localhost"])
def test_this_machine_is_told(url: str) -> None:
    """`localhost` and the loopback addresses are this machine."""
    assert is_loopback(urlsplit(url))


@pytest.mark.parametrize("url", [*_ELSEWHERE, "https://example.com", "/path"])
def test_another_machine_is_told(url: str) -> None:
    """Nothing that merely looks like this machine is."""
    assert not is_loopback(urlsplit(url))


def test_another_scheme_is_not_secure() -> None:
    """Only http stays on this machine by its host."""
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
def test_the_origin_of_what_was_configured(url: str, origin: tuple[str, int]) -> None:
    """The host is in lower case and without brackets; each scheme has a port of its own."""
    assert origins_of(url) == {origin}


def test_origins_are_told_once() -> None:
    """What was left out has none, nor has what names no host."""
    urls = ("https://a.example/1", None, "https://a.example:443/2", "/jwks", "http://a.example")
    assert origins_of(*urls) == {("a.example", 443), ("a.example", 80)}
