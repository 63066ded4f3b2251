"""EnvironmentTransport: which requests go through a proxy, and the address check of the others."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher
from tests.unit.http.network import SERVED, Internet

ISSUER = "https://as.example.com"
PROXY = "10.0.0.9"
HTTPS, HTTP = "https://keys.example.com/jwks", "http://keys.example.com/jwks"


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """Return a simulated Internet in which a proxy and every name have a private address."""
    internet = Internet(tmp_path, "as.example.com")
    internet.names = {"proxy.internal": [PROXY], "keys.example.com": ["10.0.0.1"]}
    internet.names["as.example.com"] = ["127.0.0.1"]
    internet.hosts["127.0.0.1"] = SERVED
    internet.install(monkeypatch)
    return internet


def attempts(internet: Internet, url: str, requests: int = 1) -> list[str]:
    """Return the addresses that were connected to, for *requests* that fail."""

    async def work() -> None:
        fetcher = Fetcher(ISSUER, None, frozenset({("as.example.com", 443)}))
        for _ in range(requests):
            with pytest.raises(IssuerUnavailable, match=Reason.UNREACHABLE):
                await fetcher.get(url)
        await fetcher.aclose()

    internet.run(work)
    return internet.attempts


@pytest.mark.parametrize("proxy", ["http://proxy.internal:3128", "proxy.internal:3128"])
@pytest.mark.parametrize(
    ("variable", "url"),
    [("HTTPS_PROXY", HTTPS), ("HTTP_PROXY", HTTP), ("ALL_PROXY", HTTPS), ("ALL_PROXY", HTTP)],
)
def test_proxy_of_the_environment_resolves_the_host(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, variable: str, url: str, proxy: str
) -> None:
    """The operator configured it, and it may be the only one to know the names."""
    monkeypatch.setenv(variable.lower(), proxy)
    assert attempts(internet, url, requests=2) == [PROXY, PROXY]


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        pytest.param({"no_proxy": "localhost"}, HTTPS, id="no proxy at all"),
        pytest.param({"https_proxy": "proxy.internal"}, HTTP, id="a proxy for https alone"),
        pytest.param({"http_proxy": "proxy.internal"}, HTTPS, id="a proxy for http alone"),
        *(
            pytest.param({"all_proxy": "proxy.internal", "no_proxy": names}, HTTPS, id=names)
            for names in (
                *("keys.example.com", "KEYS.Example.com", ".example.com", "example.com"),
                *("*", "a.test, *", " keys.example.com ", "*.example.com", "keys.example.com:443"),
                *("https://keys.example.com", "all://keys.example.com"),
            )
        ),
    ],
)
def test_request_without_a_proxy_is_sent_to_no_private_address(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], url: str
) -> None:
    """The check applies to whatever is connected to directly, as it does without a proxy."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert attempts(internet, url) == []


@pytest.mark.parametrize(
    "names",
    [
        *("other.example.com", "eys.example.com", "keys.example.com.evil.test", "keys"),
        *("http://keys.example.com", "keys.example.com:8443", ".", ",", "10.0.0.1", "::1"),
    ],
)
def test_request_that_no_exception_names_goes_through_the_proxy(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    """A name matches as a whole or at a dot."""
    monkeypatch.setenv("all_proxy", "proxy.internal")
    monkeypatch.setenv("no_proxy", names)
    assert attempts(internet, HTTPS) == [PROXY]


@pytest.mark.parametrize("exception", ["10.0.0.7", "10.0.0.7:443", "::1", "[::1]:443"])
def test_exception_may_be_an_address(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, exception: str
) -> None:
    """With or without a port; it is then reached directly, so it must be public."""
    monkeypatch.setenv("all_proxy", "proxy.internal")
    monkeypatch.setenv("no_proxy", exception)
    host = "[::1]" if ":" in exception.removesuffix(":443") else "10.0.0.7"
    assert attempts(internet, f"https://{host}/jwks") == []


def test_configured_host_that_needs_no_proxy_may_have_a_private_address(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator configured it."""
    monkeypatch.setenv("all_proxy", "proxy.internal")
    monkeypatch.setenv("no_proxy", "as.example.com")
    internet.responses["/jwks"] = {"keys": []}

    async def work() -> object:
        fetcher = Fetcher(ISSUER, None, frozenset({("as.example.com", 443)}))
        document = await fetcher.get(f"{ISSUER}/jwks")
        await fetcher.aclose()
        return document.members

    assert internet.run(work) == {"keys": []}
    assert internet.attempts == ["127.0.0.1"]
