"""The client that an issuer opens is httpx's, and httpx is imported for it alone."""

import subprocess
import sys

import httpx
import pytest

from oauth_guard.http.environment_transport import EnvironmentTransport
from oauth_guard.http.own_client import open_client
from oauth_guard.http.ssrf_transport import SSRFTransport

_SLOW = ("cryptography.x509", "httpx", "jwt", "starlette")
_IMPORTED = "import sys; {}; print(*(each for each in sys.argv[1:] if each in sys.modules))"


@pytest.mark.parametrize(
    ("proxy", "transport"),
    [
        pytest.param("", SSRFTransport, id="no proxy"),
        pytest.param("http://proxy.test:3128", EnvironmentTransport, id="a proxy"),
    ],
)
def test_client_uses_the_proxies_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, proxy: str, transport: type[object]
) -> None:
    """Without one, each address is checked here. The caller sets the deadline."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy)
        monkeypatch.setenv(name.upper(), proxy)
    client = open_client(frozenset(), connections=1)
    assert isinstance(client, httpx.AsyncClient)
    assert type(client._transport) is transport  # noqa: SLF001 - httpx shows it nowhere else
    assert client.timeout == httpx.Timeout(None)


@pytest.mark.parametrize(
    ("code", "imported"),
    [
        pytest.param(
            "from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware", "", id="the library"
        ),
        pytest.param(
            "from oauth_guard import JWTIssuer; JWTIssuer('https://a.test')",
            "httpx",
            id="an issuer that fetches its keys",
        ),
    ],
)
def test_slow_libraries_are_imported_only_where_they_are_used(code: str, imported: str) -> None:
    """An issuer imports what it needs when it is built."""
    command = [sys.executable, "-c", _IMPORTED.format(code), *_SLOW]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == imported
